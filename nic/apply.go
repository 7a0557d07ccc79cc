package nic

import (
	"nitrocard/nic/bay"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
)

// Change is what Apply changed.
type Change struct {
	Epoch uint32 `json:"epoch"`
	vpc.Diff
	Notices []vpc.Notice `json:"notices"` // what the configuration holds and the card does not enforce
}

// Apply puts a configuration in force: whole, before it returns, or not at
// all. Tracked connections go on.
func (c *Card) Apply(cfg *vpc.Config) (Change, error) {
	return c.follow(&change{step: func(r *vpc.Region) (*vpc.Region, error) { return r.Become(cfg) }})
}

// Change is Apply for what is to be otherwise: it costs the edits, whatever
// there is beside them.
func (c *Card) Change(edits ...vpc.Edit) (Change, error) {
	return c.follow(&change{edits: edits, step: func(r *vpc.Region) (*vpc.Region, error) { return r.Change(edits...) }})
}

// next is what a change makes of what is in force.
type next struct {
	region *vpc.Region
	policy *vpc.Policy
	shares shares
	plugs  *bay.Plugs
}

// follow puts a change in force. It opens the ports that the change brings while
// the mutex is free, and then makes what is to be in force from what is in force by
// then.
func (c *Card) follow(ch *change) (Change, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	opened := c.bays.Opening()
	defer opened.Close()
	defer c.forget(ch)
	for {
		n, err := c.next(ch, opened)
		if err != nil {
			return Change{}, err
		}
		if len(n.plugs.Missing) == 0 {
			c.overtake(ch)
			c.settle(n, opened)
			return Change{Epoch: n.policy.Epoch, Diff: n.region.Diff(), Notices: append([]vpc.Notice{}, n.region.Notices()...)}, nil
		}
		c.wait(ch)
		if err := opened.Open(n.plugs.Missing); err != nil {
			return Change{}, err
		}
	}
}

// next is what a change makes of what is in force, and changes nothing of it.
func (c *Card) next(ch *change, opened *bay.Opening) (n next, err error) {
	switch {
	case c.closed:
		return n, errClosed
	case ch.overtaken:
		return n, errOvertaken
	}
	var prev *vpc.Policy
	region := vpc.EmptyRegion()
	if v := c.crew.Setup(); v != nil {
		prev, region = v.Policy, v.Policy.Region
	}
	if n.region, err = ch.step(region); err != nil {
		return n, err
	}
	if n.policy, err = n.region.Policy(c.options.Card, prev); err != nil {
		return n, err
	}
	if n.shares, err = divide(n.policy, c.options.MaxConnections); err != nil {
		return n, err
	}
	n.plugs, err = c.bays.Prepare(c.wanted(n.policy), opened)
	return n, err
}

// wanted is what each local ENI of a policy is plugged into, none where ports
// are attached by hand.
func (c *Card) wanted(policy *vpc.Policy) (wanted []bay.Plug) {
	if c.options.OpenPort == nil {
		return nil
	}
	for e := range policy.All() {
		spec, open := c.options.OpenPort(e)
		wanted = append(wanted, bay.Plug{ENI: e.ID, Spec: spec, Open: open})
	}
	return wanted
}

// settle makes a bay for each ENI that came, plugs ports in, puts a policy in
// force, and closes what nothing is plugged into any more, while the mutex is free.
func (c *Card) settle(n next, opened *bay.Opening) {
	var enis []string
	for e := range n.policy.All() {
		enis = append(enis, e.ID)
	}
	c.shares = n.shares
	gone := c.bays.MakeRoom(enis)
	later, left := c.bays.Plug(n.plugs, opened)
	for _, s := range gone {
		if d := s.Device(); d != nil {
			left = append(left, d)
		}
	}
	c.store(n.policy)
	if c.bays.PlugLater(later) {
		c.store(n.policy)
	}
	if len(left) > 0 {
		c.bays.End(left)
	}
}

// store puts a view of policy and the ports as they are in force, and returns
// when no packet meets an older one. All that takes time is done before the
// workers stand.
func (c *Card) store(policy *vpc.Policy) {
	v := c.crew.NewSetup(policy, c.ports(policy))
	c.gate.Do(func() { c.crew.Adopt(v) })
	c.bays.Known()
	c.wake()
	c.crew.Sweep()
}

// ports are the bays as the packets' way knows them.
func (c *Card) ports(policy *vpc.Policy) *pipeline.Ports {
	uplink := c.bays.Of(Uplink)
	p := &pipeline.Ports{MAC: policy.Card.MAC, Uplink: uplink.Queues}
	if p.MAC.IsZero() {
		p.MAC = uplink.Info().MAC
	}
	for e := range policy.All() {
		p.Guests = append(p.Guests, pipeline.Place{ENI: e, Queues: c.bays.Of(e.ID).Queues, Limit: c.shares.of(e.Owner), CacheLimit: c.shares.cache})
	}
	return p
}
