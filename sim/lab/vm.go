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
	tell   io.Writer     // how far a boot is

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

// slowly are the same for a cloud image, which takes half a minute, and under tcg on a busy machine
// many.
var slowly = []accelerator{{"kvm", "host", 5 * time.Minute}, {"tcg", "qemu64", 6 * patience}}

func vmSocket(nick string) string { return runDir + "/" + nick + ".sock" }

func newVM(g guest, server *netlab.Host, with *machinery) *vm {
	v := &vm{guest: g, server: server, with: with, accels: accelerators, tell: io.Discard}
	if with.Disk != "" {
		v.accels = slowly
	}
	return v
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
	said, err := v.hear(ctx, v.ready)
	if err != nil {
		v.kill()
		return fmt.Errorf("with %s: %w; it wrote: %s", a.name, err, strings.Join(said[max(0, len(said)-10):], "; "))
	}
	return nil
}

// ready tells whether a line of the console says that the machine serves. What cloud-init says of
// itself on the way is told.
func (v *vm) ready(line string) bool {
	if v.with.Disk == "" {
		return line == "ready"
	}
	at := strings.Index(line, "Cloud-init v.")
	if at >= 0 {
		fmt.Fprintf(v.tell, "…    %s: %s\n", v.Nick, line[at:])
	}
	return at >= 0 && strings.Contains(line, " finished at ")
}

func (v *vm) start(a accelerator) (err error) {
	files := v.cloudFiles
	if v.with.Disk == "" {
		files = v.ownFiles
	}
	args, err := files()
	if err != nil {
		return err
	}
	v.cmd = exec.Command(v.with.QEMU, append(v.arguments(a), args...)...)
	v.cmd.Env = append(os.Environ(), "TMPDIR="+runDir) // for what a guest writes to its disk
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
func (v *vm) arguments(a accelerator) []string {
	size := "128M"
	if v.with.Disk != "" {
		size = "512M"
	}
	return []string{
		"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio",
		"-machine", "q35,memory-backend=ram,accel=" + a.name, "-cpu", a.cpu, "-m", size,
		"-object", "memory-backend-memfd,id=ram,share=on,size=" + size,
		"-kernel", v.with.Kernel,
		"-chardev", "socket,id=port,path=" + vmSocket(v.Nick),
		"-netdev", "vhost-user,id=net,chardev=port",
		"-device", "virtio-net-pci,netdev=net,romfile=,vectors=0,mac=" + v.MAC.String(),
	}
}

// ownFiles are the arguments for a guest whose files are ours.
func (v *vm) ownFiles() ([]string, error) {
	initramfs := filepath.Join(runDir, v.Nick+".cpio")
	files, err := v.with.initramfs()
	if err == nil {
		err = os.WriteFile(initramfs, files, 0o600)
	}
	return []string{"-initrd", initramfs, "-append", "console=ttyS0 quiet panic=-1"}, err
}

// ec2UUID is what EC2's virtual machines have in their firmware, by which a guest sees where it is: it
// begins with ec2 (EC2 User Guide, "Detect whether a host is an EC2 instance").
const ec2UUID = "ec25f2a1-0000-4000-8000-00000000000b"

// cloudFiles are the arguments for a cloud image, which goes back to what it was when the guest ends.
// The firmware says what EC2's says of the machine, and nothing of who it is.
func (v *vm) cloudFiles() ([]string, error) {
	return []string{
		"-initrd", v.with.Initrd, "-append", "root=LABEL=root ro console=ttyS0 panic=-1",
		"-drive", "if=none,id=disk,format=raw,snapshot=on,file=" + v.with.Disk, "-device", "virtio-blk-pci,drive=disk",
		"-smbios", "type=1,manufacturer=Amazon EC2,product=t3.micro,uuid=" + ec2UUID + ",serial=" + ec2UUID,
	}, nil
}

// kill ends the machine as a power cut does.
func (v *vm) kill() {
	_ = v.cmd.Process.Kill() // it may have ended
	_ = v.cmd.Wait()         // it was killed
	v.out.Close()
}
