package vpc

import (
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// interfaces checks and compiles the ENIs and their public addresses.
func (c *compiler) interfaces() {
	c.markENIs()
	c.retractENIs()
	lent := c.lentGroups()
	c.expectENIs(max(len(c.filled["NetworkInterfaces"]), len(c.come)))
	b := &eniBuilder{}
	var pending []elastic
	for o, config := range each[identity](c, "NetworkInterfaces") {
		b.begin(c, o, config)
		b.lent = lent
		if !b.build() {
			continue
		}
		if elastic := b.elastic(); len(elastic) > 0 {
			pending = append(pending, elastic...)
			b = &eniBuilder{}
			continue
		}
		b.seal()
		b.enter()
	}
	c.publishAll(pending)
	c.settleSets()
	c.yieldClaims()
	c.countMembers()
	c.elasticAddresses()
}

// markENIs marks the ENIs whose subnet or groups were remade or are gone. Most changes
// remake no subnet or group that an ENI names, and then markENIs looks at no ENI.
func (c *compiler) markENIs() {
	if c.whole {
		return
	}
	c.markAddressees()
	used := false
	for of := range c.remade {
		id := ""
		switch of := of.(type) {
		case *Subnet:
			id = of.ID
		case *Group:
			id = of.ID
		}
		_, named := c.next.members.Get(id)
		used = used || named
	}
	if !used {
		return
	}
	affected := map[*membership]bool{}
	for e := range c.next.all() {
		is, known := affected[e.membership]
		if !known {
			is = c.remade[e.Subnet] || slices.ContainsFunc(e.Groups, func(g *Group) bool { return c.remade[g] })
			affected[e.membership] = is
		}
		if !is {
			continue
		}
		c.mark("NetworkInterfaces", e.ID)
		if g, of := c.next.natENIs.Get(e.ID); of {
			c.mark("NatGateways", g.ID)
		}
	}
}

// markAddressees marks the ENIs that the marked Elastic IP addresses stand for now, or
// stood for before.
func (c *compiler) markAddressees() {
	instances := map[string]bool{}
	for id := range c.marked("Addresses") {
		for _, r := range []*Region{c.prev, c.next} {
			o, there := r.objects["Addresses"].Get(id)
			if !there {
				continue
			}
			if a := o.config.(*ec2.Address); a.NetworkInterfaceId != "" {
				c.mark("NetworkInterfaces", a.NetworkInterfaceId)
			} else if a.InstanceId != "" {
				instances[a.InstanceId] = true
			}
		}
	}
	for instance := range instances {
		for e := range c.next.ENIsOf(instance) {
			c.mark("NetworkInterfaces", e.ID)
		}
	}
}

// retractENIs takes the marked ENIs out of the region, before any comes back, so that the
// order in which they come back does not matter.
func (c *compiler) retractENIs() {
	if c.whole {
		for e := range c.prev.all() {
			c.retract(e)
		}
		return
	}
	for id := range c.marked("NetworkInterfaces") {
		if e := c.prev.ENI(id); e != nil {
			c.retract(e)
		}
	}
}

// retract takes an ENI of the previous region out of every table of the next one.
func (c *compiler) retract(e *ENI) {
	if c.vpcOf(e.Subnet.VPC.ID) != nil {
		n := c.change(e.Subnet.VPC.ID)
		n.macs.remove(e.MAC.Bits())
		for _, b := range e.blocks() {
			n.mapping.hold(b, nil)
		}
	}
	for _, a := range e.Addrs() {
		if !a.Public.IsZero() {
			c.next.public.Delete(a.Public.As4())
		}
	}
	c.next.enis.set(e.Station, nil, c.enis)
	c.next.onCard.remove(onCard(e))
	c.next.ports.remove(c.prev.portKey(e))
	c.joined[e.membership]--
	c.forward(e, -1)
	if e.Instance != "" {
		c.next.attached.remove(attachedTo(e.Instance, e.Station))
		c.markInstance(e.Instance)
		if _, bounded := c.next.place.allowances.Get(e.Instance); bounded {
			c.allowed[e.Instance] = true
		}
	}
}

// enter puts an ENI into the region's tables: its station, and its card.
func (b *eniBuilder) enter() {
	e, r := b.eni, b.next
	b.setStation(e.Station, Station{VNI: vniBytes(e.Subnet.VPC.VNI), Dst: e.MAC, Src: e.Subnet.RouterMAC, VTEP: e.Card, MTU: mtuOf(e.form)})
	r.enis.set(e.Station, e, b.enis)
	r.onCard.add(onCard(e))
	b.joined[e.membership]++
	b.forward(e, 1)
	if e.Instance != "" {
		r.attached.add(attachedTo(e.Instance, e.Station))
		b.markInstance(e.Instance)
	}
}

// markInstance marks an instance that lost or got an ENI and the Elastic IP addresses that name the instance, and
// notes the instance, which may matter to routes.
func (c *compiler) markInstance(id string) {
	if !c.whole && c.object("Instances", id) != nil {
		c.mark("Instances", id)
	}
	if c.whole || !c.next.used(id) {
		return
	}
	c.moved[id] = true
	for _, o := range c.namedBy("Addresses", id) {
		c.mark(o.kind, o.id())
	}
}

// onCard is the entry of an ENI in Region.onCard.
func onCard(e *ENI) uint64 { return uint64(e.Card)<<32 | uint64(e.Station) }

// forward counts the ENIs without source/destination check, by VPC and card.
func (c *compiler) forward(e *ENI, by int) {
	if e.SourceDestCheck {
		return
	}
	key := forwarder(e.Subnet.VPC.VNI, e.Card)
	n, _ := c.next.forwards.Get(key)
	if n += by; n == 0 {
		c.next.forwards.Delete(key)
	} else {
		c.next.forwards.Set(key, n)
	}
}

// countMembers counts the ENIs of each subnet and group anew.
func (c *compiler) countMembers() {
	for m, by := range c.joined {
		c.count(m.Subnet.ID, by)
		for _, g := range m.Groups {
			c.count(g.ID, by)
		}
	}
}

// count changes how many ENIs name a subnet or group.
func (c *compiler) count(id string, by int) {
	n, _ := c.next.members.Get(id)
	if n += by; n == 0 {
		c.next.members.Delete(id)
	} else {
		c.next.members.Set(id, n)
	}
}
