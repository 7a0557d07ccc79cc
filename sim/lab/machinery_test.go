//go:build linux

package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// write makes a file that may be run.
func write(t *testing.T, path, text string) string {
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o755))
	return path
}

func TestWhatAVirtualMachineLacksIsNamed(t *testing.T) {
	bin, folder := t.TempDir(), t.TempDir()
	t.Setenv("PATH", bin)
	refused := func(want string) {
		_, err := findMachinery(folder)
		require.ErrorContains(t, err, want)
	}
	refused("needs QEMU: install qemu-system-x86")
	write(t, bin+"/qemu-system-x86_64", "#!/bin/sh")
	refused("needs a static busybox: install busybox-static")
	write(t, bin+"/busybox", "#!/bin/sh")
	refused("needs a static busybox: install busybox-static")
	require.NoError(t, os.Remove(bin+"/busybox"))
	require.NoError(t, os.Link(staticProgram(t), bin+"/busybox"))
	refused(folder + "/boot has none: `make deps` as root fetches Debian's, and --kernel names another folder")
	write(t, folder+"/boot/vmlinuz-6.1.0-9", "")
	write(t, folder+"/lib/modules/6.1.0-9/kernel/drivers/virtio/virtio_pci.ko.xz", "")
	refused("virtio_pci.ko.xz: --kernel names a folder with another kernel")
}

// staticProgram is a program without libraries, beside the tests' files.
func staticProgram(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "static")
	// An ELF header alone (elf(5)): a program of no segments.
	header := "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00\x3e\x00\x01\x00\x00\x00" + strings.Repeat("\x00", 28) + "\x40\x00\x38\x00" + strings.Repeat("\x00", 8)
	return write(t, path, header)
}

func TestAProgramWithLibrariesIsNotStatic(t *testing.T) {
	require.True(t, static(staticProgram(t)))
	require.False(t, static("/bin/sh"))
	require.False(t, static("/no/such/program"))
}

// The newest kernel, and each module after those it needs; what is not there
// is built in.
func TestModulesComeInOrder(t *testing.T) {
	folder := t.TempDir()
	write(t, folder+"/boot/vmlinuz-6.1.0-8", "")
	kernel := write(t, folder+"/boot/vmlinuz-6.1.0-9", "")
	tree := folder + "/lib/modules/6.1.0-9/kernel/"
	for _, name := range []string{"drivers/net/virtio_net.ko", "drivers/virtio/virtio_pci.ko", "drivers/virtio/virtio.ko", "drivers/virtio/virtio_ring.ko", "drivers/virtio/virtio_mem.ko"} {
		write(t, tree+name, "")
	}
	var names []string
	for _, m := range virtio(kernel) {
		names = append(names, filepath.Base(m))
	}
	require.Equal(t, []string{"virtio_ring.ko", "virtio.ko", "virtio_pci.ko", "virtio_net.ko"}, names)
}
