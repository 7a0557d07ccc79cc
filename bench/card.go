package bench

import (
	"errors"
	"fmt"

	"nitrocard/nic"
	"nitrocard/pmd"
)

// Bench is a card between an edge and its guests.
type Bench struct {
	Card *nic.Card
	*traffic
	edge   *port
	guests []*port
}

// benchOptions are what a Bench is made of.
type benchOptions struct {
	flows, connections int // to send, and that the card may track
	sizes              Sizes
	seed               uint64
	edge               *port
	guests             []*port
}

// New makes a card in the region that may track so many connections, with
// ports that are idle.
func (r Region) New(flows, connections int) (*Bench, error) {
	o := benchOptions{flows: flows, connections: connections, sizes: Sizes{FrameSize}, seed: 1, edge: newPort(&sink{mac: uplinkMAC}, pmd.MaxBurst)}
	for range r.ENIs {
		o.guests = append(o.guests, newPort(&sink{}, pmd.MaxBurst))
	}
	return r.bench(o)
}

func (r Region) bench(o benchOptions) (*Bench, error) {
	cfg, err := r.Config()
	if err != nil {
		return nil, err
	}
	card, err := nic.New(cfg, nic.Options{MaxConnections: o.connections, Seed: o.seed})
	if err != nil {
		return nil, err
	}
	b := &Bench{card, newTraffic(r, card.Policy(), o.flows, o.sizes), o.edge, o.guests}
	plug := func(name string, p *port) error {
		return card.Attach(name, func() (pmd.Port, error) { return p, nil })
	}
	err = plug(nic.Uplink, b.edge)
	for i, g := range b.guests {
		err = errors.Join(err, plug(r.eni(i), g))
	}
	if err != nil {
		return nil, errors.Join(err, card.Close())
	}
	return b, nil
}

// Requests makes the edge send each flow's request in turn, SYN or ACK, and
// the guests be silent.
func (b *Bench) Requests(syn bool) error {
	edge, err := b.requests("edge", syn)
	if err != nil {
		return err
	}
	b.edge.use(edge)
	for _, g := range b.guests {
		g.use(&sink{})
	}
	return nil
}

// Answers makes each guest send its flows' answers in turn, SYN and ACK or ACK
// alone, and the edge be silent.
func (b *Bench) Answers(syn bool) error {
	b.edge.use(&sink{})
	for i, g := range b.guests {
		guest, err := b.answers(i, syn)
		if err != nil {
			return err
		}
		g.use(guest)
	}
	return nil
}

// Connect takes every flow through TCP's handshake.
func (b *Bench) Connect() error {
	steps := []func() error{
		func() error { return b.Requests(true) },
		func() error { return b.Answers(true) },
		func() error { return b.Requests(false) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
		for n := 0; n < b.flows+len(b.guests)*pmd.MaxBurst; {
			n += b.Card.Poll(0)
		}
	}
	return b.connected()
}

// connected holds that the card tracks every flow.
func (b *Bench) connected() error {
	if tracked := b.tracked(); tracked != b.flows {
		return fmt.Errorf("%d of %d flows are connected", tracked, b.flows)
	}
	return nil
}

// tracked is how many connections the card tracks.
func (b *Bench) tracked() int {
	n := 0
	for _, e := range b.Card.ENIs() {
		n += e.Connections
	}
	return n
}

// measure gives all ports to their drivers.
func (b *Bench) measure() {
	b.edge.use(b.edge.Port)
	for _, g := range b.guests {
		g.use(g.Port)
	}
}

func (b *Bench) turn(now int64) int { return b.Card.Poll(now) }

func (b *Bench) drops() drops {
	all := drops{}
	for _, r := range b.Card.Drops().Reasons {
		all[r.Reason] = r.Packets
	}
	return all
}

func (b *Bench) close() error { return b.Card.Close() }
