package nic

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"nitrocard/nic/vpc"
	"nitrocard/pmd"
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
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return Change{}, errClosed
	}
	var prev *vpc.Policy
	if v := c.view.Load(); v != nil {
		prev = v.policy
	}
	policy, err := vpc.Compile(cfg, vpc.CompileOptions{Card: c.options.Card, Prev: prev})
	if err != nil {
		return Change{}, err
	}
	if _, err := divide(policy, c.options.MaxConnections); err != nil {
		return Change{}, err
	}
	ports, err := c.openNew(policy)
	if err != nil {
		return Change{}, err
	}
	change := Change{Epoch: policy.Epoch, Diff: cfg.Diff(c.config), Notices: append([]vpc.Notice{}, policy.Notices...)}
	c.config = cfg
	c.settle(policy, ports)
	return change, nil
}

// openNew opens the ports of ENIs that policy brings to this card, or plugs
// into another port. If one fails, all are closed again.
func (c *Card) openNew(policy *vpc.Policy) (map[string]pmd.Port, error) {
	ports := map[string]pmd.Port{}
	if c.options.OpenPort == nil {
		return ports, nil
	}
	for _, e := range policy.ENIs {
		if e == nil || !e.Local {
			continue
		}
		if s := c.slots[e.ID]; s != nil && s.spec == e.Port {
			continue
		}
		p, err := c.options.OpenPort(e)()
		if err != nil {
			for _, p := range ports {
				err = errors.Join(err, p.Close())
			}
			return nil, fmt.Errorf("port of %s: %w", e.ID, err)
		}
		ports[e.ID] = p
	}
	return ports, nil
}

// settle makes a place for each ENI that came, puts policy in force, and
// closes the places of those that went.
func (c *Card) settle(policy *vpc.Policy, ports map[string]pmd.Port) {
	gone := map[string]*slot{}
	for name, s := range c.slots {
		if name != Uplink {
			gone[name] = s
		}
	}
	for _, e := range policy.ENIs {
		if e == nil || !e.Local {
			continue
		}
		delete(gone, e.ID)
		if c.slots[e.ID] == nil {
			c.slots[e.ID] = &slot{name: e.ID}
		}
		c.plug(e, ports[e.ID])
	}
	for name := range gone {
		delete(c.slots, name)
	}
	c.store(policy)
	for _, s := range gone {
		if s.port != nil {
			s.port.Close()
		}
	}
}

// plug gives an ENI's place the port p that was opened for it, if any, in
// place of the one it has.
func (c *Card) plug(e *vpc.ENI, p pmd.Port) {
	s := c.slots[e.ID]
	s.spec = e.Port
	if p == nil {
		return
	}
	old := s.port
	c.worker.do(func() {
		s.open = c.options.OpenPort(e)
		s.attach(p)
	})
	if old != nil {
		old.Close()
	}
}

// store puts a view of policy and the ports as they are in force, and returns
// when no packet meets an older one.
func (c *Card) store(policy *vpc.Policy) {
	v := &view{policy: policy, enis: policy.ENITable(), vteps: map[uint32]uint16{}, uplink: c.slots[Uplink]}
	for i, t := range policy.VTEPs {
		if i > 0 && t.Addr != 0 {
			v.vteps[t.Addr] = uint16(i)
		}
	}
	v.survey(policy)
	v.guests = c.guests(policy)
	v.slots = append(v.slots, v.uplink)
	for _, g := range v.guests {
		if g.eni != nil {
			v.slots = append(v.slots, g.slot)
		}
	}
	c.view.Store(v)
	c.worker.do(func() {
		w := c.worker
		w.adopt(v)
		w.rules.sweep(w.flows)
		w.inward, w.outward, w.quoted = burst{}, burst{}, packet{} // what ended packets point to keeps older views in memory
	})
}

// guests are the local ENIs as the packet path sees them, by number.
func (c *Card) guests(policy *vpc.Policy) []guest {
	share, _ := divide(policy, c.options.MaxConnections) // Apply has seen the error
	guests := make([]guest, len(policy.ENIs))
	for _, e := range policy.ENIs {
		if e == nil || !e.Local {
			continue
		}
		guests[e.Number] = guest{
			eni: e, slot: c.slots[e.ID], number: e.Number, owner: e.Owner,
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
