package pmd

import (
	"encoding/binary"

	"nitrocard/nic/wire"
)

// Merging is a port that can lend merged frames. A merged frame is a TCP segment in
// IPv4, as a sender's kernel hands it to a device that cuts it (virtio's TSO):
//
//	|Ethernet|IPv4|TCP|payload, several segments' worth|
//	|  outer headers  |Ethernet|IPv4|TCP|payload … |        from the uplink
//
// The headers are the first segment's but for the lengths, and FIN and PSH, which
// are the last one's. The checksum of TCP is the complement of that of the
// pseudo-header, so that wire's rewriting of addresses keeps it right; whoever
// sends the frame on completes it. There is no VLAN tag, and no checksum of the outer
// datagram.
//
// The card may make a merged frame IPv6 on its way (NAT64). No port takes such a frame: Cutter
// cuts it.
type Merging interface {
	// LendMerged has Rx lend merged frames from now on, at most MaxMerged in a
	// burst, each with its bit in Burst.Merged, and of at most MaxBurst packets each.
	// Frames in outer headers are lent merged only if tunneled is true, which is for
	// the uplink: a tunnel of a guest's own is the guest's payload, and would lie
	// inside the card's. Rx runs at no other thread meanwhile.
	LendMerged(tunneled bool)
}

// MaxMerged is how many merged frames are in a burst at most: what a burst costs
// must not grow with what its sender merges.
const MaxMerged = 8

// LendMerged is Lend for a merged frame, with so many payload bytes in each segment.
func (f *Frame) LendMerged(mem []byte, off, n, segment int) {
	f.Lend(mem, off, n)
	f.segment = uint16(segment)
}

// Become makes a merged frame, or a frame that is one packet, the packet whose bytes are
// given, which are no more than the frame has.
func (f *Frame) Become(packet []byte) {
	f.Whole(copy(f.Bytes(), packet))
}

// Merged tells whether the frame stands for several packets.
func (f *Frame) Merged() bool { return f.segment != 0 }

// IsIPv6 tells whether a merged frame is of IPv6, inside its tunnel if it is in one.
func (f *Frame) IsIPv6() bool { return f.Bytes()[f.ip()]>>4 == 6 }

// Over6 tells whether a merged frame is in outer headers of IPv6. No port takes such a frame
// whole, because each packet's outer checksum is its own.
func (f *Frame) Over6() bool { return outerOf(f.Bytes()) == wire.OuterLen6 }

// ip is where the header is of the packet that a merged frame stands for.
func (f *Frame) ip() int {
	return outerOf(f.Bytes()) + wire.EthernetLen
}

// Segment is how many payload bytes each packet has that a merged frame stands for,
// but for the last, which has what is left.
func (f *Frame) Segment() int { return int(f.segment) }

// Whole makes the frame one packet of its first n bytes.
func (f *Frame) Whole(n int) {
	f.segment = 0
	f.Trim(n)
}

// Packets is how many packets the frame stands for.
func (f *Frame) Packets() int {
	if f.segment == 0 {
		return 1
	}
	_, payload := f.Headers()
	return (int(f.n) - payload + int(f.segment) - 1) / int(f.segment)
}

// Took tells that a driver took the first so many of a merged frame's packets and had no room
// for the others: the frame counts as these others from now on, and is fit for nothing else.
func (f *Frame) Took(packets int) { f.Trim(int(f.n) - packets*int(f.segment)) }

// WireLen is how many bytes the frame's packets have together.
func (f *Frame) WireLen() int {
	if f.segment == 0 {
		return int(f.n)
	}
	_, payload := f.Headers()
	return int(f.n) + (f.Packets()-1)*payload
}

// Longest is the length of the longest packet that the frame stands for.
func (f *Frame) Longest() int {
	if f.segment == 0 {
		return int(f.n)
	}
	_, payload := f.Headers()
	return payload + int(f.segment)
}

// Tunneled tells whether a merged frame is in outer headers.
func (f *Frame) Tunneled() bool { return outerOf(f.Bytes()) > 0 }

// outerOf is the length of the outer headers of a merged frame, of either family; 0: none.
func outerOf(b []byte) int {
	switch {
	case b[12] == wire.EtherTypeIPv4>>8 && b[wire.EthernetLen+9] == wire.ProtoUDP:
		return wire.OuterLen
	case b[12] == wire.EtherTypeIPv6>>8 && b[wire.EthernetLen+6] == wire.ProtoUDP:
		return wire.OuterLen6
	}
	return 0
}

// Headers tells where a merged frame has its TCP header and its payload.
func (f *Frame) Headers() (tcp, payload int) { return headersOf(f.Bytes()) }

func headersOf(b []byte) (tcp, payload int) {
	ip := outerOf(b) + wire.EthernetLen
	tcp = ip + wire.IPv6Len
	if b[ip]>>4 == 4 {
		tcp = ip + wire.IPv4(b[ip:]).HeaderLen()
	}
	return tcp, tcp + wire.TCP(b[tcp:]).HeaderLen()
}

// least is how many bytes the header of a protocol has at least.
func least(proto uint8) int {
	if proto == wire.ProtoTCP {
		return wire.TCPLen
	}
	return wire.UDPLen
}

// MayMerge tells whether a frame with a TCP header at an offset, and so many payload
// bytes in each segment, may be lent as merged: its headers are as Merging draws
// them, sound, and tell the frame's length, and it stands for 2 to MaxBurst packets,
// none longer than MaxFrame. Only where tunneled is true may it have outer headers.
func MayMerge(frame []byte, tcp, segment int, tunneled bool) bool {
	const outer = wire.OuterLen
	if len(frame) > 0xffff {
		return false
	}
	inner := frame
	if tunneled && len(frame) > outer && isOuter(frame) {
		inner = frame[outer:]
	}
	if len(inner) < len(wire.Plain{}) || !soundIPv4(inner, wire.ProtoTCP) {
		return false
	}
	at, payload := headersOf(frame)
	if at != tcp || payload < tcp+wire.TCPLen || payload >= len(frame) {
		return false
	}
	bytes := len(frame) - payload
	return segment > 0 && segment < bytes && (bytes+segment-1)/segment <= MaxBurst && payload+segment <= MaxFrame
}

// isOuter tells whether a frame begins with the outer headers of a tunnel, 50 bytes.
func isOuter(frame []byte) bool {
	udp := wire.UDP(frame[wire.EthernetLen+wire.IPv4Len:])
	return soundIPv4(frame, wire.ProtoUDP) && wire.IPv4(frame[wire.EthernetLen:]).HeaderLen() == wire.IPv4Len &&
		binary.BigEndian.Uint16(udp[2:]) == wire.PortVXLAN && udp.Checksum() == 0 &&
		udp.Length() == len(frame)-wire.EthernetLen-wire.IPv4Len
}

// soundIPv4 tells whether a frame, of 34 bytes or more, is untagged IPv4 of a
// protocol that is no fragment, and ends where its header says.
func soundIPv4(frame []byte, proto uint8) bool {
	ip := wire.IPv4(frame[wire.EthernetLen:])
	n := ip.HeaderLen()
	const fragment = 0x3fff
	return binary.BigEndian.Uint16(frame[12:]) == wire.EtherTypeIPv4 && ip[0]>>4 == 4 && ip[9] == proto &&
		n >= wire.IPv4Len && n+least(proto) <= len(ip) && int(binary.BigEndian.Uint16(ip[2:])) == len(ip) &&
		binary.BigEndian.Uint16(ip[6:])&fragment == 0 && wire.Sum(ip[:n], 0) == 0
}
