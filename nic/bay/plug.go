package bay

import (
	"errors"
	"fmt"

	"nitrocard/pmd"
)

// Plug is what an ENI is to be plugged into.
type Plug struct {
	ENI  string
	Spec string // names the port: two plugs never have the same, unless it is ""
	Open Opener
	port pmd.Port
}

// Plugs are the changes of ports that a policy brings. Until they are made
// the card is as it was.
type Plugs struct {
	new   []Plug
	freed map[string]*Bay // by spec: their ENIs go, or plug in elsewhere
	moved []*Bay          // freed ones whose ports other ENIs take over
}

// Prepare opens the ports of ENIs that come, or plug into another port. A port
// that another ENI gives up is taken over as it is, for most devices open only
// once. If one fails, those opened here are closed again.
func (b *Bays) Prepare(wanted []Plug) (*Plugs, error) {
	if err := b.apart(wanted); err != nil {
		return nil, err
	}
	p := &Plugs{freed: b.freed(wanted)}
	var opened []pmd.Port
	for _, want := range wanted {
		if s := b.all[want.ENI]; s != nil && s.Spec == want.Spec {
			continue
		}
		if want.port = p.takeOver(want.Spec); want.port == nil {
			var err error
			if want.port, err = want.Open(); err == nil {
				opened = append(opened, want.port)
				err = b.Fits(want.port)
			}
			if err != nil {
				for _, o := range opened {
					err = errors.Join(err, o.Close())
				}
				return nil, fmt.Errorf("port of %s: %w", want.ENI, err)
			}
		}
		p.new = append(p.new, want)
	}
	return p, nil
}

// apart is nil if no two ENIs are to be plugged into one port, and none into
// the uplink's.
func (b *Bays) apart(wanted []Plug) error {
	owner := map[string]string{}
	if s := b.all[Uplink]; s != nil && s.Port != nil {
		owner[s.Info.Name] = Uplink
	}
	for _, want := range wanted {
		if other, taken := owner[want.Spec]; taken && want.Spec != "" {
			return fmt.Errorf("port of %s: %s has %s already; a port has one place", want.ENI, other, want.Spec)
		}
		owner[want.Spec] = want.ENI
	}
	return nil
}

// freed are the bays that give their port up, by its spec.
func (b *Bays) freed(wanted []Plug) map[string]*Bay {
	freed := map[string]*Bay{}
	for name, s := range b.all {
		if name != Uplink && s.Port != nil {
			freed[s.Spec] = s
		}
	}
	for _, want := range wanted {
		if s := freed[want.Spec]; s != nil && s.Name == want.ENI {
			delete(freed, want.Spec)
		}
	}
	return freed
}

// takeOver returns the port of this spec that some bay gives up, nil if
// none does.
func (p *Plugs) takeOver(spec string) pmd.Port {
	s := p.freed[spec]
	if s == nil {
		return nil
	}
	delete(p.freed, spec)
	p.moved = append(p.moved, s)
	return s.Port
}

// Plug puts the ports into their bays. Bays that are new, which is where
// most ports go, no worker has seen. A bay that changes its port has none
// until the new policy is in force: later says what it gets then, or the old
// policy would judge what the new port brings. left are ports that nothing is
// plugged into any more.
func (b *Bays) Plug(p *Plugs) (later []Plug, left []pmd.Port) {
	b.stand(func() {
		for _, s := range p.moved {
			s.Detach()
		}
		for _, n := range p.new {
			if s := b.all[n.ENI]; s.Port != nil {
				left = append(left, s.Port)
				s.Detach()
			}
		}
	})
	for _, n := range p.new {
		s := b.all[n.ENI]
		s.Spec, s.Open = n.Spec, n.Open
		if s.known {
			later = append(later, n)
		} else {
			s.attaching(n.port)()
		}
	}
	return later, left
}

// PlugLater puts ports into bays that workers know; false if there are none.
func (b *Bays) PlugLater(later []Plug) bool {
	var attach []func()
	for _, n := range later {
		attach = append(attach, b.all[n.ENI].attaching(n.port))
	}
	if len(attach) > 0 {
		b.change(func() {
			for _, f := range attach {
				f()
			}
		})
	}
	return len(attach) > 0
}
