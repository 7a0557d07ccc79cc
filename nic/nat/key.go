package nat

import (
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
)

// Key is what the packets of one direction of a connection have in common. For an ICMP query
// and its answers, the asked side's port is the query's type, and the asker's is the
// identifier. A connection of NAT64 is IPv4's but for the address of its inside host: the other
// address, protocol and type are those that the outside sees. So a destination has one
// count of connections, whichever family the hosts inside have.
type Key = pipeline.PassageKey

// way is one direction of a connection. The way from inside has the state of both (tcp.go).
type way = pipeline.Passage

// socket is what a way's packets get.
type socket = pipeline.Socket

// fragment marks the key of a datagram's later fragments, which has the identification in the
// place of the ports.
const fragment = 1 << 8

// keyOf is the key of a packet that goes inward, or outward. The key of an IPv6 packet to
// an address that stands for none of IPv4 has no destination, and so no connection.
func keyOf(h *wire.Headers, inward bool) Key {
	k := Key{Src: h.Src, Dst: h.Dst, SrcPort: h.SrcPort, DstPort: h.DstPort, Kind: kindOf(h)}
	if h.EtherType == wire.EtherTypeIPv6 {
		k.Dst = embedded(h.Dst)
	}
	switch {
	case h.Frag == wire.LaterFragment:
		k = later(k, h.ID)
	case !h.IsICMP():
	case inward:
		k.SrcPort = query(h)
	default:
		k.DstPort = query(h)
	}
	return k
}

// later is the key of the later fragments of a datagram with an identification, whose key is k.
func later(k Key, id uint32) Key {
	k.SrcPort, k.DstPort, k.Kind = uint16(id), uint16(id>>16), k.Kind|fragment
	return k
}

// embedded is the IPv4 address that an IPv6 address stands for; zero: none.
func embedded(addr wire.Addr) wire.Addr {
	if v4, ok := addr.Embedded(); ok {
		return v4
	}
	return wire.Addr{}
}

// kindOf is the protocol's number, of ICMP IPv4's.
func kindOf(h *wire.Headers) uint32 {
	if h.IsICMP() {
		return wire.ProtoICMP
	}
	return uint32(h.Proto)
}

// query is the type of the ICMP query that a packet asks or answers, as IPv4 has it; 0: the
// packet does neither.
func query(h *wire.Headers) uint16 {
	if t := h.Query(); t != wire.ICMPv6Echo || h.EtherType == wire.EtherTypeIPv4 {
		return uint16(t)
	}
	return wire.ICMPEcho
}
