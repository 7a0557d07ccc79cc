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
	for i := range c.config.Addresses {
		config := &c.config.Addresses[i]
		id := ""
		if config.PublicIp.IsValid() {
			id = config.PublicIp.String()
		}
		path, ok := c.identify("Addresses", i, "PublicIp", id)
		if ok && (config.NetworkInterfaceId != "" || config.InstanceId != "") {
			c.elasticAddress(path, config)
		}
	}
	for _, e := range c.enis {
		if len(e.Addrs) > 0 {
			e.Public = e.Addrs[0].Public
		}
	}
}

func (c *compiler) elasticAddress(path string, config *ec2.Address) {
	e := c.addressee(path, config)
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
// written by hand may name the instance alone.
func (c *compiler) addressee(path string, config *ec2.Address) *ENI {
	if id := config.NetworkInterfaceId; id != "" {
		e := c.policy.byID[id]
		if e == nil {
			c.unknown(ec2.In(path, "NetworkInterfaceId"), "NetworkInterfaces", id)
		}
		return e
	}
	for i := range c.config.NetworkInterfaces {
		eni := &c.config.NetworkInterfaces[i]
		if eni.Attachment != nil && eni.Attachment.InstanceId == config.InstanceId && eni.Attachment.DeviceIndex == 0 {
			return c.policy.byID[eni.NetworkInterfaceId]
		}
	}
	c.Add(ec2.In(path, "InstanceId"), "no ENI is the first of an instance %q", ec2.Shorten(config.InstanceId))
	return nil
}
