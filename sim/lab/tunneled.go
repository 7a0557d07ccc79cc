//go:build linux

package lab

import (
	"slices"

	"nitrocard/nic/wire"
)

// tunneled is a packet on the underlay.
type tunneled struct {
	outer wire.Outer
	inner wire.Tuple
	to    wire.MAC // of the inner frame
}

// isIP tells whether a frame is IP, of either family.
func isIP(frame []byte) bool {
	return isIPv4(frame) || len(frame) > 14 && wire.Ethernet(frame).EtherType() == wire.EtherTypeIPv6
}

// find takes the first of the frames on the underlay that has such a packet in
// it.
func (t *tunneled) find(frames [][]byte, such func(inner wire.Tuple) bool) bool {
	return slices.ContainsFunc(frames, func(frame []byte) bool { return t.read(frame) && such(t.inner) })
}

// read reads a frame as the link has it: offloads leave the outer UDP checksum
// to whoever takes the frame off, so it becomes 0, which is none.
func (t *tunneled) read(frame []byte) bool {
	var h wire.Headers
	if wire.Parse(frame, &h) != wire.NoFault || h.Proto != wire.ProtoUDP {
		return false
	}
	copy(frame[h.L4+6:h.L4+8], "\x00\x00")
	if is, fault := wire.ParseVXLAN(frame, &t.outer); !is || fault != wire.NoFault {
		return false
	}
	inner := frame[t.outer.Inner:t.outer.End]
	if wire.Parse(inner, &h) != wire.NoFault {
		return false
	}
	t.inner, t.to = h.Tuple, wire.MAC(inner[:6])
	return true
}

// tunnel is the headers of the frame that was read.
func (t *tunneled) tunnel(frame []byte) *Tunnel {
	stations := func(frame []byte) Stations { return Stations{wire.Ethernet(frame).Src(), wire.Ethernet(frame).Dst()} }
	inner := frame[t.outer.Inner:t.outer.End]
	outer := wire.Tuple{Src: t.outer.Src, Dst: t.outer.Dst, SrcPort: t.outer.SrcPort, DstPort: wire.PortVXLAN}
	return &Tunnel{
		OuterMACs: stations(frame), Outer: Ends{source(outer), destination(outer)}, VNI: t.outer.VNI,
		InnerMACs: stations(inner), Inner: Ends{source(t.inner), destination(t.inner)}, Hops: wire.IPv4(inner[wire.EthernetLen:]).TTL(),
	}
}
