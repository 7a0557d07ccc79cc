package nic

import (
	"maps"
	"slices"

	"nitrocard/nic/bay"
	"nitrocard/nic/nat"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
)

// Change is what Card.Apply or Card.Change changed.
type Change struct {
	Epoch    uint32 `json:"epoch,omitzero"`    // of the policy in force now
	Revision uint64 `json:"revision,omitzero"` // of a controller's region, in the place of a card's epoch
	vpc.Diff
	Notices []vpc.Notice `json:"notices"`          // what the configuration holds and the card does not enforce
	Flushed uint64       `json:"flushed,omitzero"` // connections that Card.Flush cut
	Cards   []CardResult `json:"cards,omitempty"`  // that a controller had cut theirs, those without an answer first
}

// Apply puts a whole configuration in force before Apply returns, or changes nothing and
// returns an error. Tracked connections go on.
func (c *Card) Apply(cfg *vpc.Config) (Change, error) {
	return told(c.follow(&change{step: func(r *vpc.Region) (*vpc.Region, error) { return r.Become(cfg) }}))
}

// Change puts edits of the configuration in force, all before Change returns, or none
// and returns an error. Its cost is the edits', however large the configuration is.
func (c *Card) Change(edits ...vpc.Edit) (Change, error) { return told(c.edit(edits)) }

// Follow is Change for who does not ask what changed, which takes time of its own if
// that is a million ENIs.
func (c *Card) Follow(edits ...vpc.Edit) error {
	_, err := c.edit(edits)
	return err
}

// edit is Change without a word of what changed.
func (c *Card) edit(edits []vpc.Edit) (*vpc.Policy, error) {
	return c.follow(&change{edits: edits, step: func(r *vpc.Region) (*vpc.Region, error) { return r.Change(edits...) }})
}

// told tells what changed with a policy.
func told(p *vpc.Policy, err error) (Change, error) {
	if err != nil {
		return Change{}, err
	}
	return Change{Epoch: p.Epoch, Diff: p.Region.Diff(), Notices: append([]vpc.Notice{}, p.Notices()...)}, nil
}

// next is what a change is to put in force.
type next struct {
	region *vpc.Region
	policy *vpc.Policy
	shares shares
	plugs  *bay.Plugs
	nats   map[string]*nat.Gateway // that the card does not have yet, by ID
}

// follow puts a change in force. The mutex is free while follow opens the ports that the
// change brings, and other changes may pass. So follow computes next anew after each
// opening, from the configuration in force by then.
func (c *Card) follow(ch *change) (*vpc.Policy, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	opened := c.bays.Opening()
	defer opened.Close()
	defer c.forget(ch)
	made := map[string]*nat.Gateway{}
	defer func() { closeNATs(slices.Collect(maps.Values(made))) }()
	for {
		n, err := c.next(ch, opened)
		if err == nil {
			err = c.makeNATs(n.policy, made)
		}
		if err != nil {
			return nil, err
		}
		n.nats = made
		if len(n.plugs.Missing) == 0 {
			c.overtake(ch)
			c.settle(n, opened)
			return n.policy, nil
		}
		c.wait(ch)
		if err := opened.Open(n.plugs.Missing); err != nil {
			return nil, err
		}
	}
}

// next computes what a change is to put in force, and changes nothing.
func (c *Card) next(ch *change, opened *bay.Opening) (n next, err error) {
	switch {
	case c.closed:
		return n, errClosed
	case ch.overtaken:
		return n, errOvertaken
	}
	var prev *vpc.Policy
	region := vpc.EmptyRegion()
	if s := c.crew.Setup(); s != nil {
		prev, region = s.Policy, s.Policy.Region
	}
	if n.region, err = ch.step(region); err != nil {
		return n, err
	}
	if c.options.Edge != nil {
		n.policy = n.region.Edge(prev)
		if err = c.crew.Prepare(n.policy); err != nil {
			return n, err
		}
	} else if n.policy, err = n.region.Policy(c.options.Card, prev); err != nil {
		return n, err
	}
	if n.shares, err = divide(n.policy, c.options.MaxConnections); err != nil {
		return n, err
	}
	n.plugs, err = c.bays.Prepare(c.wanted(n.policy), opened)
	return n, err
}

// wanted is what each ENI of a policy is to be plugged into; nil if ports are attached by
// hand.
func (c *Card) wanted(policy *vpc.Policy) (wanted []bay.Plug) {
	if c.options.OpenPort == nil {
		return nil
	}
	for e := range policy.All() {
		if e.NAT != nil {
			continue // the card itself is behind the ENI
		}
		spec, open := c.options.OpenPort(e)
		wanted = append(wanted, bay.Plug{ENI: e.ID, Spec: spec, Open: open})
	}
	return wanted
}

// settle puts next in force: it makes a bay for each ENI that came, plugs ports in, has
// the workers take the policy over, and closes the ports that no ENI is plugged into any
// more. The mutex is free while ports are closed.
func (c *Card) settle(n next, opened *bay.Opening) {
	var places []string
	for e := range n.policy.All() {
		places = append(places, e.ID)
	}
	if c.options.Edge != nil {
		places = append(places, Internet)
	}
	c.shares = n.shares
	gone := c.bays.MakeRoom(places)
	later, left := c.bays.Plug(n.plugs, opened)
	ended := c.plugNATs(n.policy, n.nats)
	for _, s := range gone {
		if d := s.Device(); d != nil {
			left = append(left, d)
		}
	}
	c.store(n.policy)
	closeNATs(ended)
	if c.bays.PlugLater(later) {
		c.store(n.policy)
	}
	if len(left) > 0 {
		c.bays.End(left)
	}
}

// store puts a policy and the ports in the bays in force, and returns when every packet
// meets them. NewSetup, which takes time, comes before the workers stand.
func (c *Card) store(policy *vpc.Policy) {
	s := c.crew.NewSetup(policy, c.ports(policy))
	c.gate.Do(func() { c.crew.Adopt(s) })
	c.bays.Known()
	c.wake()
	c.crew.Sweep()
}

// ports are the bays as the pipeline knows them.
func (c *Card) ports(policy *vpc.Policy) *pipeline.Ports {
	uplink := c.bays.Of(Uplink)
	p := &pipeline.Ports{MAC: policy.Card.MAC, Uplink: uplink.Queues}
	if p.MAC.IsZero() {
		p.MAC = uplink.Info().MAC
	}
	if edge := c.options.Edge; edge != nil {
		b := c.bays.Of(Internet)
		p.Edge, p.Internet, p.InternetMAC = edge, b.Queues, b.Info().MAC
	}
	for e := range policy.All() {
		p.Guests = append(p.Guests, pipeline.GuestPort{ENI: e, Queues: c.bays.Of(e.ID).Queues, Limit: c.shares.of(e.Owner), CacheLimit: c.shares.cacheOf(e)})
	}
	return p
}
