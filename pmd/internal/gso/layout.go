package gso

import (
	"encoding/binary"

	"nitrocard/nic/wire"
)

// ip6Len is the length of an IPv6 header (RFC 8200 section 3).
const ip6Len = 40

// layout is where a merged frame has its headers, as offsets from its start.
type layout struct {
	tunnel            bool // outerIP and outerUDP are there
	outerIP, outerUDP int
	ip, l4            int
	payload           int // and what comes before it goes into each segment
}

// find is false if the frame has not the headers that h says it has.
func find(frame []byte, h *Header) (l layout, ok bool) {
	l.l4 = h.start
	l.ip = network(frame, 0)
	next := transport(frame, l.ip)
	if next == 0 || h.start == 0 {
		return l, false
	}
	if next != h.start { // a tunnel is the only thing that may lie between
		l.tunnel, l.outerIP, l.outerUDP = true, l.ip, next
		if protocol(frame, l.ip) != wire.ProtoUDP {
			return l, false
		}
		l.ip = network(frame, next+wire.UDPLen+wire.VXLANLen)
		if transport(frame, l.ip) != h.start {
			return l, false
		}
	}
	return l, l.findPayload(frame, h)
}

func (l *layout) findPayload(frame []byte, h *Header) bool {
	l.payload = l.l4 + wire.UDPLen
	want := uint8(wire.ProtoUDP)
	if h.kind != udpL4 {
		want = wire.ProtoTCP
		if l.l4+wire.TCPLen > len(frame) {
			return false
		}
		n := wire.TCP(frame[l.l4:]).HeaderLen()
		if n < wire.TCPLen {
			return false
		}
		l.payload = l.l4 + n
	}
	return protocol(frame, l.ip) == want && l.payload < len(frame) && h.size > 0
}

// network is where the IP header of the Ethernet frame at offset at begins,
// after its VLAN tags, or the length of the frame.
func network(frame []byte, at int) int {
	for at += wire.EthernetLen; at < len(frame); at += 4 {
		switch binary.BigEndian.Uint16(frame[at-2:]) {
		case wire.EtherTypeVLAN, wire.EtherTypeQinQ:
		default:
			return at
		}
	}
	return len(frame)
}

// transport is where the IP header at offset at ends, or 0 if it is none.
// IPv6 extension headers are never merged.
func transport(frame []byte, at int) int {
	switch ip := frame[at:]; {
	case len(ip) >= 20 && ip[0]>>4 == 4 && ip[0]&15 >= 5:
		return at + wire.IPv4(ip).HeaderLen()
	case len(ip) >= ip6Len && ip[0]>>4 == 6:
		return at + ip6Len
	}
	return 0
}

// protocol of the IP header at offset at.
func protocol(frame []byte, at int) uint8 {
	if frame[at]>>4 == 6 {
		return frame[at+6]
	}
	return frame[at+9]
}
