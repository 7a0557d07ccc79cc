//go:build linux

package bird

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"nitrocard/nic/bgp"
	"nitrocard/nic/nictest/ample"
	"nitrocard/pmd/pmdtest"
	"nitrocard/sim/cage/cagetest"
)

func TestMain(m *testing.M) { os.Exit(cagetest.Main(m)) }

// Both ends are addresses of the loopback.
var (
	edge4, router4 = netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("203.0.113.254")
	edge6, router6 = netip.MustParseAddr("2001:db8:9::1"), netip.MustParseAddr("2001:db8:9::fe")
)

// configuration is a router of an ISP, which takes what its neighbor, the edge, announces, and
// tells the edge of the whole internet.
const configuration = `
log stderr all;
router id 203.0.113.254;
protocol device {}
protocol static all4 { ipv4; route 0.0.0.0/0 blackhole; }
protocol static all6 { ipv6; route ::/0 blackhole; }
template bgp edge { multihop; strict bind on; connect delay time 1; error wait time 1, 2; connect retry time 1; }
protocol bgp edge4 from edge { local 203.0.113.254 as 64511; neighbor 203.0.113.1 as 64512; ipv4 { import all; export all; }; }
protocol bgp edge6 from edge { local 2001:db8:9::fe as 64511; neighbor 2001:db8:9::1 as 64512; ipv6 { import all; export all; }; }
`

// router is a running BIRD.
type router struct {
	*testing.T
	folder string
	cmd    *exec.Cmd
	log    strings.Builder
}

func newRouter(t *testing.T) *router {
	if _, err := exec.LookPath("bird"); err != nil {
		pmdtest.Missing(t, "BIRD is not installed (bird2 of Debian): "+err.Error())
	}
	lo, err := netlink.LinkByName("lo")
	require.NoError(t, err)
	require.NoError(t, netlink.LinkSetUp(lo))
	for _, a := range []netip.Addr{edge4, router4, edge6, router6} {
		addr, err := netlink.ParseAddr(netip.PrefixFrom(a, a.BitLen()).String())
		require.NoError(t, err)
		if a.Is6() {
			addr.Flags = unix.IFA_F_NODAD // or the address could not be used for a moment
		}
		require.NoError(t, netlink.AddrReplace(lo, addr))
	}
	folder, err := os.MkdirTemp("", "bird") // a socket's path is short
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(folder) })
	r := &router{T: t, folder: folder}
	require.NoError(t, os.WriteFile(r.path("conf"), []byte(configuration), 0o600))
	r.start()
	t.Cleanup(r.kill)
	return r
}

func (r *router) path(name string) string { return filepath.Join(r.folder, name) }

func (r *router) start() {
	r.cmd = exec.Command("bird", "-f", "-c", r.path("conf"), "-s", r.path("ctl"), "-P", r.path("pid"))
	r.cmd.Stdout, r.cmd.Stderr = &r.log, &r.log
	require.NoError(r, r.cmd.Start())
}

// kill ends the router as a crash would.
func (r *router) kill() {
	if r.cmd != nil {
		r.cmd.Process.Kill()
		r.cmd.Wait() // it was killed
		r.cmd = nil
	}
}

// routes are the prefixes that the router knows from the edge, with their next hops.
func (r *router) routes() string {
	var all []string
	for _, protocol := range []string{"edge4", "edge6"} {
		out, err := exec.Command("birdc", "-s", r.path("ctl"), "show", "route", "all", "protocol", protocol).CombinedOutput()
		if err != nil {
			return fmt.Sprintf("%v: %s", err, out)
		}
		prefix := ""
		for line := range strings.Lines(string(out)) {
			words := strings.Fields(line)
			if len(words) > 1 && strings.Contains(words[0], "/") {
				prefix = words[0]
			}
			if len(words) > 1 && words[0] == "BGP.next_hop:" {
				all = append(all, prefix+" via "+words[1])
			}
		}
	}
	return strings.Join(all, ", ")
}

// until waits for what the two ends do in their own time.
func (r *router) until(what string, reached func() bool) {
	for end := time.Now().Add(ample.Time); !reached(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			r.kill()
			require.FailNow(r, "still not: "+what, "BIRD wrote: %s", &r.log)
		}
	}
}

func (r *router) knows(routes string) {
	r.until("the router knows "+routes, func() bool { return r.routes() == routes })
}

// An edge's prefixes of both families are known to BIRD while the edge serves them, and no longer; the
// edge believes nothing that BIRD tells.
func TestBIRDKnowsWhatTheEdgeServes(t *testing.T) {
	r := newRouter(t)
	ctx, end := context.WithCancel(t.Context())
	defer end()
	speaker, err := bgp.Start(ctx, bgp.Options{
		ASN: 64512, RouterID: edge4, Addresses: []netip.Addr{edge4, edge6},
		Neighbors: []bgp.Neighbor{{Address: router4, ASN: 64511}, {Address: router6, ASN: 64511}},
	})
	require.NoError(t, err)
	defer speaker.Close()
	one, other, six := netip.MustParsePrefix("52.8.0.0/16"), netip.MustParsePrefix("52.9.0.0/16"), netip.MustParsePrefix("2600:1f00::/24")
	require.NoError(t, speaker.Announce([]netip.Prefix{one, six}))
	r.knows("52.8.0.0/16 via 203.0.113.1, 2600:1f00::/24 via 2001:db8:9::1")

	established := func(each func(bgp.NeighborView) bool) func() bool {
		return func() bool {
			v, err := speaker.View(ctx)
			require.NoError(t, err)
			require.Len(t, v.Neighbors, 2)
			return each(v.Neighbors[0]) && each(v.Neighbors[1])
		}
	}
	r.until("sessions are shown, with one prefix there and one refused", established(func(n bgp.NeighborView) bool {
		return n.State == "established" && !n.Since.IsZero() && n.Announced == 1 && n.Refused == 1 && n.ASN == 64511
	}))

	require.NoError(t, speaker.Announce([]netip.Prefix{other, six}))
	r.knows("52.9.0.0/16 via 203.0.113.1, 2600:1f00::/24 via 2001:db8:9::1")

	r.kill()
	r.until("the sessions are down", established(func(n bgp.NeighborView) bool { return n.State != "established" }))
	r.start()
	r.knows("52.9.0.0/16 via 203.0.113.1, 2600:1f00::/24 via 2001:db8:9::1")

	require.NoError(t, speaker.Drain())
	r.knows("")
	r.until("the sessions stay", established(func(n bgp.NeighborView) bool { return n.State == "established" }))
	require.NoError(t, speaker.Announce([]netip.Prefix{one}), "who drains announces nothing more")
	v, err := speaker.View(ctx)
	require.NoError(t, err)
	require.Empty(t, v.Prefixes)
	require.True(t, v.Draining)
}
