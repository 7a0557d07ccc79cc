package vpc

import "nitrocard/nic/vpc/ec2"

// mapper puts the ENIs of one change's Mappings.
type mapper struct {
	*compiler
	from  *origin
	cards map[string]uint16                               // index in Region.VTEPs, by name
	forms map[*ec2.NetworkInterface]*ec2.NetworkInterface // of the region, by form of the Mappings
}

// resolved are Mappings with the cards that the region has.
type resolved struct {
	*Mappings
	card []uint16 // index in Region.VTEPs, by index of the name from 1
}

// take takes an edit that puts Mappings, for putMappings.
func (c *compiler) take(m *Mappings) {
	if n := len(c.mappings); m == nil || m.Len() == 0 || n > 0 && c.mappings[n-1].last() >= m.enis[0].ID {
		c.Add(KindMappings, "ENIs are expected, by ID behind those of the edit before")
		return
	}
	c.mappings = append(c.mappings, m)
}

// putMappings puts the ENIs of the change's Mappings. If they are many, the tree of all ENIs
// is made anew, in order, because that takes less than a search for each.
func (c *compiler) putMappings() {
	n := 0
	for _, m := range c.mappings {
		n += m.Len()
	}
	if n == 0 {
		return
	}
	p := &mapper{compiler: c, from: &origin{kind: "NetworkInterfaces"}, cards: map[string]uint16{}, forms: map[*ec2.NetworkInterface]*ec2.NetworkInterface{}}
	for i, card := range c.next.place.cards {
		p.cards[card.Name] = firstCard + uint16(i)
	}
	old := c.next.objects["NetworkInterfaces"]
	c.come = make([]*object, 0, n)
	if n > old.Len()/8 {
		c.next.objects["NetworkInterfaces"], c.copied["NetworkInterfaces"] = trimmed(p.merge(old)), true
	} else {
		p.each(func(m resolved, i int) {
			id := m.enis[i].ID
			c.list("NetworkInterfaces").Set(id, p.put(m, i, c.object("NetworkInterfaces", id)))
		})
	}
	if old.Len() == 0 {
		c.filled["NetworkInterfaces"] = c.come
	}
	if len(c.come) > 0 {
		c.changed("Placement", "")
	}
}

// each calls put for the ENIs of all Mappings, in order of their IDs.
func (p *mapper) each(put func(m resolved, i int)) {
	for _, m := range p.mappings {
		here := resolved{m, make([]uint16, 1+len(m.cards))}
		for i, name := range m.cards {
			card, known := p.cards[name]
			if !known {
				p.Add("Placement: Cards", "there is no card %q", ec2.Shorten(name))
			}
			here.card[1+i] = card
		}
		for i := range m.enis {
			put(here, i)
		}
		m.fresh = false
	}
}

// merge is a tree of the ENIs that were there and of those of all Mappings.
func (p *mapper) merge(old *tree[*object]) *tree[*object] {
	merged, was := &tree[*object]{}, old.Iter()
	more := was.First()
	p.each(func(m resolved, i int) {
		id := m.enis[i].ID
		for ; more && was.Key() < id; more = was.Next() {
			merged.Load(was.Key(), was.Value())
		}
		var before *object
		if more && was.Key() == id {
			before, more = was.Value(), was.Next()
		}
		merged.Load(id, p.put(m, i, before))
	})
	for ; more; more = was.Next() {
		merged.Load(was.Key(), was.Value())
	}
	return merged
}

// put puts one ENI in the place of the object that was there; nil: there was none.
func (p *mapper) put(m resolved, i int, before *object) *object {
	e := m.enis[i]
	if !m.fresh {
		e = new(*e)
	}
	e.form = p.formOf(e.form)
	o := &object{origin: p.from, index: -1, config: e, card: m.card[m.on[i]]}
	if before == nil {
		p.next.lineage.sequence += orderGap
		o.order, e.Station = p.next.lineage.sequence, p.next.stations.take()
		p.come = append(p.come, o)
		p.markUsers(e.ID)
	} else {
		o = p.again(before, o, e)
	}
	delete(p.homeless, e.ID)
	if port := m.ports[e.ID]; port != "" || p.next.place.ports.Len() > 0 {
		p.plug(e.ID, eniPlace{port: port})
	}
	return o
}

// again is put for an ENI that was there.
func (p *mapper) again(before, o *object, e *identity) *object {
	was := before.config.(*identity)
	o.order, e.Station = before.order, was.Station
	same := was.says(e)
	if same && o.card == before.card {
		return before
	}
	if o.card != before.card {
		p.movedENI(e.ID)
	}
	if same {
		o.config = was
		p.mark(o.kind, e.ID)
	} else {
		p.touched(o.kind, e.ID, before, o)
	}
	return o
}

// formOf is the form that the region has for a form of the Mappings.
func (p *mapper) formOf(form *ec2.NetworkInterface) *ec2.NetworkInterface {
	kept := p.forms[form]
	if kept == nil {
		kept = p.packer.keep(form)
		p.forms[form] = kept
	}
	return kept
}
