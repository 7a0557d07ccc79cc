//go:build linux

package router

import (
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
)

// The kernel drops a route by itself when the link to the next hop goes down. The table goes on from there.
func TestARouteThatTheKernelTook(t *testing.T) {
	w := cable(t)
	require.NoError(t, w["a"].Do(func() error {
		tab := &table{file: filepath.Join(t.TempDir(), "routes")}
		all := []Route{{Prefix: behind, Via: []netip.Addr{b}}}
		require.NoError(t, tab.become(all))
		require.NoError(t, netlink.RouteDel(all[0].kernel()))
		require.NoError(t, tab.become(nil))
		require.NoError(t, tab.become(all))
		got, err := netlink.RouteGet(address.AsSlice())
		require.NoError(t, err)
		require.Equal(t, b.String(), got[0].Gw.String())
		return nil
	}))
}
