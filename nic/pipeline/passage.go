package pipeline

import (
	"sync/atomic"
	"unsafe"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
	"nitrocard/tables"
)

// Translator is an Appliance that gives the packets of each connection another end. Its
// connections lie open to the fast path, which takes plain packets of known ones through
// (fast_through.go): so the Translator sees the first packets of a connection, the last ones,
// and whatever is not plain. The entries are guarded by the Grace of the connection table.
type Translator interface {
	Appliance
	// Passages are the Translator's connections, by what the packets of each direction have.
	Passages() *tables.Cuckoo[PassageKey, Passage]
	// Inside is the host inside that sent a packet which the Translator sent on outward, or gets one that went
	// inward; zero: nobody knows.
	Inside(h *wire.Headers) wire.Addr
	// Knows tells whether a packet from outside, for an address of the Translator's own, is of a connection.
	Knows(h *wire.Headers, own wire.Addr) bool
	// Passed counts what the fast path took through since the last call, and says what tick it
	// is, so that connections whose time is up end although no packet is handed over.
	Passed(p *Passed, tick uint64)
}

// PassageKey is what the packets of one direction of a connection through a Translator have
// in common. The numbers are in host byte order, the addresses IPv4's: a Translator that knows
// packets of IPv6 has something of its own in their place. With its Passage a key is one cache line.
//
//	 0     4     8         10        12     16
//	+-----+-----+---------+---------+------+
//	| Src | Dst | SrcPort | DstPort | Kind |
//	+-----+-----+---------+---------+------+
type PassageKey struct {
	Src, Dst         uint32
	SrcPort, DstPort uint16
	Kind             uint32 // as KindOf has it; the bits below the protocol are the Translator's
}

// kindProto is the lowest bit of the protocol's number in PassageKey.Kind, as in flow.Key.Who.
const kindProto = 24

// KindOf is the PassageKey.Kind of packets of a protocol.
func KindOf(proto uint8) uint32 { return uint32(proto) << kindProto }

// Passage is what the packets of one direction get in the place of what they have: those from
// inside another source, those from outside another destination; and what the stages of the
// Translator's ENI found about the way on.
//
// Workers read a Passage without the lock of its table, word by word. The table writes a Passage from
// its first word to its last, and makes one that ends zero in the same order (tables.Cuckoo.Remove). So
// a reader that reads Lo last, and finds it set, has read the others before they became zero; and a
// reader that kept an index, reads State first, and finds PassageSteady and PassageIPv4 there, reads
// nothing that was in the place before.
type Passage struct {
	Lo, Hi uint64 // the address
	End    uint64 // the port in the highest 16 bits, the index of the other direction in the lowest 32
	Way    uint64 // a flow.Status: the exit from the Translator's ENI; Walked(In), too, if the way there is known from guests of this card
	Epoch  uint32 // of the policy under which Way was found; 0: of none
	Leaves uint32 // what leaves by Way: in the highest 16 bits the most bytes of a frame that the way and the Translator's ENI carry, without a tunnel; in the lowest, if Way leads into a tunnel, the source port of UDP around the frame
	Seen   uint32 // tick of the last packet of the direction
	State  uint32 // PassageIPv4, PassageOut and PassageSteady; the bits below are the Translator's
}

var (
	_ = [1]struct{}{}[unsafe.Offsetof(Passage{}.Lo)]                               // in the first word
	_ = [1]struct{}{}[unsafe.Sizeof(Passage{})-unsafe.Offsetof(Passage{}.State)-4] // in the last word
)

// The bits of Passage.State that the fast path reads, and no lower ones: assembly finds by one comparison
// whether the three are as they must be.
const (
	PassageIPv4   = 1 << 29 // the address and those of the key are IPv4
	PassageSteady = 1 << 30 // … and those without SYN, FIN and RST change no state
	PassageOut    = 1 << 31 // packets go outward, and get another source
)

// passagePause is after how many ticks of silence a Translator looks at a packet itself: the
// connection may have ended.
const passagePause = 128

// Socket is an address with a port (RFC 9293 section 4), of an ICMP query with the identifier.
type Socket struct {
	Addr wire.Addr
	Port uint16
}

// NewPassage is a Passage to a socket, seen at a tick.
func NewPassage(s Socket, peer, tick, state uint32) (p Passage) {
	p.Begin(s, peer, tick, state)
	return p
}

// Begin makes p, which is in no table, a Passage to a socket, seen at a tick. Begin writes field by field, as
// flow.Key.Set does.
func (p *Passage) Begin(s Socket, peer, tick, state uint32) {
	p.Seen, p.State = tick, state
	p.Hi, p.Lo = s.Addr.Words()
	p.End = endOf(s.Port, peer)
	p.Way, p.Epoch, p.Leaves = 0, 0, 0
}

// To is what the packets get, and the index of the other direction; false: the Passage has
// ended.
func (p *Passage) To() (s Socket, peer uint32, ok bool) {
	end, hi := atomic.LoadUint64(&p.End), atomic.LoadUint64(&p.Hi)
	lo := atomic.LoadUint64(&p.Lo)
	return Socket{wire.AddrFromWords(hi, lo), uint16(end >> 48)}, uint32(end), lo != 0
}

// endOf is Passage.End.
func endOf(port uint16, peer uint32) uint64 { return uint64(port)<<48 | uint64(peer) }

// keep notes what the stages found under the policy of an epoch, and leaves, as Leaves is. A worker that
// looks meanwhile sees no way, or the new one with its leaves. Workers that keep at once have the same
// policy, and so the same way.
func (p *Passage) keep(epoch uint32, way flow.Status, leaves uint32) {
	atomic.StoreUint64(&p.Way, 0)
	atomic.StoreUint32(&p.Epoch, epoch)
	atomic.StoreUint32(&p.Leaves, leaves)
	atomic.StoreUint64(&p.Way, uint64(way))
}

// way is what the stages found under the policy of an epoch, 0 if none were asked. Call way before
// To, which tells whether the Passage goes on.
func (p *Passage) way(epoch uint32) flow.Status {
	if atomic.LoadUint32(&p.Epoch) != epoch {
		return 0
	}
	return flow.Status(atomic.LoadUint64(&p.Way))
}

// Touch notes that a packet passed.
func (p *Passage) Touch(tick uint32) {
	if atomic.LoadUint32(&p.Seen) != tick {
		atomic.StoreUint32(&p.Seen, tick)
	}
}
