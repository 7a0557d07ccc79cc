package vpc

import "nitrocard/nic/vpc/ec2"

// expectENIs makes room for so many ENIs in the number sets.
func (c *compiler) expectENIs(n int) {
	for _, s := range []*numberSet{&c.next.onCard, &c.next.ports, &c.next.attached} {
		s.expect(n)
	}
	for network := range c.fresh {
		network.macs.expect(n / len(c.fresh))
	}
}

// settleSets puts the changes of the number sets in force, and notes the ENIs that have the
// MAC or the port of another.
func (c *compiler) settleSets() {
	c.next.onCard.settle()
	c.next.attached.settle()
	for n := range c.fresh {
		c.hadTwice(n.macs.settle(), n.macKey, func(o *object, e *ENI, first string) {
			for _, s := range n.subnets.Items() {
				if s.of.RouterMAC == e.MAC {
					first = "the router of " + s.of.ID
				}
			}
			if first != "" {
				c.Add(o.path(), "MacAddress %s is that of %s in %s", e.MAC, first, n.ID)
			}
		})
	}
	c.hadTwice(c.next.ports.settle(), c.next.portKey, func(_ *object, e *ENI, first string) {
		if first != "" {
			c.Add("Placement: Ports: "+ec2.Shorten(e.ID), "%s is the port of %s already", c.next.Port(e), ec2.Shorten(first))
		}
	})
}

// macKey is the entry of an ENI in network.macs; 0 if the ENI is in another VPC.
func (n *network) macKey(e *ENI) uint64 {
	if e.Subnet.VPC.ID != n.ID {
		return 0
	}
	return e.MAC.Bits()
}

// hadTwice tells the ENIs with a key of which there are several, with the ID of the ENI that had
// the key first; "": none did. The ENIs that were there before the change had theirs first.
func (c *compiler) hadTwice(keys []uint64, keyOf func(*ENI) uint64, tell func(o *object, e *ENI, first string)) {
	if len(keys) == 0 {
		return
	}
	first := map[uint64]string{}
	for _, key := range keys {
		first[key] = ""
	}
	come := map[*ENI]bool{}
	for _, config := range each[identity](c, "NetworkInterfaces") {
		come[c.next.enis.at(config.Station)] = true
	}
	note := func(e *ENI) {
		if had, is := first[keyOf(e)]; is && had == "" {
			first[keyOf(e)] = e.ID
		}
	}
	for e := range c.next.all() {
		if !come[e] {
			note(e)
		}
	}
	for o, config := range each[identity](c, "NetworkInterfaces") {
		e := c.next.enis.at(config.Station)
		if e == nil {
			continue
		}
		if had, is := first[keyOf(e)]; is {
			tell(o, e, had)
		}
		note(e)
	}
}
