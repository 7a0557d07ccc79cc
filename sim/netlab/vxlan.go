//go:build linux

package netlab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// VXLAN is one of the kernel's own tunnel ends (RFC 7348): one VNI, port
// 4789, and no learning. It knows only what Reach tells it.
type VXLAN struct {
	Name  string
	VNI   uint32
	Local netip.Addr // the VTEP's address on the underlay
	MAC   net.HardwareAddr
	MTU   int
}

// Tunnel adds the tunnel end to the host and sets it up.
func (h *Host) Tunnel(v VXLAN) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.HardwareAddr, attrs.MTU = v.Name, v.MAC, v.MTU
	link := &netlink.Vxlan{LinkAttrs: attrs, VxlanId: int(v.VNI), SrcAddr: v.Local.AsSlice(), Port: 4789, TTL: 64}
	err := h.links.LinkAdd(link)
	if errors.Is(err, unix.EOPNOTSUPP) {
		return fmt.Errorf("this kernel has no VXLAN: `sudo modprobe vxlan` (%w)", err)
	}
	if err != nil {
		return fmt.Errorf("tunnel %s.%s: %w", h.Name, v.Name, err)
	}
	return h.up(v.Name)
}

// Reach says that addr lives behind mac, and mac behind the VTEP, and routes
// addr into the tunnel.
func (h *Host) Reach(tunnel string, addr netip.Addr, mac net.HardwareAddr, vtep netip.Addr) error {
	entry := &netlink.Neigh{
		Family:       unix.AF_BRIDGE,
		Flags:        netlink.NTF_SELF,
		State:        netlink.NUD_PERMANENT,
		IP:           vtep.AsSlice(),
		HardwareAddr: mac,
	}
	if err := h.neighbor(tunnel, entry); err != nil {
		return err
	}
	if err := h.Neighbor(tunnel, addr, mac); err != nil {
		return err
	}
	return h.OnLink(netip.PrefixFrom(addr, addr.BitLen()), tunnel)
}
