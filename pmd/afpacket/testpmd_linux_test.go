package afpacket

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"

	"nitrocard/pmd/pmdtest"
)

// testpmd is DPDK's, at its prompt, with its net_af_packet on two links.
type testpmd struct {
	t    testing.TB
	in   io.Writer
	out  *bufio.Scanner
	wire *pmdtest.Wire // to its first port
	far  netlink.Link  // from its second
}

// newTestpmd starts it. Its rings hold a round; larger ones, and passing the
// queueing discipline by, make it no faster.
func newTestpmd(t testing.TB) *testpmd {
	binary, err := exec.LookPath("dpdk-testpmd")
	if err != nil {
		pmdtest.Missing(t, err.Error())
	}
	from, peer := pmdtest.Veth(t)
	to, far := pmdtest.Veth(t)
	anyCPU := fmt.Sprintf("@(0-%d)", runtime.NumCPU()-1)
	vdev := func(i int, l netlink.Link) string {
		return fmt.Sprintf("--vdev=net_af_packet%d,iface=%s,framecnt=%d,framesz=2048,blocksz=4096", i, l.Attrs().Name, 2*pmdtest.Round)
	}
	c := exec.Command("stdbuf", "-oL", binary, "--lcores=0"+anyCPU+",1"+anyCPU, "--no-huge", "-m", "256", "--no-pci", "--no-shconf", "--no-telemetry",
		vdev(0, from), vdev(1, to), "--",
		"--interactive", "--forward-mode=io", "--burst=64", "--record-core-cycles", "--total-num-mbufs=20000", "--no-flush-rx")
	in, err := c.StdinPipe()
	require.NoError(t, err)
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	p := &testpmd{t, in, bufio.NewScanner(out), pmdtest.NewWire(t, peer), far}
	t.Cleanup(func() {
		in.Close()
		for p.out.Scan() { // it must not wait for who reads
		}
		c.Wait()
	})
	p.answer(regexp.MustCompile(`^Done`))
	return p
}

// answer reads up to a line that matches, and returns what its groups do.
func (p *testpmd) answer(line *regexp.Regexp) []string {
	for p.out.Scan() {
		if m := line.FindStringSubmatch(p.out.Text()); m != nil {
			return m[1:]
		}
	}
	p.t.Fatalf("testpmd ended before it said %v", line)
	return nil
}

// cycles is what testpmd tells when it stops: of the turns that found frames,
// so those before and after do not count.
var cycles = regexp.MustCompile(`total cycles=(\d+) / total io packets=(\d+)\) at (\d+) MHz`)

// round is pmdtest.Lane's.
func (p *testpmd) round() time.Duration {
	for f, n := pmdtest.BenchFrame(), 0; n < pmdtest.Round; n++ {
		p.wire.Give(f)
	}
	before := p.arrived()
	fmt.Fprintln(p.in, "start")
	pmdtest.Until(p.t, "the round forwarded", func() bool {
		time.Sleep(time.Millisecond) // do not disturb
		return p.arrived() == before+pmdtest.Round
	})
	fmt.Fprintln(p.in, "stop")
	told := p.answer(cycles)
	total, _ := strconv.ParseFloat(told[0], 64)
	packets, _ := strconv.ParseFloat(told[1], 64)
	mhz, _ := strconv.ParseFloat(told[2], 64)
	require.EqualValues(p.t, pmdtest.Round, packets)
	return time.Duration(1e3 * total / packets / mhz)
}

// arrived is how many frames came out of the second link so far.
func (p *testpmd) arrived() uint64 {
	l, err := netlink.LinkByIndex(p.far.Attrs().Index)
	require.NoError(p.t, err)
	return l.Attrs().Statistics.RxPackets
}
