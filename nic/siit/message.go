package siit

import "nitrocard/nic/wire"

// message is the first 8 bytes of an ICMP message of either family, without the checksum.
type message struct {
	kind, code uint8
	rest       uint32 // MTU, pointer or nothing of an error; an echo's is not asked
}

// Codes of the errors below, and what their names leave open: RFC 792 and RFC 1812 section 5.2.7
// of IPv4, RFC 4443 section 3 of IPv6.
const (
	hostUnreachable, protocolUnreachable, portUnreachable, hostProhibited = 1, 2, 3, 10

	noRoute, prohibited6, portUnreachable6 = 0, 1, 4
	badHeader6, badNextHeader6             = 0, 1
)

// to4 is the message of IPv4 for one of IPv6 (RFC 7915 section 5.2); ok is false if there is
// none.
func (m message) to4() (message, bool) {
	switch m.kind {
	case wire.ICMPv6Echo:
		return message{wire.ICMPEcho, m.code, m.rest}, true
	case wire.ICMPv6EchoReply:
		return message{wire.ICMPEchoReply, m.code, m.rest}, true
	case wire.ICMPv6Unreachable:
		if m.code > portUnreachable6 {
			return m, false
		}
		codes := [...]uint8{hostUnreachable, hostProhibited, hostUnreachable, hostUnreachable, portUnreachable}
		return message{wire.ICMPUnreachable, codes[m.code], 0}, true
	case wire.ICMPv6TooBig:
		mtu := min(max(m.rest, leastMTU6), 0xffff) - (wire.IPv6Len - wire.IPv4Len)
		return message{wire.ICMPUnreachable, wire.ICMPFragNeeded, mtu}, true
	case wire.ICMPv6TimeExceeded:
		return message{wire.ICMPTimeExceeded, m.code, 0}, true
	case wire.ICMPv6Parameter:
		return m.parameter4()
	}
	return m, false
}

// parameter4 is to4 of a parameter problem.
func (m message) parameter4() (message, bool) {
	if m.code == badNextHeader6 {
		return message{wire.ICMPUnreachable, protocolUnreachable, 0}, true
	}
	at, ok := pointer4(m.rest)
	return message{wire.ICMPParameter, 0, uint32(at) << 24}, ok && m.code == badHeader6
}

// to6 is the message of IPv6 for one of IPv4 (RFC 7915 section 4.2); ok is false if there is
// none. length is the total length of the packet that an error quotes.
func (m message) to6(length int) (message, bool) {
	switch m.kind {
	case wire.ICMPEcho:
		return message{wire.ICMPv6Echo, m.code, m.rest}, true
	case wire.ICMPEchoReply:
		return message{wire.ICMPv6EchoReply, m.code, m.rest}, true
	case wire.ICMPUnreachable:
		return m.unreachable6(length)
	case wire.ICMPTimeExceeded:
		return message{wire.ICMPv6TimeExceeded, m.code, 0}, true
	case wire.ICMPParameter:
		at, ok := pointer6(m.rest >> 24)
		return message{wire.ICMPv6Parameter, badHeader6, at}, ok && (m.code == 0 || m.code == 2)
	}
	return m, false
}

// unreachable6 is to6 of Destination Unreachable.
func (m message) unreachable6(length int) (message, bool) {
	switch m.code {
	case 0, hostUnreachable, 5, 6, 7, 8, 11, 12:
		return message{wire.ICMPv6Unreachable, noRoute, 0}, true
	case protocolUnreachable:
		return message{wire.ICMPv6Parameter, badNextHeader6, 6}, true // the offset of IPv6's Next Header
	case portUnreachable:
		return message{wire.ICMPv6Unreachable, portUnreachable6, 0}, true
	case wire.ICMPFragNeeded:
		return message{wire.ICMPv6TooBig, 0, mtu6(m.rest&0xffff, length)}, true
	case 9, hostProhibited, 13, 15:
		return message{wire.ICMPv6Unreachable, prohibited6, 0}, true
	}
	return m, false
}

// mtu6 is the MTU of Packet Too Big for the one in an error of IPv4. A router that names none
// leaves the next lower one of the usual MTUs (RFC 1191 section 7.1).
func mtu6(mtu uint32, length int) uint32 {
	if mtu == 0 {
		for _, usual := range [...]uint32{32000, 17914, 8166, 4352, 2002, 1492, 1006} {
			if mtu = usual; uint32(length) > usual {
				break
			}
		}
	}
	return max(leastMTU6, mtu+wire.IPv6Len-wire.IPv4Len)
}

// pointer4 is the offset in IPv4's header of the field that IPv6 has at an offset.
func pointer4(at uint32) (uint8, bool) {
	switch {
	case at <= 1:
		return uint8(at), true
	case at == 4, at == 5:
		return 2, true // the length
	case at == 6:
		return 9, true // the protocol
	case at == 7:
		return 8, true // the hop limit
	case at >= 8 && at < 24:
		return 12, true // the source
	case at >= 24 && at < 40:
		return 16, true // the destination
	}
	return 0, false
}

// pointer6 is pointer4 the other way.
func pointer6(at uint32) (uint32, bool) {
	switch {
	case at <= 1:
		return at, true
	case at == 2, at == 3:
		return 4, true
	case at == 8:
		return 7, true
	case at == 9:
		return 6, true
	case at >= 12 && at < 16:
		return 8, true
	case at >= 16 && at < 20:
		return 24, true
	}
	return 0, false
}
