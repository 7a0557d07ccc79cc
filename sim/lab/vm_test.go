//go:build linux

package lab

import (
	"context"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/sim/netlab"
)

// aVM is a machine whose QEMU is a script.
func aVM(t *testing.T, qemu string) *vm {
	require.NoError(t, os.MkdirAll(runDir, 0o700)) // of the tests' cage
	server, err := netlab.NewHost("x")
	require.NoError(t, err)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	with := &machinery{QEMU: write(t, dir+"/qemu", "#!/bin/sh\n"+qemu), BusyBox: "/dev/null", Kernel: "/vmlinuz"}
	g := guest{Nick: "b1", ENI: "eni-b1", MAC: net.HardwareAddr{2, 0, 0, 11, 1, 5}, Addr: netip.MustParsePrefix("10.0.1.5/24"), Router: netip.MustParseAddr("10.0.1.1")}
	return newVM(g, server, with)
}

const serves = `echo ready; while read file; do echo "$file and all"; echo .; done`

func TestAMachineBootsAndAnswers(t *testing.T) {
	v := aVM(t, serves)
	require.NoError(t, v.boot(t.Context()))
	defer v.kill()
	require.Equal(t, "kvm", v.accels[0].name)
	text, err := v.read(t.Context(), "/a/file")
	require.NoError(t, err)
	require.Equal(t, "/a/file and all", text)
}

// A machine has a port with the MAC of its ENI. All else it asks its card for.
func TestAMachineIsToldNothing(t *testing.T) {
	v := aVM(t, "")
	files, err := v.ownFiles()
	require.NoError(t, err)
	require.Contains(t, files, "console=ttyS0 quiet panic=-1")
	args := v.arguments(accelerators[1])
	require.Contains(t, args, "socket,id=port,path=/run/nitrocard/b1.sock")
	require.Contains(t, args, "virtio-net-pci,netdev=net,romfile=,vectors=0,mac=02:00:00:0b:01:05")
}

// KVM that ends at once, and KVM that hangs: the machine boots without it, now
// and the next time.
func TestKVMThatDoesNotWorkIsNotUsed(t *testing.T) {
	for _, broken := range []string{"echo failed to set MSR 0x10a; exit 1", "exec sleep 1000"} {
		v := aVM(t, `case "$*" in *accel=kvm*) `+broken+`;; esac; `+serves)
		v.accels = []accelerator{{"kvm", "host", 100 * time.Millisecond}, {"tcg", "qemu64", patience}}
		for range 2 {
			require.NoError(t, v.boot(t.Context()))
			require.Equal(t, []accelerator{{"tcg", "qemu64", patience}}, v.accels)
			v.kill()
		}
	}
}

func TestAMachineThatDoesNotStartSaysWhatItWrote(t *testing.T) {
	v := aVM(t, "echo out of memory >&2")
	err := v.boot(t.Context())
	require.ErrorContains(t, err, "the virtual machine b1 does not start: with tcg: QEMU ended; it wrote: out of memory")

	v = aVM(t, "exec sleep 1000")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	require.ErrorIs(t, v.boot(ctx), os.ErrDeadlineExceeded, "it ends when its user does")
}

func TestAMachineThatEndsIsNotWaitedFor(t *testing.T) {
	v := aVM(t, "echo ready; read file; exit 0")
	require.NoError(t, v.boot(t.Context()))
	defer v.kill()
	_, err := v.read(t.Context(), "/a/file")
	require.ErrorContains(t, err, "the console of b1: QEMU ended")
}
