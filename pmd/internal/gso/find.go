package gso

import (
	"encoding/binary"

	"nitrocard/nic/wire"
)

// finder goes through a frame from the outside, header by header, to a
// transport header that is wanted.
//
// Nothing tells what a datagram holds but its port, and tunnels have any port
// that their user chose. So all kinds of tunnel are tried, and of all ways that
// lead to what is wanted, that is taken on which most lengths are right: a wrong
// one takes headers for options, and would leave them as they are.
type finder struct {
	layout
	best   layout // of those found
	found  bool
	frame  []byte
	wanted func(*finder) bool // whether the header at l4 is it
	first  bool               // the first way that leads to what is wanted is good enough
	start  int                // where what is wanted begins, at the latest
	strict bool               // IP headers must be right, as nobody else says where they are
	steps  int                // that are left
}

// maxSteps bounds what a frame costs that was made to be ambiguous: 10 µs. One
// with five tunnels takes less than 150.
const maxSteps = 1000

// find is false if nothing that is wanted is there, or not within the steps that
// are left.
func (f *finder) find() bool {
	f.layout, f.found = layout{way: way{limit: len(f.frame)}}, false
	f.ethernet(0)
	f.layout = f.best
	return f.found
}

// has tells whether the n bytes at offset at are a header that may lie before
// what is wanted.
func (f *finder) has(at, n int) bool {
	f.steps--
	return f.steps >= 0 && at <= f.start && at+n <= f.limit
}

// back goes back to where a finder was, from a way that led nowhere or may not
// be the best. It is false, for those who go back.
func (f *finder) back(to way) bool {
	f.way = to
	return false
}

// note keeps what was found. It is false if there may be better.
func (f *finder) note() bool {
	if !f.found || f.fit > f.best.fit {
		f.best, f.found = f.layout, true
	}
	return f.first
}

func (f *finder) ethernet(at int) bool {
	return f.has(at, wire.EthernetLen) && f.network(be16(f.frame, at+12), at+wire.EthernetLen)
}

// network goes on with what an EtherType announces.
func (f *finder) network(etherType uint16, at int) bool {
	switch etherType {
	case wire.EtherTypeVLAN, wire.EtherTypeQinQ, etherTypeQinQOld:
		return f.has(at, wire.VLANLen) && f.network(be16(f.frame, at+2), at+wire.VLANLen)
	case wire.EtherTypeIPv4:
		return f.ipv4(at)
	case wire.EtherTypeIPv6:
		return f.ipv6(at)
	case etherTypeBridging:
		return f.ethernet(at)
	case etherTypeMPLS, etherTypeMPLSMulticast:
		return f.mpls(at)
	case etherTypeNSH:
		return f.nsh(at)
	}
	return false
}

// ip goes on with a packet that tells its version itself.
func (f *finder) ip(at int) bool { return f.ipv4(at) || f.ipv6(at) }

func (f *finder) ipv4(at int) bool {
	if !f.has(at, wire.IPv4Len) || f.frame[at]>>4 != 4 {
		return false
	}
	h := wire.IPv4(f.frame[at:f.limit])
	n := h.HeaderLen()
	const moreOrOffset = 0x3fff // a fragment's transport header is not whole, or not there
	if n < wire.IPv4Len || n > len(h) || be16(h, 6)&moreOrOffset != 0 || f.strict && wire.Sum(h[:n], 0) != 0 {
		return false
	}
	m := f.way
	if f.push(layer{kind: inIPv4, at: at}) && f.close(at, int(be16(h, 2)), n) && f.transport(h[9], at+n) {
		return true
	}
	return f.back(m)
}

func (f *finder) ipv6(at int) bool {
	if !f.has(at, ip6Len) || f.frame[at]>>4 != 6 {
		return false
	}
	m := f.way
	length := int(be16(f.frame, at+4))
	if length > 0 {
		length += ip6Len
	}
	if f.push(layer{kind: inIPv6, at: at, dst: at + 24}) && f.close(at, length, ip6Len) && f.extension(f.frame[at+6], at+ip6Len) {
		return true
	}
	return f.back(m)
}

// close has the packet at offset at end where its header says, if it is to be
// believed. A length of 0 is that of a packet above 64 KB.
func (f *finder) close(at, length, header int) bool {
	if uint16(at+length) == uint16(len(f.frame)) {
		f.fit++
	}
	if !f.strict {
		return true
	}
	if length == 0 {
		return f.limit-at > 1<<16-1
	}
	if length < header || at+length > f.limit {
		return false
	}
	f.limit = at + length
	return true
}

// extension goes on behind an IPv6 header and the extension headers that
// follow (RFC 8200 section 4).
func (f *finder) extension(next uint8, at int) bool {
	for {
		size := 8
		switch next {
		case hopOptions, dstOptions, routing:
			if !f.has(at, size) {
				return false
			}
			size += int(f.frame[at+1]) * 8
			if next == routing && !f.routed(at, size) {
				return false
			}
			const jumbo = 0xc2
			if ip := &f.layers[f.n-1]; next == hopOptions && size == jumboLen && f.frame[at+2] == jumbo && ip.kind == inIPv6 && ip.at == at-ip6Len {
				f.jumbo = at
			}
		case fragment:
			if !f.has(at, size) || be16(f.frame, at+2)&0xfff9 != 0 {
				return false
			}
		default:
			return f.transport(next, at)
		}
		if !f.has(at, size) {
			return false
		}
		next, at = f.frame[at], at+size
	}
}

// routed notes the final destination of the routing header at offset at, whose
// address the checksum covers: the first of the list in that of segment routing
// (RFC 8754 section 2) and in that of Mobile IPv6 (RFC 6275 section 6.4).
func (f *finder) routed(at, size int) bool {
	kind, left := f.frame[at+2], f.frame[at+3]
	if left == 0 {
		return true
	}
	const mobile, segments = 2, 4
	f.layers[f.n-1].dst = at + 8
	return (kind == mobile || kind == segments) && size >= 24
}

// transport goes on with what an IP header announces.
func (f *finder) transport(proto uint8, at int) bool {
	switch proto {
	case protoIPIP:
		return f.ipv4(at)
	case protoIPv6:
		return f.ipv6(at)
	case protoGRE:
		return f.gre(at)
	case protoEtherIP: // RFC 3378: 2 bytes of version
		return f.ethernet(at + 2)
	case protoEthernet:
		return f.ethernet(at)
	case protoMPLS:
		return f.mpls(at)
	case wire.ProtoUDP:
		if f.udp(at) {
			return true
		}
	case wire.ProtoTCP, protoSCTP:
	default:
		return false
	}
	f.proto, f.l4 = proto, at
	return f.has(at, wire.UDPLen) && f.wanted(f) && f.note()
}

// udp goes on with what a datagram holds.
func (f *finder) udp(at int) bool {
	if !f.has(at, wire.UDPLen) {
		return false
	}
	m := f.way
	h := wire.UDP(f.frame[at:])
	if f.push(layer{kind: inUDP, at: at}) && f.close(at, h.Length(), wire.UDPLen) && f.datagram(at+wire.UDPLen, be16(h, 2)) {
		return true
	}
	return f.back(m)
}

// be16 is the frame's 16 bits at offset at.
func be16(frame []byte, at int) uint16 { return binary.BigEndian.Uint16(frame[at:]) }
