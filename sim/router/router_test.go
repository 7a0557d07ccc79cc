//go:build linux

package router

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest/ample"
	"nitrocard/pmd/pmdtest"
	"nitrocard/sim/cage/cagetest"
	"nitrocard/sim/netlab"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "gobgp" { // started by gobgp
		if err := Run(context.Background(), plans()[os.Args[2]], os.Args[2]+".routes", slog.New(slog.DiscardHandler)); err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
	}
	os.Exit(cagetest.Main(m))
}

var (
	a, b      = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	behind    = netip.MustParsePrefix("203.0.113.0/24") // b
	address   = netip.MustParseAddr("203.0.113.9")
	asA, asB  = uint32(64501), uint32(64502)
	hosts     = []string{"a", "b"}
	addresses = map[string]netip.Addr{"a": a, "b": b}
)

// plans are two routers on a cable, of which b has a network behind it.
func plans() map[string]Plan {
	return map[string]Plan{
		"a": {ASN: asA, ID: a, Neighbors: []Neighbor{{Own: a, Address: b, ASN: asB, BFD: true}}},
		"b": {ASN: asB, ID: b, Neighbors: []Neighbor{{Own: b, Address: a, ASN: asA, BFD: true}}, Networks: []netip.Prefix{behind}},
	}
}

// BIRD and GoBGP are routers to each other, either way round: what one originates, the other's kernel
// sends there while the originator lives, and no longer.
func TestRoutersLearnFromEachOther(t *testing.T) {
	daemon, client, ok := FindBIRD()
	if !ok {
		pmdtest.Missing(t, "BIRD is not installed (bird2 of Debian)")
	}
	t.Chdir(t.TempDir())
	bird := func(name string) *exec.Cmd {
		require.NoError(t, os.WriteFile(name+".conf", []byte(plans()[name].BIRD()), 0o600))
		return exec.Command(daemon, "-f", "-c", name+".conf", "-s", name+".ctl", "-P", name+".pid")
	}
	gobgp := func(name string) *exec.Cmd { return exec.Command("/proc/self/exe", "gobgp", name) }
	askBIRD := func() (Route, bool, error) { return AskBIRD(t.Context(), client, filepath.Join(".", "a.ctl"), address) }
	askGoBGP := func() (Route, bool, error) {
		all, err := ReadTable("a.routes")
		r, ok := Lookup(all, address)
		return r, ok, err
	}
	for _, who := range []struct {
		name string
		a, b func(string) *exec.Cmd
		ask  func() (Route, bool, error)
	}{{"BIRD learns", bird, gobgp, askBIRD}, {"GoBGP learns", gobgp, bird, askGoBGP}, {"GoBGP of GoBGP", gobgp, gobgp, askGoBGP}} {
		t.Run(who.name, func(t *testing.T) {
			w := cable(t)
			start(t, w["a"], who.a("a"))
			originator := start(t, w["b"], who.b("b"))
			var got Route
			require.Eventually(t, func() bool { r, ok, err := who.ask(); got = r; return ok && err == nil }, ample.Time, 20*time.Millisecond)
			require.Equal(t, Route{Prefix: behind, ASPath: []uint32{asB}, Via: []netip.Addr{b}}, got)
			var via []netip.Addr
			kernelHas := func(routers int) bool {
				all, err := w["a"].NextHops(behind)
				via = all
				return err == nil && len(via) == routers
			}
			require.Eventually(t, func() bool { return kernelHas(1) }, ample.Time, 20*time.Millisecond)
			require.Equal(t, []netip.Addr{b}, via)
			require.NoError(t, originator.Process.Kill())
			require.Eventually(t, func() bool { _, ok, err := who.ask(); return !ok && err == nil && kernelHas(0) }, ample.Time, 20*time.Millisecond)
		})
	}
}

// cable is the two hosts.
func cable(t *testing.T) map[string]*netlab.Host {
	w := map[string]*netlab.Host{}
	for _, name := range hosts {
		h, err := netlab.NewHost(name)
		require.NoError(t, err)
		t.Cleanup(h.Close)
		w[name] = h
	}
	require.NoError(t, netlab.Cable(netlab.End{Host: w["a"], Name: "eth0"}, netlab.End{Host: w["b"], Name: "eth0"}, 1500))
	for _, name := range hosts {
		require.NoError(t, w[name].Address("eth0", netip.PrefixFrom(addresses[name], 24)))
	}
	return w
}

// start starts a router's process, and ends it with the test.
func start(t *testing.T, h *netlab.Host, cmd *exec.Cmd) *exec.Cmd {
	cmd.Stderr = os.Stderr
	require.NoError(t, h.Start(cmd))
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait() // it was killed
	})
	return cmd
}
