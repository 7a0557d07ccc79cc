package mem

import (
	"math/bits"
	"sync/atomic"

	"nitrocard/pmd"
)

// Source is a port for benchmarks: its Rx always yields a full burst, its Tx
// counts and forgets.
//
// A card rewrites frames in place, so each frame is copied anew from its
// template, and a million flows do not need a million buffers: a stamp writes
// what tells the flows apart into the few buffers that stay in the cache, as
// a network card would fill them.
type Source struct {
	info  pmd.Info
	slots []slot      // a ring; behind its end is its beginning once more, for a burst that goes on there
	lent  []pmd.Frame // of each slot
	ring  int         // how many there are
	slot  int         // of the next burst

	templates, template int      // how many, and which is next
	turns, turn, step   int      // flows of each template, which is next, and how far on the one after it is
	table               []uint16 // of the stamps, from the source's first flow on

	rxPackets, rxBytes, txPackets, txBytes atomic.Uint64
	_                                      [64]byte // another thread's source begins on another cache line
}

// slot is a buffer, without its headroom, and what it always holds.
type slot struct {
	frame, template []byte
	die             *die
}

// warm is how many slots a Source has, or one for each template if there are
// more: frames of 114 bytes then take 64 KB, more than the first and less than
// the second level cache, as the receive ring of a real card does.
const warm = 4 * pmd.MaxBurst

// NewSource makes a source of so many flows, rounded up to a multiple of the
// number of templates: flow f is template f%len(templates), stamped with f. There is one
// stamp for all templates, or one for each.
// With the zero stamp there are as many flows as templates. The flows come in a
// scattered order, each of them once before the first comes again.
func NewSource(o Options, templates [][]byte, flows int, stamps ...Stamp) *Source {
	n := len(templates)
	if n == 0 {
		panic("mem: a source needs a frame to send")
	}
	if stamps[0].times == 0 {
		flows = n
	}
	s := &Source{info: o.info(), templates: n, turns: max(1, (flows+n-1)/n)}
	s.step = scatter(s.turns)
	for _, stamp := range stamps {
		if stamp.table != nil {
			s.table = stamp.table[stamp.first:]
		}
	}
	for len(s.slots) < warm {
		for i, t := range templates {
			s.add(t, stamps[i%len(stamps)])
		}
	}
	s.ring = len(s.slots)
	s.slots, s.lent = append(s.slots, s.slots[:pmd.MaxBurst]...), append(s.lent, s.lent[:pmd.MaxBurst]...)
	return s
}

// add makes one more slot, on cache lines of its own.
func (s *Source) add(template []byte, stamp Stamp) {
	mem := make([]byte, (pmd.Headroom+len(template)+63)&^63)
	var f pmd.Frame
	f.Lend(mem, pmd.Headroom, len(template))
	s.lent = append(s.lent, f)
	s.slots = append(s.slots, slot{f.Bytes(), template, stamp.cut(f.Bytes(), template)})
}

// scatter is a step near the golden section of n that visits each number
// below n before it comes back.
func scatter(n int) int {
	hi, _ := bits.Mul64(uint64(n), 0x9e3779b97f4a7c15)
	step := max(1, int(hi))
	for gcd(step, n) != 1 {
		step++
	}
	return step
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Flows is how many flows the source has.
func (s *Source) Flows() int { return s.turns * s.templates }

// Rx lends a full burst.
func (s *Source) Rx(b *pmd.Burst) {
	bytes := 0
	slots := s.slots[s.slot : s.slot+pmd.MaxBurst]
	for i := range slots {
		bytes += copy(slots[i].frame, slots[i].template)
	}
	s.press(slots)
	b.N = copy(b.Frames[:], s.lent[s.slot:])
	if s.slot += pmd.MaxBurst; s.slot >= s.ring {
		s.slot -= s.ring
	}
	s.rxPackets.Store(s.rxPackets.Load() + pmd.MaxBurst)
	s.rxBytes.Store(s.rxBytes.Load() + uint64(bytes))
}

// press stamps each slot with the flow whose turn it is.
func (s *Source) press(slots []slot) {
	turn, template := s.turn, s.template
	for i := range slots {
		if die := slots[i].die; die != nil {
			die.press(uint32(turn*s.templates+template), s.table)
		}
		if template++; template == s.templates {
			turn, template = s.after(turn), 0
		}
	}
	s.turn, s.template = turn, template
}

// after is the flow of each template that comes after turn.
func (s *Source) after(turn int) int {
	turn += s.step - s.turns
	return turn + s.turns&(turn>>63) // no branch: none could be foretold
}

// Tx takes all frames.
func (s *Source) Tx(frames []*pmd.Frame) int {
	bytes := 0
	for _, f := range frames {
		bytes += f.Len()
	}
	s.txPackets.Store(s.txPackets.Load() + uint64(len(frames)))
	s.txBytes.Store(s.txBytes.Load() + uint64(bytes))
	return len(frames)
}

// Info describes the port.
func (s *Source) Info() pmd.Info { return s.info }

// Link is always nil.
func (s *Source) Link() error { return nil }

// Stats are the counts since NewSource.
func (s *Source) Stats() pmd.Stats {
	return pmd.Stats{
		RxPackets: s.rxPackets.Load(), RxBytes: s.rxBytes.Load(),
		TxPackets: s.txPackets.Load(), TxBytes: s.txBytes.Load(),
	}
}

// Close does nothing.
func (s *Source) Close() error { return nil }
