//go:build linux

package lab

import (
	"bufio"
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"nitrocard/sim/netlab"
)

// The guest's first process, what it does with a lease of DHCP, and its page.
var (
	//go:embed vm_init.sh
	vmInit []byte
	//go:embed vm_lease.sh
	vmLease []byte
	//go:embed vm_page.sh
	vmPage []byte
)

// vm is a guest that is a virtual machine: Linux in QEMU, its network card a
// virtio device that speaks to the card's own port. Its console is for one
// caller at a time.
type vm struct {
	guest
	server *netlab.Host
	with   *machinery
	accels []accelerator // to try; after a boot, the one that works

	cmd *exec.Cmd
	in  io.WriteCloser // of the console
	out *os.File       // of the console
	say *bufio.Reader  // the same, by line
}

// accelerator is how QEMU runs the guest's code.
type accelerator struct {
	name, cpu string
	patience  time.Duration // with a boot
}

// accelerators are the fast one and the one that always works. Only a boot
// tells: /dev/kvm may be there and refuse a processor's features, or hang.
var accelerators = []accelerator{
	{"kvm", "host", 30 * time.Second}, // takes one; a KVM that hangs is to be left
	{"tcg", "qemu64", patience},       // takes three
}

func vmSocket(nick string) string { return runDir + "/" + nick + ".sock" }

func newVM(g guest, server *netlab.Host, with *machinery) *vm {
	return &vm{guest: g, server: server, with: with, accels: accelerators}
}

// boot starts the machine and returns when it serves.
func (v *vm) boot(ctx context.Context) (err error) {
	for _, a := range v.accels {
		if err = v.try(ctx, a); err == nil || ctx.Err() != nil {
			v.accels = []accelerator{a}
			return err
		}
	}
	return fmt.Errorf("the virtual machine %s does not start: %w", v.Nick, err)
}

func (v *vm) try(ctx context.Context, a accelerator) error {
	ctx, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	if err := v.start(a); err != nil {
		return err
	}
	said, err := v.hear(ctx, "ready")
	if err != nil {
		v.kill()
		return fmt.Errorf("with %s: %w; it wrote: %s", a.name, err, strings.Join(said[max(0, len(said)-10):], "; "))
	}
	return nil
}

func (v *vm) start(a accelerator) (err error) {
	initramfs := filepath.Join(runDir, v.Nick+".cpio")
	files, err := v.with.initramfs()
	if err == nil {
		err = os.WriteFile(initramfs, files, 0o600)
	}
	if err != nil {
		return err
	}
	v.cmd = exec.Command(v.with.QEMU, v.arguments(a, initramfs)...)
	if v.in, err = v.cmd.StdinPipe(); err != nil {
		return err
	}
	var out *os.File
	if v.out, out, err = os.Pipe(); err != nil {
		return err
	}
	defer out.Close()
	v.say = bufio.NewReader(v.out)
	v.cmd.Stdout, v.cmd.Stderr = out, out
	return v.server.Start(v.cmd)
}

// arguments are QEMU's. The guest's memory is shared with the card, which
// reads and writes frames there. Without vectors=0, QEMU 7.2 crashes under
// TCG when the guest sets MSI-X up for a vhost-user device.
func (v *vm) arguments(a accelerator, initramfs string) []string {
	return []string{
		"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio",
		"-machine", "q35,memory-backend=ram,accel=" + a.name, "-cpu", a.cpu, "-m", "128",
		"-object", "memory-backend-memfd,id=ram,size=128M,share=on",
		"-kernel", v.with.Kernel, "-initrd", initramfs, "-append", "console=ttyS0 quiet panic=-1",
		"-chardev", "socket,id=port,path=" + vmSocket(v.Nick),
		"-netdev", "vhost-user,id=net,chardev=port",
		"-device", "virtio-net-pci,netdev=net,romfile=,vectors=0,mac=" + v.MAC.String(),
	}
}

// kill ends the machine as a power cut does.
func (v *vm) kill() {
	_ = v.cmd.Process.Kill() // it may have ended
	_ = v.cmd.Wait()         // it was killed
	v.out.Close()
}
