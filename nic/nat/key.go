package nat

import (
	"sync/atomic"

	"nitrocard/nic/wire"
)

// Key is what the packets of one direction of a connection have in common. For an ICMP query
// and its answers, the asked side's port is the query's type, and the asker's is the
// identifier. A connection of NAT64 is IPv4's but for the address of its inside host: the other
// address, protocol and type are those that the outside sees. So a destination has one
// count of connections, whichever family the hosts inside have.
type Key struct {
	Src, Dst         wire.Addr
	SrcPort, DstPort uint16
	Kind             uint32 // the protocol's number, and perhaps fragment
}

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
		k = k.later(h.ID)
	case !h.IsICMP():
	case inward:
		k.SrcPort = query(h)
	default:
		k.DstPort = query(h)
	}
	return k
}

// later is the key of the later fragments of a datagram with an identification, whose key is k.
func (k Key) later(id uint32) Key {
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

// way is what the packets of one direction get in the place of what they have: those from
// inside another source, those from outside another destination.
//
// Workers read a way without the lock, word by word. A way that ends is zero from its first
// word to its last (tables.Cuckoo.Remove), so a reader that reads lo last, and finds it set,
// has read the others before they became zero.
type way struct {
	hi, lo uint64 // the address
	end    uint64 // the port in the highest 16 bits, the index of the other direction in the lowest 32
	seen   uint32 // tick of the last packet of the direction
	state  uint32 // of the way from inside alone; see tcp.go
}

// socket is an address with a port (RFC 9293 section 4), of an ICMP query with the identifier.
type socket struct {
	addr wire.Addr
	port uint16
}

// wayTo is a new way.
func wayTo(s socket, peer, tick, state uint32) way {
	hi, lo := s.addr.Words()
	return way{hi, lo, uint64(s.port)<<48 | uint64(peer), tick, state}
}

// to is what the way's packets get, and the index of the other direction; false: the way has
// ended.
func (w *way) to() (s socket, peer uint32, ok bool) {
	end, hi := atomic.LoadUint64(&w.end), atomic.LoadUint64(&w.hi)
	lo := atomic.LoadUint64(&w.lo)
	return socket{wire.AddrFromWords(hi, lo), uint16(end >> 48)}, uint32(end), lo != 0
}

// setPeer notes the index of the other direction. The lock is held.
func (w *way) setPeer(peer uint32) { atomic.StoreUint64(&w.end, w.end&^(1<<32-1)|uint64(peer)) }

// touch notes that a packet passed.
func (w *way) touch(tick uint32) {
	if atomic.LoadUint32(&w.seen) != tick {
		atomic.StoreUint32(&w.seen, tick)
	}
}
