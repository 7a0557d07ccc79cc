package nic

import (
	"errors"
	"fmt"

	"nitrocard/nic/vpc"
	"nitrocard/pmd"
)

// plug is what an ENI is to be plugged into.
type plug struct {
	eni  string
	spec string
	open Opener
	port pmd.Port
}

// plugs are the changes of ports that a policy brings. Until they are made
// the card is as it was.
type plugs struct {
	new   []plug
	freed map[string]*slot // by spec: their ENIs go, or plug in elsewhere
	moved []*slot          // freed ones whose ports other ENIs take over
}

// prepare opens the ports of ENIs that policy brings to this card, or plugs
// into another port. A port that another ENI gives up is taken over as it is,
// for most devices open only once. If one fails, those opened here are closed
// again.
func (c *Card) prepare(policy *vpc.Policy) (*plugs, error) {
	wanted := c.wanted(policy)
	if err := c.apart(wanted); err != nil {
		return nil, err
	}
	p := &plugs{freed: c.freed(wanted)}
	var opened []pmd.Port
	for _, want := range wanted {
		if s := c.slots[want.eni]; s != nil && s.spec == want.spec {
			continue
		}
		if want.port = p.takeOver(want.spec); want.port == nil {
			var err error
			if want.port, err = want.open(); err == nil {
				opened = append(opened, want.port)
				err = c.fits(want.port)
			}
			if err != nil {
				for _, o := range opened {
					err = errors.Join(err, o.Close())
				}
				return nil, fmt.Errorf("port of %s: %w", want.eni, err)
			}
		}
		p.new = append(p.new, want)
	}
	return p, nil
}

// apart is nil if no two ENIs are to be plugged into one port, and none into
// the uplink's.
func (c *Card) apart(wanted []plug) error {
	owner := map[string]string{}
	if s := c.slots[Uplink]; s != nil && s.port != nil {
		owner[s.info.Name] = Uplink
	}
	for _, want := range wanted {
		if other, taken := owner[want.spec]; taken && want.spec != "" {
			return fmt.Errorf("port of %s: %s has %s already; a port has one place", want.eni, other, want.spec)
		}
		owner[want.spec] = want.eni
	}
	return nil
}

// wanted is what each local ENI of a policy is plugged into, none where ports
// are attached by hand.
func (c *Card) wanted(policy *vpc.Policy) (wanted []plug) {
	if c.options.OpenPort == nil {
		return nil
	}
	for _, e := range policy.ENIs {
		if e != nil {
			spec, open := c.options.OpenPort(e)
			wanted = append(wanted, plug{eni: e.ID, spec: spec, open: open})
		}
	}
	return wanted
}

// freed are the places that give their port up, by its spec.
func (c *Card) freed(wanted []plug) map[string]*slot {
	freed := map[string]*slot{}
	for name, s := range c.slots {
		if name != Uplink && s.port != nil {
			freed[s.spec] = s
		}
	}
	for _, want := range wanted {
		if s := freed[want.spec]; s != nil && s.name == want.eni {
			delete(freed, want.spec)
		}
	}
	return freed
}

// takeOver returns the port of this spec that some place gives up, nil if
// none does.
func (p *plugs) takeOver(spec string) pmd.Port {
	s := p.freed[spec]
	if s == nil {
		return nil
	}
	delete(p.freed, spec)
	p.moved = append(p.moved, s)
	return s.port
}

// plug puts the ports into their places. Places that are new, which is where
// most ports go, no worker has seen. A place that changes its port has none
// until the new policy is in force: later says what it gets then, or the old
// policy would judge what the new port brings. left are ports that nothing is
// plugged into any more.
func (c *Card) plug(p *plugs) (later []plug, left []pmd.Port) {
	used := map[*slot]bool{}
	if v := c.view.Load(); v != nil {
		for _, s := range v.slots {
			used[s] = true
		}
	}
	c.gate.do(func() {
		for _, s := range p.moved {
			s.detach()
		}
		for _, n := range p.new {
			if s := c.slots[n.eni]; s.port != nil {
				left = append(left, s.port)
				s.detach()
			}
		}
	})
	for _, n := range p.new {
		s := c.slots[n.eni]
		s.spec, s.open = n.spec, n.open
		if used[s] {
			later = append(later, n)
		} else {
			s.attaching(n.port)()
		}
	}
	return later, left
}

// plugLater puts ports into places that workers know; false if there are none.
func (c *Card) plugLater(later []plug) bool {
	var attach []func()
	for _, n := range later {
		attach = append(attach, c.slots[n.eni].attaching(n.port))
	}
	if len(attach) > 0 {
		c.rebind(func() {
			for _, f := range attach {
				f()
			}
		})
	}
	return len(attach) > 0
}
