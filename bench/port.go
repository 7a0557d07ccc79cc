package bench

import (
	"sync/atomic"

	"nitrocard/pmd"
)

// port is a port as a forwarder has it: at most so many frames a burst, some
// in turns, and a stand-in while flows are connected. It outlives the card that
// it is plugged into.
type port struct {
	pmd.Port          // Info and Link are always its
	now      pmd.Port // Rx and Tx; Port itself while it is measured
	most     int      // frames a burst

	turns, turn int // it receives once in so many polls; polls until its next turn

	held *pmd.Burst    // of a longer burst; nil if none is longer
	next int           // of held that was not lent yet
	wait atomic.Uint64 // how many these are
}

func newPort(p pmd.Port, burst int) *port {
	q := &port{Port: p, now: p, most: burst, turns: 1}
	if burst < pmd.MaxBurst {
		q.held = new(pmd.Burst)
	}
	return q
}

// use makes p receive and send from now on.
func (p *port) use(q pmd.Port) {
	p.now, p.next = q, 0
	if p.held != nil {
		p.held.N = 0
	}
	p.wait.Store(0)
}

// Rx lends the next frames, at most p.most. What the driver yields beyond them
// waits: frames are lent until the driver is asked again.
func (p *port) Rx(b *pmd.Burst) {
	if p.turn--; p.turn > 0 {
		b.N = 0
		return
	}
	p.turn = p.turns
	if p.held == nil {
		p.now.Rx(b)
		return
	}
	if p.next == p.held.N {
		p.now.Rx(p.held)
		p.next = 0
	}
	b.N = copy(b.Frames[:p.most], p.held.Frames[p.next:p.held.N])
	p.next += b.N
	p.wait.Store(uint64(p.held.N - p.next))
}

// Tx sends.
func (p *port) Tx(frames []*pmd.Frame) int { return p.now.Tx(frames) }

// Stats are the driver's; a frame is received when it is lent.
func (p *port) Stats() pmd.Stats {
	s := p.Port.Stats()
	s.RxPackets -= p.wait.Load()
	return s
}

// Close does nothing: the driver's port is its opener's.
func (*port) Close() error { return nil }
