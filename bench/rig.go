package bench

import (
	"errors"

	"nitrocard/nic/vpc"
	"nitrocard/pmd"
)

// forwarder is what a mode does with bursts.
type forwarder interface {
	turn(now int64) int // takes one burst from each port; how many frames
	drops() drops       // since it was made; not while it turns
	close() error
}

// drops are frames that were not sent on, by reason.
type drops map[string]uint64

// add counts n more frames, and names no reason that never held.
func (d drops) add(reason string, n uint64) drops {
	if n > 0 {
		d[reason] += n
	}
	return d
}

// txFull is the reason of a frame that a port had no room for, as the card
// calls it.
const txFull = "tx_full"

// rig is a forwarder and its ports.
type rig struct {
	forwarder
	flows int
	ports []*port // whose frames count
}

// connections is how many the rig's card tracks; 0 if it has none.
func (r *rig) connections() int {
	if card, ok := r.forwarder.(interface{ tracked() int }); ok {
		return card.tracked()
	}
	return 0
}

// newRigs sets up a mode: a rig for each core. Flows that need it are
// connected.
func newRigs(o *Options) ([]*rig, error) {
	switch o.Mode {
	case SG:
		return o.card(o.silent)
	case Encap:
		return o.wrap()
	case Full:
		return o.card(o.talking)
	case Edge:
		return o.edge()
	}
	var rigs []*rig // which have nothing in common
	for range o.cores() {
		r, err := o.plain()
		if err != nil {
			return nil, err
		}
		rigs = append(rigs, r)
	}
	return rigs, nil
}

// plain sets up a mode without a card, for one core.
func (o *Options) plain() (*rig, error) {
	switch o.Mode {
	case IO, MACSwap:
		return o.cable()
	case Decap:
		return o.decap()
	}
	return nil, new(Mode).Set(string(o.Mode))
}

// policy is the region's, and traffic in it, for modes without a card.
func (o *Options) policy() (*vpc.Policy, *traffic, error) {
	region := Region{ENIs: o.enis(), Uses: o.Uses}
	cfg, err := region.Config()
	if err != nil {
		return nil, nil, err
	}
	policy, err := vpc.Compile(cfg, vpc.CompileOptions{})
	if err != nil {
		return nil, nil, err
	}
	return policy, newTraffic(region, policy, o.Flows, o.Sizes), nil
}

// port is the caller's number i, or else the one given.
func (o *Options) port(i int, own pmd.Port) *port {
	if i < len(o.Ports) {
		own = o.Ports[i]
	}
	return newPort(own, o.Burst)
}

// guestOf makes a core's queue of the port behind ENI i where the caller gave
// none.
type guestOf func(t *traffic, i int, p part) (*port, error)

// silent guests only receive.
func (o *Options) silent(t *traffic, i int, _ part) (*port, error) {
	return o.port(1+i, &sink{name: "mem:" + t.region.eni(i)}), nil
}

// talking guests in memory take turns, so that both ways carry the same.
func (o *Options) talking(t *traffic, i int, p part) (*port, error) {
	guest, err := t.answers(i, false, p)
	q := o.port(1+i, guest)
	if q.Port == guest {
		q.turns, q.turn = t.region.ENIs, 1+i
	}
	return q, err
}

// card is the rigs of a card whose flows are connected, one for each of its
// workers.
func (o *Options) card(guest guestOf) ([]*rig, error) {
	_, t, err := o.policy()
	if err != nil {
		return nil, err
	}
	t = t.roundedTo(o.cores())
	b := benchOptions{flows: t.flows, connections: t.region.connections(t.flows), sizes: o.Sizes, seed: o.Seed, ports: t.ports}
	for core := range o.cores() {
		edge, err := t.requests("mem:edge", false, part{core, o.cores()})
		if err != nil {
			return nil, err
		}
		queues := []*port{o.port(0, edge)}
		for i := range t.region.ENIs {
			p, err := guest(t, i, part{core, o.cores()})
			if err != nil {
				return nil, err
			}
			queues = append(queues, p)
		}
		b.queues = append(b.queues, queues)
	}
	made, err := t.region.bench(b)
	if err != nil {
		return nil, err
	}
	if err := made.Connect(0); err != nil {
		return nil, errors.Join(err, made.Card.Close())
	}
	made.measure()
	return made.rigs(), nil
}
