package nat

import (
	"sync/atomic"

	"nitrocard/nic/flow"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
)

// Key is what the packets of one direction of a connection have in common. For an ICMP query
// and its answers, the asked side's port is the query's type, and the asker's is the
// identifier. A connection of NAT64 is IPv4's but for its inside host, in the place of whose
// address is a fingerprint: the other address, protocol and type are those that the outside sees. So
// a destination has one count of connections, whichever family the hosts inside have.
//
//	          0     4     8         10        12        13                  16
//	         +-----+-----+---------+---------+---------+-+-+-----------------+
//	Key      | Src | Dst | SrcPort | DstPort |protocol |F|6|rest of the host |
//	         +-----+-----+---------+---------+---------+-+-+-----------------+
//
// F is set in the key of a datagram's later fragments, which has the identification in the place of
// the ports; 6 in that of packets from a host that has IPv6.
type Key = pipeline.PassageKey

// way is one direction of a connection. The way from inside has the state of both (tcp.go).
type way = pipeline.Passage

// socket is what a way's packets get.
type socket = pipeline.Socket

// The parts of Key.Kind below the protocol.
const (
	fragment = 1 << 23   // F
	six      = 1 << 22   // 6
	rest     = 1<<22 - 1 // rest of the host
	ofHost   = six | rest
)

// host is an inside host as keys have it: an IPv4 address, or 54 bits that stand for one of IPv6. They
// depend on the table's seed, so that no sender can look for two hosts with the same bits, and no two
// meet by chance: in a gateway with 100,000 hosts once in four million. Packets of a host whose bits are
// those of another's connection are dropped (isOf).
type host uint64 // Key.Src, and above it the ofHost of Key.Kind

// hostOf is the host that has an address.
func (t *table) hostOf(addr wire.Addr) host {
	if addr.Is4() {
		return host(addr.As4())
	}
	f := t.folder.Fold(&flow.Pair{Local: addr})
	return host(f.Remote&rest|six)<<32 | host(f.Local)
}

// isOf tells whether a way for packets from inside, of a connection or of later fragments, is of the
// host that has an address, and of no other with the same bits.
func (t *table) isOf(at uint32, host wire.Addr) bool {
	w := t.ways.At(at)
	_, peer, _ := w.To()
	if atomic.LoadUint32(&w.State)&outward != 0 {
		_, peer, _ = t.ways.At(peer).To() // from the connection's way from inside
	}
	s, _, ok := t.ways.At(peer).To()
	return ok && s.Addr == host
}

// sender is the inside host whose packets have a key.
func sender(k *Key) host { return host(k.Kind&ofHost)<<32 | host(k.Src) }

// setKey makes k the key of a packet that goes inward, or outward. The key of an IPv6 packet to an address
// that stands for none of IPv4 has no destination, and so no connection. setKey writes field by field, as
// flow.Key.Set does.
func (t *table) setKey(k *Key, h *wire.Headers, inward bool) {
	k.Src, k.Dst, k.SrcPort, k.DstPort, k.Kind = h.Src.As4(), h.Dst.As4(), h.SrcPort, h.DstPort, kindOf(h)
	if h.EtherType == wire.EtherTypeIPv6 {
		t.from6(k, h.Src, h.Dst)
	}
	switch {
	case h.Frag == wire.LaterFragment:
		*k = later(*k, h.ID)
	case !h.IsICMP():
	case inward:
		k.SrcPort = query(h)
	default:
		k.DstPort = query(h)
	}
}

// from6 makes k, with ports and protocol, the key of packets from an inside host that has IPv6.
func (t *table) from6(k *Key, from, to wire.Addr) {
	of := t.hostOf(from)
	k.Src, k.Dst, k.Kind = uint32(of), embedded(to).As4(), k.Kind|uint32(of>>32)
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

// kindOf is the Key.Kind of a packet's protocol, of ICMP IPv4's.
func kindOf(h *wire.Headers) uint32 {
	if h.IsICMP() {
		return pipeline.KindOf(wire.ProtoICMP)
	}
	return pipeline.KindOf(h.Proto)
}

// query is the type of the ICMP query that a packet asks or answers, as IPv4 has it; 0: the
// packet does neither.
func query(h *wire.Headers) uint16 {
	if t := h.Query(); t != wire.ICMPv6Echo || h.EtherType == wire.EtherTypeIPv4 {
		return uint16(t)
	}
	return wire.ICMPEcho
}
