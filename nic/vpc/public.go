package vpc

import (
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// publish gives the at-th private address of an ENI its public one. An ENI and
// describe-addresses tell the same thing twice; they have to agree.
func (c *compiler) publish(path string, e *ENI, at int, public netip.Addr) {
	public = public.Unmap()
	n := number(public)
	private := &e.Addrs[at]
	holder := c.holders[n]
	switch {
	case n == 0:
		c.Add(path, "PublicIp %s is no IPv4 address", public)
	case private.Public == n:
	case private.Public != 0:
		c.Add(path, "PublicIp %s: %s has %s already", public, addrOf(private.Private), addrOf(private.Public))
	case holder != nil:
		c.Add(path, "PublicIp %s is that of %s", public, holder.ID)
	default:
		c.holders[n], private.Public = e, n
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
		id := ""
		if config.PublicIp.IsValid() {
			id = config.PublicIp.String()
		}
		path, ok := c.identify("Addresses", i, "PublicIp", id)
		if ok && (config.NetworkInterfaceId != "" || config.InstanceId != "") {
			c.elasticAddress(path, config, firstOf)
		}
	}
	for _, e := range c.enis {
		if len(e.Addrs) > 0 {
			e.Public = e.Addrs[0].Public
		}
	}
}

func (c *compiler) elasticAddress(path string, config *ec2.Address, firstOf map[string]*ENI) {
	e := c.addressee(path, config, firstOf)
	if e == nil {
		return
	}
	private := config.PrivateIpAddress
	if !private.IsValid() {
		private = addrOf(e.Primary)
	}
	at := slices.IndexFunc(e.Addrs, func(a Address) bool { return a.Private == number(private) })
	if at < 0 {
		c.Add(path, "PrivateIpAddress %s is none of %s", private, e.ID)
		return
	}
	c.publish(path, e, at, config.PublicIp)
}

// addressee is the ENI that an Elastic IP address is for. A configuration
// written by hand may name the instance alone, and means its first ENI.
func (c *compiler) addressee(path string, config *ec2.Address, firstOf map[string]*ENI) (e *ENI) {
	if id := config.NetworkInterfaceId; id != "" {
		if e = c.policy.byID[id]; e == nil {
			c.unknown(ec2.In(path, "NetworkInterfaceId"), "NetworkInterfaces", id)
		}
		return e
	}
	if e = firstOf[config.InstanceId]; e == nil {
		c.Add(ec2.In(path, "InstanceId"), "no ENI is the first of an instance %q", ec2.Shorten(config.InstanceId))
	}
	return e
}
