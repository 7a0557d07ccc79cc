package oracle

import (
	"slices"
	"time"

	"nitrocard/nic/vpc"
)

// World is a region at a moment. Change Config and Now as you like; a packet meets what
// they are when it is sent.
type World struct {
	Config *vpc.Config // in EC2's shape; never written to
	Now    time.Duration
	// Seen is what arrived of the packet that is asked about, the zero Packet if nothing did: it tells
	// what a NAT gateway chose. Nil: nobody looks, and gateways keep the sender's port.
	Seen *Packet

	conns        []*conn
	translations []*translation // of NAT gateways
}

// Happened tells the oracle which of a packet's outcomes came true.
func (w *World) Happened(o Outcome) {
	for _, remember := range o.commits {
		remember()
	}
}

// forget drops connections that are over beyond doubt. They matter to nobody; without
// forget the linear searches would grow with the test.
func (w *World) forget() {
	kept := w.conns[:0]
	for _, c := range w.conns {
		if c.lives(w.Now) != no {
			kept = append(kept, c)
		}
	}
	w.conns = kept
	w.translations = slices.DeleteFunc(w.translations, func(t *translation) bool { return w.remembers(t) == no })
}

// answer is one that may have a third value: AWS does not tell.
type answer int

const (
	no answer = iota
	unknown
	yes
)

// both is the answer to "a and b".
func both(a, b answer) answer { return min(a, b) }
