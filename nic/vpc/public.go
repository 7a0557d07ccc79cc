package vpc

import (
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// publish gives the at-th private address of an ENI its public one. An ENI and
// describe-addresses tell the same thing twice; they have to agree.
func (c *compiler) publish(where spot, e *ENI, at int, public netip.Addr) {
	path, public := where.path, public.Unmap()
	n := number(public)
	private := &e.Addrs[at]
	holder := c.holders[n]
	switch {
	case n == 0:
		c.Add(path, "PublicIp %s is no IPv4 address", public)
	case private.Public == n, c.disputes[n]:
	case private.Public != 0:
		c.moved(where, e, private, n)
	case holder != nil:
		c.contestedPublic(where, holder, n)
	default:
		c.holders[n], private.Public = e, n
	}
}

// moved is for a private address that has another public one in another answer:
// then it has none.
func (c *compiler) moved(where spot, e *ENI, private *Address, n uint32) {
	public, had := addrOf(n).String(), addrOf(private.Public)
	other := c.spots["NetworkInterfaces "+e.ID]
	if !c.disputed(where, other, "PublicIp "+public+" is of "+addrOf(private.Private).String()+", which has "+had.String()+" in "+other.path+": it has neither") {
		c.Add(where.path, "PublicIp %s: %s has %s already", public, addrOf(private.Private), had)
		return
	}
	c.disputes[n], c.disputes[private.Public] = true, true
	private.Public = 0
}

// contestedPublic is for a public address of two ENIs.
func (c *compiler) contestedPublic(where spot, holder *ENI, n uint32) {
	public, other := addrOf(n).String(), c.spots["NetworkInterfaces "+holder.ID]
	if !c.disputed(where, other, "PublicIp "+public+" is that of "+other.path+" too: neither has it") {
		c.Add(where.path, "PublicIp %s is that of %s", public, holder.ID)
		return
	}
	c.disputes[n] = true
	for i := range holder.Addrs {
		if holder.Addrs[i].Public == n {
			holder.Addrs[i].Public = 0
		}
	}
}

// elasticAddresses takes what describe-addresses tells.
func (c *compiler) elasticAddresses() {
	firstOf := map[string]*ENI{}
	for i := range c.config.NetworkInterfaces {
		config := &c.config.NetworkInterfaces[i]
		if config.Attachment != nil && config.Attachment.DeviceIndex == 0 {
			firstOf[config.Attachment.InstanceId] = c.policy.byID[config.NetworkInterfaceId]
		}
	}
	for i := range c.config.Addresses {
		config := &c.config.Addresses[i]
		if !config.PublicIp.IsValid() && c.otherPublic(i, config) {
			continue
		}
		id := ""
		if config.PublicIp.IsValid() {
			id = config.PublicIp.String()
		}
		at, ok := c.identify("Addresses", i, "PublicIp", id)
		if ok && (config.NetworkInterfaceId != "" || config.InstanceId != "") {
			c.elasticAddress(at, config, firstOf)
		}
	}
	for _, e := range c.enis {
		if e.Primary != 0 {
			e.Public = e.Addrs[0].Public
		}
	}
}

// otherPublic is for an address of a carrier gateway or of an Outpost's
// customer, which are no public ones.
func (c *compiler) otherPublic(i int, config *ec2.Address) bool {
	for _, a := range []struct {
		name string
		addr netip.Addr
	}{{"carrier", config.CarrierIp}, {"customer-owned", config.CustomerOwnedIp}} {
		if a.addr.IsValid() {
			c.notice(OtherPublic, c.config.path("Addresses", i, ""), a.name+" address "+a.addr.String())
			return true
		}
	}
	return false
}

func (c *compiler) elasticAddress(at spot, config *ec2.Address, firstOf map[string]*ENI) {
	e := c.addressee(at, config, firstOf)
	if e == nil {
		return
	}
	private := config.PrivateIpAddress
	if !private.IsValid() {
		private = addrOf(e.Primary)
	}
	i := slices.IndexFunc(e.Addrs, func(a Address) bool { return a.Private == number(private) })
	if i >= 0 {
		c.publish(at, e, i, config.PublicIp)
		return
	}
	if !c.disputed(at, c.spots["NetworkInterfaces "+e.ID], "PrivateIpAddress "+private.String()+" is none of "+e.ID+": the public address has nobody") {
		c.conflict(at.path, c.spots["NetworkInterfaces "+e.ID].path, "PrivateIpAddress %s is none of %s", private, e.ID)
	}
}

// addressee is the ENI that an Elastic IP address is for. A configuration
// written by hand may name the instance alone, and means its first ENI.
func (c *compiler) addressee(at spot, config *ec2.Address, firstOf map[string]*ENI) (e *ENI) {
	if id := config.NetworkInterfaceId; id != "" {
		if e = c.policy.byID[id]; e == nil && !c.excused(at, Elsewhere, ec2.Shorten(id)) {
			c.unknown(ec2.In(at.path, "NetworkInterfaceId"), "NetworkInterfaces", id)
		}
		return e
	}
	if e = firstOf[config.InstanceId]; e == nil && !c.mayHaveENIs() && !c.excused(at, Elsewhere, ec2.Shorten(config.InstanceId)) {
		c.Add(ec2.In(at.path, "InstanceId"), "no ENI is the first of an instance %q", ec2.Shorten(config.InstanceId))
	}
	return e
}
