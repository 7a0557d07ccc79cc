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
	return c.follow(func(r *vpc.Region) (*vpc.Region, error) { return r.Become(cfg) })
}

// Change is Apply for what is to be otherwise: it costs the edits, whatever
// there is beside them.
func (c *Card) Change(edits ...vpc.Edit) (Change, error) {
	return c.follow(func(r *vpc.Region) (*vpc.Region, error) { return r.Change(edits...) })
}

// follow puts what step makes of the region in force.
func (c *Card) follow(step func(*vpc.Region) (*vpc.Region, error)) (Change, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return Change{}, errClosed
	}
	var prev *vpc.Policy
	region := vpc.EmptyRegion()
	if v := c.crew.View(); v != nil {
		prev, region = v.Policy, v.Policy.Region
	}
	region, err := step(region)
	if err != nil {
		return Change{}, err
	}
	policy, err := region.Policy(c.options.Card, prev)
	if err != nil {
		return Change{}, err
	}
	shares, err := divide(policy, c.options.MaxConnections)
	if err != nil {
		return Change{}, err
	}
	plugs, err := c.bays.Prepare(c.wanted(policy))
	if err != nil {
		return Change{}, err
	}
	c.shares = shares
	c.settle(policy, plugs)
	return Change{Epoch: policy.Epoch, Diff: region.Diff(), Notices: append([]vpc.Notice{}, region.Notices()...)}, nil
}

// wanted is what each local ENI of a policy is plugged into, none where ports
// are attached by hand.
func (c *Card) wanted(policy *vpc.Policy) (wanted []bay.Plug) {
	if c.options.OpenPort == nil {
		return nil
	}
	for _, e := range policy.ENIs {
		if e != nil {
			spec, open := c.options.OpenPort(e)
			wanted = append(wanted, bay.Plug{ENI: e.ID, Spec: spec, Open: open})
		}
	}
	return wanted
}

// settle makes a bay for each ENI that came, plugs ports in, puts policy in
// force, and closes what nothing is plugged into any more.
func (c *Card) settle(policy *vpc.Policy, p *bay.Plugs) {
	var enis []string
	for _, e := range policy.ENIs {
		if e != nil {
			enis = append(enis, e.ID)
		}
	}
	gone := c.bays.MakeRoom(enis)
	later, left := c.bays.Plug(p)
	for _, s := range gone {
		if s.Port != nil {
			left = append(left, s.Port)
		}
	}
	c.store(policy)
	if c.bays.PlugLater(later) {
		c.store(policy)
	}
	for _, port := range left {
		port.Close()
	}
}

// store puts a view of policy and the ports as they are in force, and returns
// when no packet meets an older one. All that takes time is done before the
// workers stand.
func (c *Card) store(policy *vpc.Policy) {
	v := c.crew.NewView(policy, c.ports(policy))
	c.gate.Do(func() { c.crew.Adopt(v) })
	c.bays.Known()
	c.wake()
	c.crew.Sweep()
}

// ports are the bays as the packets' way knows them.
func (c *Card) ports(policy *vpc.Policy) *pipeline.Ports {
	uplink := c.bays.Of(Uplink)
	p := &pipeline.Ports{MAC: policy.Card.MAC, Uplink: uplink.Queues}
	if p.MAC.IsZero() && uplink.Port != nil {
		p.MAC = uplink.Port.Info().MAC
	}
	for _, e := range policy.ENIs {
		if e != nil {
			p.Guests = append(p.Guests, pipeline.Place{ENI: e, Queues: c.bays.Of(e.ID).Queues, Limit: c.shares.of(e.Owner), CacheLimit: c.shares.cache})
		}
	}
	return p
}
