package bench

import (
	"errors"
	"fmt"
	"time"

	"nitrocard/nic"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// Bench is a card between an edge and its guests.
type Bench struct {
	Card *nic.Card
	*traffic
	queues [][]*port // by worker: the edge's, then the guests'
}

// benchOptions are what a Bench is made of.
type benchOptions struct {
	flows, connections int // to send, and that the card may track
	sizes              Sizes
	seed               uint64
	queues             [][]*port // as Bench has them
	ports              []uint16  // traffic.ports that the queues' sources have; nil: none has
}

// New makes a card in the region that may track so many connections, with
// ports that are idle.
func (r Region) New(flows, connections int) (*Bench, error) {
	queues := []*port{newPort(&sink{mac: uplinkMAC}, pmd.MaxBurst)}
	for range r.ENIs {
		queues = append(queues, newPort(&sink{}, pmd.MaxBurst))
	}
	return r.bench(benchOptions{flows: flows, connections: connections, sizes: Sizes{FrameSize}, seed: 1, queues: [][]*port{queues}})
}

func (r Region) bench(o benchOptions) (*Bench, error) {
	cfg, err := r.Config()
	if err != nil {
		return nil, err
	}
	card, err := nic.New(cfg, nic.Options{MaxConnections: o.connections, Seed: o.seed, Workers: len(o.queues)})
	if err != nil {
		return nil, err
	}
	b := &Bench{card, newTraffic(r, card.Policy(), o.flows, o.sizes), o.queues}
	if o.ports != nil {
		b.ports = o.ports
	}
	err = b.plug(nic.Uplink, 0)
	for i := range r.ENIs {
		err = errors.Join(err, b.plug(r.eni(i), 1+i))
	}
	if err != nil {
		return nil, errors.Join(err, card.Close())
	}
	return b, nil
}

// plug gives every worker its queue of port number i.
func (b *Bench) plug(name string, i int) error {
	var queues []pmd.Port
	for _, q := range b.queues {
		queues = append(queues, q[i])
	}
	return b.Card.Attach(name, func() (pmd.Port, error) { return pmd.Join(queues), nil })
}

// hush makes all ports silent.
func (b *Bench) hush() {
	for _, queues := range b.queues {
		for _, p := range queues {
			p.use(&sink{})
		}
	}
}

// Requests makes the edge send each flow's request in turn, SYN or ACK, and
// the guests be silent.
func (b *Bench) Requests(syn bool) error {
	edge, err := b.requests("edge", syn, all)
	if err != nil {
		return err
	}
	b.hush()
	b.queues[0][0].use(edge)
	return nil
}

// Answers makes each guest send its flows' answers in turn, SYN and ACK or ACK
// alone, and the edge be silent.
func (b *Bench) Answers(syn bool) error {
	b.hush()
	for i, g := range b.queues[0][1:] {
		guest, err := b.answers(i, syn, all)
		if err != nil {
			return err
		}
		g.use(guest)
	}
	return nil
}

// Connect takes every flow through TCP's handshake, at the time now of the
// card's clock. Behind a NAT gateway the guest opens it and ends the handshake, and what leaves
// tells the port.
func (b *Bench) Connect(now int64) error {
	steps := []func() error{
		b.openings,
		func() error { return b.Requests(true) },
		func() error { return b.Answers(true) },
		func() error { return b.Requests(false) },
		func() error { return b.Answers(false) },
	}
	if !b.region.NAT {
		steps = steps[1:4]
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
		for !b.sent() {
			b.Card.Poll(now)
			if b.region.Limits {
				now += int64(time.Millisecond) // what an instance is over waits for its time
			}
		}
	}
	return b.connected()
}

// openings makes the guests behind NAT gateways open their flows.
func (b *Bench) openings() error {
	b.hush()
	b.queues[0][0].use(&learner{to: b.traffic})
	for i, g := range b.queues[0][1:] {
		if !b.region.translated(i) {
			continue
		}
		guest, err := b.answers(i, true, all)
		if err != nil {
			return err
		}
		g.use(guest)
	}
	return nil
}

// learner is a sink at the edge that notes the ports of NAT gateways.
type learner struct {
	sink
	to *traffic
}

// Tx takes all frames.
func (l *learner) Tx(frames []*pmd.Frame) int {
	for _, f := range frames {
		l.to.learn(f.Bytes())
	}
	return l.sink.Tx(frames)
}

// sent tells whether each source has brought all of its flows. A count of frames
// would not tell: workers look at some guests more often than at others.
func (b *Bench) sent() bool {
	for _, queues := range b.queues {
		for _, p := range queues {
			if s, ok := p.now.(*mem.Source); ok && s.Stats().RxPackets-p.wait.Load() < uint64(s.Flows()) {
				return false
			}
		}
	}
	return true
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
	for _, queues := range b.queues {
		for _, p := range queues {
			p.use(p.Port)
		}
	}
}

// rigs are the card's workers, each with its queues.
func (b *Bench) rigs() (rigs []*rig) {
	for core, queues := range b.queues {
		rigs = append(rigs, &rig{&cardWorker{b, core}, b.flows, queues})
	}
	return rigs
}

// cardWorker is one worker of a Bench. The first answers for the card.
type cardWorker struct {
	*Bench
	core int
}

func (w *cardWorker) turn(now int64) int {
	if len(w.queues) == 1 {
		return w.Card.Poll(now)
	}
	return w.Card.PollWorker(w.core, now)
}

func (w *cardWorker) drops() drops {
	counted := drops{}
	if w.core == 0 {
		for _, r := range w.Card.Drops().Reasons {
			counted[r.Reason] = r.Packets
		}
	}
	return counted
}

func (w *cardWorker) close() error {
	if w.core > 0 {
		return nil
	}
	return w.Card.Close()
}
