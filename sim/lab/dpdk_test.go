//go:build dpdk && linux

package lab

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd/pmdtest"
)

// passes runs the lab, beside others, and expects so many checks.
func passes(t *testing.T, checks int, flags ...string) {
	t.Parallel()
	var out bytes.Buffer
	cmd := exec.Command(program(t), append([]string{"lab"}, flags...)...)
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Run(), "%s", &out)
	requirePassed(t, checks, out.String())
	t.Logf("%s", &out)
}

// The whole story over net_af_packet.
func TestTheLabPassesOnDPDKPorts(t *testing.T) {
	if err := (Options{Driver: DPDK}).check(); err != nil {
		pmdtest.Missing(t, err.Error())
	}
	passes(t, 28, "--driver", "dpdk")
}

// kernelFolder is where `make deps` unpacks the kernel.
func kernelFolder(t *testing.T) string {
	folder, err := filepath.Abs("../../bin/kernel")
	require.NoError(t, err)
	if _, err := findMachinery(folder); err != nil {
		pmdtest.Missing(t, err.Error())
	}
	return folder
}

// The story again, with a guest that is a virtual machine.
func TestTheLabPassesWithAVirtualMachine(t *testing.T) {
	passes(t, 30, "--vm", "--kernel", kernelFolder(t))
}

// The story with a guest that is Debian with cloud-init, where make lab-cloud made its image.
func TestTheLabPassesWithACloudImage(t *testing.T) {
	folder, err := filepath.Abs("../../bin/cloud")
	require.NoError(t, err)
	if _, err := findImage(folder); err != nil {
		t.Skip(err)
	}
	passes(t, 29, "--cloud", "--image", folder)
}

// A lab that is killed takes its virtual machine along. No other lab runs beside this one, whose
// machine could be taken for its.
func TestAVirtualMachineDoesNotOutliveTheLab(t *testing.T) {
	cmd := exec.Command(program(t), "lab", "--vm", "--kernel", kernelFolder(t))
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer cmd.Wait()
	defer cmd.Process.Kill()
	for lines := bufio.NewScanner(out); ; {
		require.True(t, lines.Scan(), "no word of a virtual machine")
		if strings.HasPrefix(lines.Text(), "ok   a virtual machine:") {
			break
		}
	}
	require.NotEmpty(t, machines(t))
	require.NoError(t, cmd.Process.Kill())
	require.Eventually(t, func() bool { return len(machines(t)) == 0 }, patience, 10*time.Millisecond)
}

// machines are the processes of this test's cage that are QEMU.
func machines(t *testing.T) (pids []string) {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, file := range files {
		if text, _ := os.ReadFile(file); bytes.Contains(text, []byte("vhost-user")) { // it may have ended
			pids = append(pids, file)
		}
	}
	return pids
}
