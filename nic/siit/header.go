package siit

import (
	"encoding/binary"

	"nitrocard/nic/wire"
)

// Ends are the addresses that a packet gets, of the other family than its own.
type Ends struct{ Src, Dst wire.Addr }

// header is what the IP headers of both families say of a packet, but for its addresses.
type header struct {
	class      uint8  // DSCP and congestion mark
	hops       uint8  // TTL, or hop limit
	proto      uint8  // of the family that the header was read from
	hasID      bool   // the packet has an identification: it is a fragment, or may become one
	id         uint32 // identification
	fragOffset uint16 // in units of 8 bytes
	more       bool   // other fragments follow
	payload    int    // bytes behind the header and its extensions
}

// isPart tells whether the packet is a fragment.
func (d *header) isPart() bool { return d.fragOffset != 0 || d.more }

// Kinds of extension headers (RFC 8200 section 4), and the two of IPv4's options that name a
// route (RFC 791 section 3.1).
const (
	extHopByHop, extRouting, extFragment, extDestination = 0, 43, 44, 60

	optionLooseRoute, optionStrictRoute = 131, 137
)

// read6 reads an IPv6 header with its extension headers, which package wire has judged. ok is
// false if RFC 7915 section 5.1 forbids to translate the packet: it has still to visit a
// router of its routing header, or an extension header lies inside the fragments.
func read6(b []byte) (d header, ok bool) {
	ip := wire.IPv6(b)
	d = header{
		class: b[0]<<4 | b[1]>>4, hops: ip.HopLimit(), proto: ip.NextHeader(),
		payload: ip.PayloadLen() + wire.IPv6Len - len(b),
	}
	for at := wire.IPv6Len; at < len(b); {
		kind, length := d.proto, 8
		d.proto = b[at]
		switch {
		case d.isPart(), kind == extRouting && b[at+3] != 0:
			return d, false
		case kind == extFragment:
			word := binary.BigEndian.Uint16(b[at+2:])
			d.hasID, d.id, d.fragOffset, d.more = true, binary.BigEndian.Uint32(b[at+4:]), word>>3, word&1 != 0
		default:
			length += int(b[at+1]) * 8
		}
		at += length
	}
	// A later fragment ends the walk of package wire, whatever lies inside.
	inside := d.isPart() && (d.proto == extHopByHop || d.proto == extRouting || d.proto == extDestination)
	return d, !inside
}

// read4 reads an IPv4 header, which package wire has judged. ok is false if RFC 7915 section
// 4.1 forbids to translate the packet, which its sender leads by a route of its own.
func read4(b []byte) (d header, ok bool) {
	ip := wire.IPv4(b)
	word := binary.BigEndian.Uint16(b[6:])
	d = header{
		class: b[1], hops: b[8], proto: ip.Proto(), hasID: !ip.DontFragment(), id: uint32(ip.ID()),
		fragOffset: word & 0x1fff, more: ip.MoreFragments(), payload: ip.TotalLen() - len(b),
	}
	return d, !sourceRouted(b[wire.IPv4Len:])
}

// sourceRouted tells whether a route with routers to come is among IPv4's options.
func sourceRouted(options []byte) bool {
	for len(options) > 0 && options[0] != 0 {
		n := 1
		if options[0] != 1 {
			if len(options) < 3 || options[1] < 2 || int(options[1]) > len(options) {
				return false
			}
			n = int(options[1])
		}
		if (options[0] == optionLooseRoute || options[0] == optionStrictRoute) && int(options[2]) < n {
			return true
		}
		options = options[n:]
	}
	return false
}

// leastMTU6 is what every way of IPv6 carries (RFC 8200 section 5).
const leastMTU6 = 1280

// write4 writes the IPv4 header of the packet that d describes, as RFC 7915 section 5.1 has it:
// a packet that its sender might have been told to shorten says so by DF, unless IPv6 could not
// name a shorter length.
func (d *header) write4(b []byte, to Ends) {
	ip, total := wire.IPv4(b), wire.IPv4Len+d.payload
	word := d.fragOffset
	switch {
	case d.more:
		word |= 0x2000
	case !d.hasID && total > leastMTU6-wire.IPv6Len+wire.IPv4Len:
		word |= 0x4000
	}
	*(*[wire.IPv4Len]byte)(b) = [wire.IPv4Len]byte{0: 0x45, 1: d.class, 8: d.hops, 9: proto4(d.proto)}
	ip.SetTotalLen(total)
	ip.SetID(uint16(d.id))
	binary.BigEndian.PutUint16(b[6:], word)
	ip.SetSrc(to.Src.As4())
	ip.SetDst(to.Dst.As4())
	ip.SetChecksum(wire.Sum(b[:wire.IPv4Len], 0))
}

// fits4 tells whether IPv4's lengths can say where the packet ends, or the fragment in its
// packet. IPv4 counts its header in the 65,535 bytes, and IPv6 does not.
func (d *header) fits4() bool { return int(d.fragOffset)*8+wire.IPv4Len+d.payload <= 0xffff }

// length6 is how many bytes write6 writes.
func (d *header) length6() int {
	if d.isPart() {
		return wire.IPv6Len + 8
	}
	return wire.IPv6Len
}

// write6 writes the IPv6 header of the packet that d describes, and a fragment header if the
// packet is a fragment (RFC 7915 section 4.1).
func (d *header) write6(b []byte, to Ends) {
	n := d.length6()
	*(*[8]byte)(b) = [8]byte{0: 6<<4 | d.class>>4, 1: d.class << 4, 6: proto6(d.proto), 7: d.hops}
	ip := wire.IPv6(b)
	ip.SetPayloadLen(n - wire.IPv6Len + d.payload)
	ip.SetSrc(to.Src)
	ip.SetDst(to.Dst)
	if n == wire.IPv6Len {
		return
	}
	word := d.fragOffset << 3
	if d.more {
		word |= 1
	}
	b[6] = extFragment
	*(*[4]byte)(b[wire.IPv6Len:]) = [4]byte{proto6(d.proto), 0, byte(word >> 8), byte(word)}
	binary.BigEndian.PutUint32(b[wire.IPv6Len+4:], d.id)
}

// proto4 is the number in IPv4 of a protocol of IPv6, and proto6 the other way.
func proto4(proto uint8) uint8 {
	if proto == wire.ProtoICMPv6 {
		return wire.ProtoICMP
	}
	return proto
}

func proto6(proto uint8) uint8 {
	if proto == wire.ProtoICMP {
		return wire.ProtoICMPv6
	}
	return proto
}
