package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// testpmd is DPDK's, at its prompt.
type testpmd struct {
	*shell
	cmd  *exec.Cmd
	in   io.Writer
	out  io.Reader
	said bytes.Buffer
}

// burst is how many frames testpmd and nitrocard take at a time.
const burst = "64"

// startTestpmd starts it with devices, two or none.
func (s *shell) startTestpmd(c cell, devices ...string) (*testpmd, error) {
	args := []string{"dpdk-testpmd", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry", "-m", strconv.Itoa(c.memory()), "-l", "0,1"}
	for _, d := range devices {
		args = append(args, "--vdev="+d)
	}
	args = append(args, "--", "-i", "--burst="+burst, fmt.Sprintf("--total-num-mbufs=%d", c.flows+rings))
	t := &testpmd{shell: s, cmd: s.command(args...)}
	var err error
	if t.in, err = t.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if t.out, err = t.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	t.cmd.Stderr = t.cmd.Stdout
	if err := t.cmd.Start(); err != nil {
		return nil, err
	}
	return t, t.prompted(1)
}

// rings is how many frames all may hold that are not in a capture.
const rings = 32 << 10

// prompted waits for that many prompts.
func (t *testpmd) prompted(n int) error {
	b := make([]byte, 64<<10)
	for bytes.Count(t.said.Bytes(), []byte("testpmd> ")) < n {
		k, err := t.out.Read(b)
		t.said.Write(b[:k])
		if err != nil {
			return fmt.Errorf("dpdk-testpmd: %w: %s", err, cause(t.said.String()))
		}
	}
	return nil
}

// tell gives a command, and waits until it is done.
func (t *testpmd) tell(command string) error {
	n := bytes.Count(t.said.Bytes(), []byte("testpmd> "))
	if _, err := io.WriteString(t.in, command+"\n"); err != nil {
		return err
	}
	return t.prompted(n + 1)
}

// quit ends it; only then it has said everything.
func (t *testpmd) quit() error {
	if _, err := io.WriteString(t.in, "quit\n"); err != nil {
		return errors.Join(err, end(t.cmd))
	}
	_, err := io.Copy(&t.said, t.out)
	return errors.Join(err, t.cmd.Wait())
}

// testpmdIO forwards what the capture holds to a sink.
func (p *peers) testpmdIO(c *capture) (sample, error) {
	t, err := p.startTestpmd(c.cell, input("net_pcap0", c.data), sink)
	if err != nil {
		return sample{}, err
	}
	defer end(t.cmd)
	busy, err := t.forward(p.duration)
	if err != nil {
		return sample{}, err
	}
	if err := t.quit(); err != nil {
		return sample{}, err
	}
	rx, tx, err := accumulated(t.said.String())
	if err == nil && rx != tx {
		err = fmt.Errorf("dpdk-testpmd received %d frames and sent %d", rx, tx)
	}
	return sample{frames: tx, cpu: busy}, err
}

// forward starts and stops forwarding. The lcore sleeps before and after.
func (t *testpmd) forward(d time.Duration) (busy time.Duration, err error) {
	before, err := cpuTime(t.cmd.Process.Pid)
	if err != nil {
		return 0, err
	}
	for _, step := range []func() error{
		func() error { return t.tell("start") },
		func() error { return t.wait(d) },
		func() error { return t.tell("stop") },
	} {
		if err := step(); err != nil {
			return 0, err
		}
	}
	after, err := cpuTime(t.cmd.Process.Pid)
	return after - before, err
}

// cause is why testpmd ended, as far as it says.
func cause(said string) string {
	for line := range strings.Lines(said) {
		if _, why, ok := strings.Cut(line, "Cause: "); ok {
			return strings.TrimSpace(why)
		}
	}
	return lastLine(said)
}

var totals = regexp.MustCompile(`Accumulated forward statistics[^\n]*\n\s*RX-packets: (\d+)[^\n]*\n\s*TX-packets: (\d+)`)

// accumulated reads testpmd's counts of all ports.
func accumulated(said string) (rx, tx uint64, err error) {
	m := totals.FindStringSubmatch(said)
	if m == nil {
		return 0, 0, errors.New("dpdk-testpmd told no accumulated forward statistics")
	}
	rx, err = strconv.ParseUint(m[1], 10, 64)
	if err == nil {
		tx, err = strconv.ParseUint(m[2], 10, 64)
	}
	return rx, tx, err
}
