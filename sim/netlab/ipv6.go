//go:build linux

package netlab

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// SpeakIPv6 lets the host speak IPv6 on a link. From then on the kernel asks for routers
// there, and believes what a router advertises if the host is none itself (RFC 4861). It
// does not ask whether others have its addresses: nobody does in the lab, and an answer
// would be waited for.
func (h *Host) SpeakIPv6(link string) error {
	conf := filepath.Join("net/ipv6/conf", link)
	return errors.Join(
		h.Sysctl(filepath.Join(conf, "accept_dad"), "0"),
		h.Sysctl(filepath.Join(conf, "disable_ipv6"), "0"))
}

// HasIPv6 tells whether the kernel knows IPv6.
func (h *Host) HasIPv6() bool {
	_, err := os.Stat("/proc/sys/net/ipv6")
	return err == nil
}

// AdvertisedRouter is the router of IPv6 that the host's kernel learned from an
// advertisement, invalid if none.
func (h *Host) AdvertisedRouter() (netip.Addr, error) {
	routes, err := h.links.RouteListFiltered(netlink.FAMILY_V6, &netlink.Route{Protocol: unix.RTPROT_RA}, netlink.RT_FILTER_PROTOCOL)
	for _, r := range routes {
		if gateway, ok := netip.AddrFromSlice(r.Gw); ok {
			return gateway, nil
		}
	}
	return netip.Addr{}, err
}
