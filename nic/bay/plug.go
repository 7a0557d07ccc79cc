package bay

import "fmt"

// Plug is the port that an ENI is to be plugged into.
type Plug struct {
	ENI    string
	Spec   string // names the port: no two plugs have the same Spec, unless it is ""
	Open   Opener
	device *Device
}

// Plugs are the changes of ports that a policy brings. Bays.Plug makes them.
type Plugs struct {
	Missing []Plug // whose ports are still to be opened

	new   []Plug
	freed map[string]*Bay // by spec: bays whose ENIs go, or get another port
	moved []*Bay          // bays of freed whose ports other ENIs take over
}

// Prepare finds the ports of ENIs that come or get another port. If another ENI gives up
// such a port, the ENI takes the open port over, because most devices open only once.
// Otherwise the port is among opened, or is missing.
func (b *Bays) Prepare(wanted []Plug, opened *Opening) (*Plugs, error) {
	if err := b.apart(wanted); err != nil {
		return nil, err
	}
	p := &Plugs{freed: b.freed(wanted)}
	for _, want := range wanted {
		if s := b.all[want.ENI]; s != nil && s.device != nil && s.device.spec == want.Spec {
			continue
		}
		want.device = p.takeOver(want.Spec)
		if want.device == nil && !opened.has(&want) {
			p.Missing = append(p.Missing, want)
		}
		p.new = append(p.new, want)
	}
	return p, nil
}

// apart is an error if two ENIs are to be plugged into one port, or one into the uplink's.
func (b *Bays) apart(wanted []Plug) error {
	owner := map[string]string{}
	if s := b.all[Uplink]; s.device != nil {
		owner[s.device.info.Name] = Uplink
	}
	for _, want := range wanted {
		if other, taken := owner[want.Spec]; taken && want.Spec != "" {
			return fmt.Errorf("port of %s: %s has %s already; a port has one place", want.ENI, other, want.Spec)
		}
		owner[want.Spec] = want.ENI
	}
	return nil
}

// freed are the bays that give their port up, by the port's spec.
func (b *Bays) freed(wanted []Plug) map[string]*Bay {
	freed := map[string]*Bay{}
	for name, s := range b.all {
		if name != Uplink && s.device != nil && s.device.spec != "" {
			freed[s.device.spec] = s
		}
	}
	for _, want := range wanted {
		if s := freed[want.Spec]; s != nil && s.Name == want.ENI {
			delete(freed, want.Spec)
		}
	}
	return freed
}

// takeOver is the device of a spec that a bay gives up, nil if no bay does.
func (p *Plugs) takeOver(spec string) *Device {
	s := p.freed[spec]
	if s == nil {
		return nil
	}
	delete(p.freed, spec)
	p.moved = append(p.moved, s)
	return s.device
}

// Plug puts ports into their bays; none of p may be missing. Most ports go into new bays,
// which no worker has seen, and are attached at once. A bay that changes its port stays
// without one until the new policy is in force, because the old policy must not judge the
// frames of the new port: later are the plugs for PlugLater. left are the devices that no
// ENI is plugged into any more.
func (b *Bays) Plug(p *Plugs, opened *Opening) (later []Plug, left []*Device) {
	if len(p.new) == 0 {
		return nil, nil
	}
	b.stand(func() {
		for _, s := range p.moved {
			s.detach()
		}
		for _, n := range p.new {
			if s := b.all[n.ENI]; s.device != nil {
				left = append(left, s.device)
				s.detach()
			}
		}
	})
	for _, n := range p.new {
		if n.device == nil {
			n.device = opened.take(&n)
		}
		n.device.open = n.Open
		if s := b.all[n.ENI]; s.known {
			later = append(later, n)
		} else {
			s.attach(n.device)
		}
	}
	return later, left
}

// PlugLater puts ports into bays that workers know, and tells whether there were any.
func (b *Bays) PlugLater(later []Plug) bool {
	if len(later) == 0 {
		return false
	}
	b.change(func() {
		for _, n := range later {
			b.all[n.ENI].attach(n.device)
		}
	})
	return true
}
