//go:build linux

package router

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// table is what BGP has in the kernel's table.
type table struct {
	file   string // for those who ask; replaced whole
	routes []Route
}

// become has the kernel's table hold these routes of BGP's, and no other.
func (t *table) become(routes []Route) error {
	slices.SortFunc(routes, func(a, b Route) int {
		return cmp.Or(a.Prefix.Addr().Compare(b.Prefix.Addr()), cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()))
	})
	if slices.EqualFunc(t.routes, routes, same) {
		return nil
	}
	for _, r := range t.routes {
		if !slices.ContainsFunc(routes, func(n Route) bool { return n.Prefix == r.Prefix }) {
			if err := netlink.RouteDel(r.kernel()); err != nil && !errors.Is(err, unix.ESRCH) { // the kernel took it with the next hop's link
				return fmt.Errorf("route to %s: %w", r.Prefix, err)
			}
		}
	}
	for _, r := range routes {
		if !slices.ContainsFunc(t.routes, func(was Route) bool { return same(was, r) }) {
			if err := netlink.RouteReplace(r.kernel()); err != nil {
				return fmt.Errorf("route to %s: %w", r.Prefix, err)
			}
		}
	}
	t.routes = routes
	return t.tell()
}

func same(a, b Route) bool {
	return a.Prefix == b.Prefix && slices.Equal(a.Via, b.Via) && slices.Equal(a.ASPath, b.ASPath)
}

// kernel is the route as the kernel has it.
func (r Route) kernel() *netlink.Route {
	k := &netlink.Route{
		Dst:      &net.IPNet{IP: r.Prefix.Addr().AsSlice(), Mask: net.CIDRMask(r.Prefix.Bits(), r.Prefix.Addr().BitLen())},
		Protocol: unix.RTPROT_BGP,
	}
	if len(r.Via) == 1 {
		k.Gw = r.Via[0].AsSlice()
		return k
	}
	for _, via := range r.Via {
		k.MultiPath = append(k.MultiPath, &netlink.NexthopInfo{Gw: via.AsSlice()})
	}
	return k
}

// tell writes the routes to the file.
func (t *table) tell() error {
	text, err := json.Marshal(t.routes)
	if err != nil {
		return err
	}
	if err := os.WriteFile(t.file+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(t.file+".new", t.file)
}

// ReadTable reads what Run told of its routes.
func ReadTable(file string) (routes []Route, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return routes, json.Unmarshal(text, &routes)
}
