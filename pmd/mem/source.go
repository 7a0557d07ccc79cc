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
	info      pmd.Info
	templates [][]byte
	stamp     Stamp
	bufs      [][]byte
	buf       int
	template  int // of the next frame
	turn      int // number of the next flow among those of one template
	step      int
	turns     int // flows of one template

	rxPackets, rxBytes, txPackets, txBytes atomic.Uint64
}

// warm is how many buffers a Source cycles through: frames of 114 bytes then
// take 64 KB, more than the first and less than the second level cache, as
// the receive ring of a real card does.
const warm = 4 * pmd.MaxBurst

// NewSource makes a source of so many flows, rounded up to a multiple of the
// number of templates: flow f is template f%len(templates), stamped with f.
// Without a stamp there are as many flows as templates. The flows come in a
// scattered order, each of them once before the first comes again.
func NewSource(o Options, templates [][]byte, flows int, stamp Stamp) *Source {
	if len(templates) == 0 {
		panic("mem: a source needs a frame to send")
	}
	if stamp == nil {
		stamp, flows = func([]byte, uint32) {}, len(templates)
	}
	s := &Source{info: o.info(), templates: templates, stamp: stamp}
	s.turns = max(1, (flows+len(templates)-1)/len(templates))
	s.step = scatter(s.turns)
	longest := 0
	for _, t := range templates {
		longest = max(longest, len(t))
	}
	size := (pmd.Headroom + longest + 63) &^ 63
	mem := make([]byte, warm*size)
	for i := range warm {
		s.bufs = append(s.bufs, mem[i*size:(i+1)*size:(i+1)*size])
	}
	return s
}

// scatter is a step near the golden section of n that visits each number
// below n before it comes back.
func scatter(n int) int {
	hi, _ := bits.Mul64(uint64(n), 0x9e3779b97f4a7c15)
	step := max(1, int(hi))
	for gcd(step, n) != 1 {
		step++
	}
	return step % max(n, 2)
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Flows is how many flows the source has.
func (s *Source) Flows() int { return s.turns * len(s.templates) }

// Rx lends a full burst.
func (s *Source) Rx(b *pmd.Burst) {
	bufs := s.bufs[s.buf : s.buf+pmd.MaxBurst]
	s.buf = (s.buf + pmd.MaxBurst) % warm
	bytes := 0
	for i, buf := range bufs {
		t := s.templates[s.template]
		frame := buf[pmd.Headroom : pmd.Headroom+len(t)]
		copy(frame, t)
		s.stamp(frame, uint32(s.turn*len(s.templates)+s.template))
		b.Frames[i].Lend(buf, pmd.Headroom, len(t))
		bytes += len(t)
		s.next()
	}
	b.N = pmd.MaxBurst
	s.rxPackets.Store(s.rxPackets.Load() + pmd.MaxBurst)
	s.rxBytes.Store(s.rxBytes.Load() + uint64(bytes))
}

// next moves on to the next template, and after the last of them to the
// next flow of each.
func (s *Source) next() {
	if s.template++; s.template < len(s.templates) {
		return
	}
	s.template = 0
	if s.turn += s.step; s.turn >= s.turns {
		s.turn -= s.turns
	}
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
