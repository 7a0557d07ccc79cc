package nat

import (
	"sync/atomic"

	"nitrocard/nic/wire"
)

// Key is what the packets of one direction of a connection have in common. For an ICMP query
// and its answers, the asked side's port is the query's type, and the asker's is the
// identifier.
type Key struct {
	Src, Dst         wire.Addr
	SrcPort, DstPort uint16
	Kind             uint32 // the protocol's number, and perhaps fragment
}

// fragment marks the key of a datagram's later fragments, which has the identification in the
// place of the source port.
const fragment = 1 << 8

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

// wayTo is a new way.
func wayTo(addr wire.Addr, port uint16, peer, tick, state uint32) way {
	hi, lo := addr.Words()
	return way{hi, lo, uint64(port)<<48 | uint64(peer), tick, state}
}

// to is the way's address and port, and the index of the other direction; false: the way has
// ended.
func (w *way) to() (addr wire.Addr, port uint16, peer uint32, ok bool) {
	end, hi := atomic.LoadUint64(&w.end), atomic.LoadUint64(&w.hi)
	lo := atomic.LoadUint64(&w.lo)
	return wire.AddrFromWords(hi, lo), uint16(end >> 48), uint32(end), lo != 0
}

// setPeer notes the index of the other direction. The lock is held.
func (w *way) setPeer(peer uint32) { atomic.StoreUint64(&w.end, w.end&^(1<<32-1)|uint64(peer)) }

// lead makes the way, of later fragments, that to another host. The lock is held. All addresses
// are IPv4's, which differ in the lowest word alone, so no reader sees half of one.
func (w *way) lead(addr wire.Addr, peer uint32) {
	_, lo := addr.Words()
	atomic.StoreUint64(&w.lo, lo)
	w.setPeer(peer)
}

// touch notes that a packet passed.
func (w *way) touch(tick uint32) {
	if atomic.LoadUint32(&w.seen) != tick {
		atomic.StoreUint32(&w.seen, tick)
	}
}
