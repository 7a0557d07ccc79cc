package gso

import (
	"encoding/binary"

	"nitrocard/nic/wire"
)

const (
	etherLen = 14
	udpLen   = 8
	vxlanLen = 8
	ip6Len   = 40
	tcpMin   = 20
)

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
	if next == 0 {
		return l, false
	}
	if next != h.start { // a tunnel is the only thing that may lie between
		l.tunnel, l.outerIP, l.outerUDP = true, l.ip, next
		if protocol(frame, l.ip) != wire.ProtoUDP {
			return l, false
		}
		l.ip = network(frame, next+udpLen+vxlanLen)
		if transport(frame, l.ip) != h.start {
			return l, false
		}
	}
	return l, l.findPayload(frame, h)
}

func (l *layout) findPayload(frame []byte, h *Header) bool {
	l.payload = l.l4 + udpLen
	want := uint8(wire.ProtoUDP)
	if h.kind != udpL4 {
		want = wire.ProtoTCP
		if l.l4+tcpMin > len(frame) {
			return false
		}
		n := wire.TCP(frame[l.l4:]).HeaderLen()
		if n < tcpMin {
			return false
		}
		l.payload = l.l4 + n
	}
	return protocol(frame, l.ip) == want && l.payload < len(frame) && h.size > 0
}

// network is where the IP header of the Ethernet frame at offset at begins,
// after its VLAN tags, or the length of the frame.
func network(frame []byte, at int) int {
	for at += etherLen; at < len(frame); at += 4 {
		switch binary.BigEndian.Uint16(frame[at-2:]) {
		case 0x8100, 0x88a8:
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
