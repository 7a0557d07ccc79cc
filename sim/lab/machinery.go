//go:build linux

package lab

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// machinery is what a virtual machine is made of, by path.
type machinery struct {
	QEMU   string
	Kernel string

	BusyBox string   // static: a guest without a disk has nothing else
	Modules []string // it loads, in order; what is missing is built in

	Disk, Initrd string // of a guest that is a cloud image
}

// findQEMU looks where the shell does.
func findQEMU() (path string, err error) {
	if path, err = exec.LookPath("qemu-system-x86_64"); err != nil {
		return "", errors.New("the lab with a virtual machine needs QEMU: install qemu-system-x86 (as root: `make deps`)")
	}
	return path, nil
}

// findMachinery looks for the programs where the shell does, and for the
// kernel in a folder that has boot/ and lib/modules/.
func findMachinery(folder string) (*machinery, error) {
	var m machinery
	var err error
	if m.QEMU, err = findQEMU(); err != nil {
		return nil, err
	}
	if m.BusyBox, err = exec.LookPath("busybox"); err != nil || !static(m.BusyBox) {
		return nil, errors.New("the lab with a virtual machine needs a static busybox: install busybox-static (as root: `make deps`)")
	}
	kernels, _ := filepath.Glob(filepath.Join(folder, "boot", "vmlinuz-*")) // the pattern is well-formed
	if len(kernels) == 0 {
		return nil, fmt.Errorf("the lab with a virtual machine needs a kernel for it, and %s/boot has none: `make deps` as root fetches Debian's, and --kernel names another folder", folder)
	}
	if m.Kernel, err = filepath.Abs(slices.Max(kernels)); err != nil {
		return nil, err
	}
	if m.Modules = virtio(m.Kernel); len(m.Modules) > 0 && filepath.Ext(m.Modules[0]) != ".ko" {
		return nil, fmt.Errorf("the lab with a virtual machine needs modules that are not compressed, unlike %s: --kernel names a folder with another kernel", m.Modules[0])
	}
	return &m, nil
}

// virtio is a kernel's driver of the network card, each module after those it
// needs.
func virtio(kernel string) (modules []string) {
	version := filepath.Base(kernel)[len("vmlinuz-"):]
	tree := filepath.Join(filepath.Dir(kernel), "..", "lib", "modules", version, "kernel")
	for _, name := range []string{
		"drivers/virtio/virtio_ring", "drivers/virtio/virtio",
		"drivers/virtio/virtio_pci_legacy_dev", "drivers/virtio/virtio_pci_modern_dev", "drivers/virtio/virtio_pci",
		"net/core/failover", "drivers/net/net_failover", "drivers/net/virtio_net",
	} {
		found, _ := filepath.Glob(filepath.Join(tree, name) + ".ko*") // no pattern in it but this one
		modules = append(modules, found...)
	}
	return modules
}

// static tells whether a program runs without an interpreter and libraries.
func static(program string) bool {
	f, err := elf.Open(program)
	if err != nil {
		return false
	}
	defer f.Close()
	return !slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
}

// initramfs is the guest's whole file system.
func (m *machinery) initramfs() ([]byte, error) {
	var a archive
	for _, dir := range []string{"bin", "dev", "proc", "sys", "modules", "www", "www/cgi-bin", "etc"} {
		a.folder(dir)
	}
	a.file("init", vmInit)
	a.file("vm_lease.sh", vmLease)
	a.file("www/cgi-bin/index.cgi", vmPage)
	files := map[string]string{"bin/busybox": m.BusyBox}
	for i, module := range m.Modules {
		files[fmt.Sprintf("modules/%d.ko", i)] = module
	}
	for name, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		a.file(name, data)
	}
	return a.end(), nil
}
