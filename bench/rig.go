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

// newRig sets up a mode. Flows that need it are connected.
func newRig(o *Options) (*rig, error) {
	switch o.Mode {
	case IO, MACSwap:
		return o.cable()
	case Decap:
		return o.decap()
	case SG:
		return o.card(o.silent)
	case Encap:
		return o.wrap()
	case Full:
		return o.card(o.talking)
	}
	return nil, new(Mode).Set(string(o.Mode))
}

// policy is the region's, and traffic in it, for modes without a card.
func (o *Options) policy() (*vpc.Policy, *traffic, error) {
	region := Region{ENIs: o.enis()}
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

// guestOf makes the port behind ENI i where the caller gave none.
type guestOf func(t *traffic, i int) (*port, error)

// silent guests only receive.
func (o *Options) silent(t *traffic, i int) (*port, error) {
	return o.port(1+i, &sink{name: "mem:" + t.region.eni(i)}), nil
}

// talking guests in memory take turns, so that both ways carry the same.
func (o *Options) talking(t *traffic, i int) (*port, error) {
	guest, err := t.answers(i, false)
	p := o.port(1+i, guest)
	if p.Port == guest {
		p.turns, p.turn = t.region.ENIs, 1+i
	}
	return p, err
}

// card is the rig of a card whose flows are connected.
func (o *Options) card(guest guestOf) (*rig, error) {
	_, t, err := o.policy()
	if err != nil {
		return nil, err
	}
	edge, err := t.requests("mem:edge", false)
	if err != nil {
		return nil, err
	}
	b := benchOptions{flows: t.flows, connections: connections(t.flows, t.region.ENIs), sizes: o.Sizes, seed: o.Seed, edge: o.port(0, edge)}
	for i := range t.region.ENIs {
		p, err := guest(t, i)
		if err != nil {
			return nil, err
		}
		b.guests = append(b.guests, p)
	}
	made, err := t.region.bench(b)
	if err != nil {
		return nil, err
	}
	if err := made.Connect(); err != nil {
		return nil, errors.Join(err, made.close())
	}
	made.measure()
	return &rig{made, t.flows, append([]*port{b.edge}, b.guests...)}, nil
}
