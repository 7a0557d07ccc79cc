package nic

import (
	"slices"
	"strings"

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
	if v := c.view.Load(); v != nil {
		prev, region = v.policy, v.policy.Region
	}
	region, err := step(region)
	if err != nil {
		return Change{}, err
	}
	policy, err := region.Policy(c.options.Card, prev)
	if err != nil {
		return Change{}, err
	}
	if _, err := divide(policy, c.options.MaxConnections); err != nil {
		return Change{}, err
	}
	plugs, err := c.prepare(policy)
	if err != nil {
		return Change{}, err
	}
	c.settle(policy, plugs)
	return Change{Epoch: policy.Epoch, Diff: region.Diff(), Notices: append([]vpc.Notice{}, region.Notices()...)}, nil
}

// settle makes a place for each ENI that came, plugs ports in, puts policy in
// force, and closes what nothing is plugged into any more.
func (c *Card) settle(policy *vpc.Policy, p *plugs) {
	gone := c.makeRoom(policy)
	later, left := c.plug(p)
	for _, s := range gone {
		if s.port != nil {
			left = append(left, s.port)
		}
	}
	c.store(policy)
	if c.plugLater(later) {
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
	v := &view{policy: policy, uplink: c.slots[Uplink]}
	guests := c.guests(policy)
	before := &view{}
	if old := c.view.Load(); old != nil {
		before = old
	}
	if v.enis = before.enis; before.policy != policy {
		v.enis = newENITable(guests)
	}
	v.slots = append(v.slots, v.uplink)
	for i := range guests {
		if guests[i].eni != nil {
			v.slots = append(v.slots, guests[i].slot)
		}
	}
	for i := range c.workers {
		v.parts = append(v.parts, v.of(i, guests))
	}
	v.underlay = newUnderlay(policy, v.uplinkMAC(), &before.underlay)
	ids := c.freshIDs()
	c.gate.do(func() {
		c.view.Store(v)
		c.rules.ids = ids
		for _, w := range c.workers {
			w.adopt(v)
		}
	})
	c.wake()
	c.sweep()
}

// freshIDs is for the rules of a new policy, whose IDs mean other rules. There
// is room for as many as the last one's, so that workers need not make it.
func (c *Card) freshIDs() map[vpc.RuleID]uint32 {
	c.flows.Lock()
	n := len(c.rules.ids)
	c.flows.Unlock()
	return make(map[vpc.RuleID]uint32, n)
}

// guests are the local ENIs as the packet path sees them, by number.
func (c *Card) guests(policy *vpc.Policy) []guest {
	share, _ := divide(policy, c.options.MaxConnections) // Apply has seen the error
	guests := make([]guest, len(policy.ENIs))
	for _, e := range policy.ENIs {
		if e == nil {
			continue
		}
		guests[e.Number] = guest{
			eni: e, label: &nameplate{e.ID, e.Groups}, slot: c.slots[e.ID], number: e.Number, owner: e.Owner,
			primary: e.Primary, public: e.Public, mac: e.MAC, router: e.RouterMAC, macBits: e.MAC.Bits(), routerBits: e.RouterMAC.Bits(), gateway: gatewayOf(e),
			limit: share.of(e.Owner), cacheLimit: share.cache, timeouts: timeoutsOf(e),
		}
	}
	return guests
}

// localNames lists the ENIs of this card for an error.
func (c *Card) localNames() string {
	var names []string
	for name := range c.slots {
		if name != Uplink {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return Uplink + ", " + strings.Join(names, ", ")
}
