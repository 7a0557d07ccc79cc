package vpc

import (
	"cmp"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// publish gives the at-th private address of an ENI its public one. The ENI and
// describe-addresses both tell the public address, and must agree.
func (b *eniBuilder) publish(where spot, at int, public netip.Addr) {
	path, public := where.path(), public.Unmap()
	n := wire.AddrFrom(public)
	private := &b.addrs[at]
	holder, _ := b.next.public.Get(n.As4())
	switch {
	case !n.Is4():
		b.Add(path, "PublicIp %s is no IPv4 address", public)
	case private.Public == n, b.disputes[n]:
	case !private.Public.IsZero():
		b.moved(where, private, n)
	case holder != nil:
		b.contestedPublic(where, holder, n)
	default:
		b.next.public.Set(n.As4(), b.eni)
		private.Public = n
	}
}

// moved is for a private address to which two answers give different public ones. Nothing
// tells which answer is newer, so the private address gets neither.
func (b *eniBuilder) moved(where spot, private *Address, n wire.Addr) {
	public, had := n.String(), private.Public
	other := b.spotOf("NetworkInterfaces", b.eni.ID)
	if !b.disputed(where, other, "PublicIp "+public+" is of "+private.Private.String()+", which has "+had.String()+" in "+other.path()+": it has neither") {
		b.Add(where.path(), "PublicIp %s: %s has %s already", public, private.Private, had)
		return
	}
	b.disputes[n], b.disputes[private.Public] = true, true
	b.next.public.Delete(private.Public.As4())
	private.Public = wire.Addr{}
}

// contestedPublic is for a public address that two ENIs have. If two answers give it,
// nothing tells which is newer, and neither ENI gets the address; else it is a mistake.
func (b *eniBuilder) contestedPublic(where spot, holder *ENI, n wire.Addr) {
	public, other := n.String(), b.spotOf("NetworkInterfaces", holder.ID)
	if !b.disputed(where, other, "PublicIp "+public+" is that of "+other.path()+" too: neither has it") {
		b.Add(where.path(), "PublicIp %s is that of %s", public, holder.ID)
		return
	}
	b.disputes[n] = true
	b.next.public.Delete(n.As4())
	if b.whole {
		b.unpublish(holder, n)
	}
}

// unpublish takes a public address from an ENI that the change under way has made.
func (b *eniBuilder) unpublish(e *ENI, n wire.Addr) {
	addrs := slices.Clone(e.Addrs())
	if unsealed := b.builders[e]; unsealed != nil {
		addrs = unsealed.addrs
	}
	for i := range addrs {
		if addrs[i].Public == n {
			addrs[i].Public = wire.Addr{}
		}
	}
	if b.builders[e] == nil {
		e.setAddresses(addrs, e.Prefixes())
	}
}

// elastic is an Elastic IP address and the ENI that it is for.
type elastic struct {
	*object
	of *eniBuilder
}

// elastic are the Elastic IP addresses that describe-addresses gives this ENI. An address
// that people wrote may name only an instance, and then is for the instance's first ENI.
func (b *eniBuilder) elastic() (all []elastic) {
	if b.next.objects["Addresses"].Len() == 0 {
		return nil
	}
	for _, o := range b.namedBy("Addresses", b.eni.ID) {
		all = append(all, elastic{o, b})
	}
	if b.eni.Instance != "" && b.eni.first() {
		for _, o := range b.namedBy("Addresses", b.eni.Instance) {
			if o.config.(*ec2.Address).NetworkInterfaceId == "" {
				all = append(all, elastic{o, b})
			}
		}
	}
	if len(all) > 0 {
		b.builders[b.eni] = b
	}
	return all
}

// publishAll publishes the addresses of describe-addresses, in their order, after all ENIs
// have published their own.
func (c *compiler) publishAll(pending []elastic) {
	slices.SortFunc(pending, func(a, b elastic) int { return cmp.Compare(a.order, b.order) })
	for _, p := range pending {
		c.about = subject{p.kind, p.id()}
		p.of.elasticAddress(p.object)
	}
	for _, b := range c.builders {
		b.seal()
		b.enter()
	}
}

// elasticAddress gives the ENI an Elastic IP address, at the private address that the
// Elastic IP address names or at the primary one.
func (b *eniBuilder) elasticAddress(o *object) {
	config := o.config.(*ec2.Address)
	if !config.PublicIp.IsValid() {
		return // of a carrier gateway or an Outpost
	}
	private := config.PrivateIpAddress
	if !private.IsValid() {
		private = addrOf(b.config.addr)
	}
	if i := b.indexOf(private); i >= 0 {
		b.publish(o.spot(), i, config.PublicIp)
		return
	}
	if !b.disputed(o.spot(), b.spot(), "PrivateIpAddress "+private.String()+" is none of "+b.eni.ID+": the public address has nobody") {
		b.conflict(o.path(), b.path(), "PrivateIpAddress %s is none of %s", private, b.eni.ID)
	}
}

// indexOf is the index of a private address of the ENI, -1 if the ENI does not have the
// address. An address of a delegated prefix becomes one of the ENI's addresses.
func (b *eniBuilder) indexOf(private netip.Addr) int {
	addr := wire.AddrFrom(private)
	i := slices.IndexFunc(b.addrs, func(a Address) bool { return a.Private == addr })
	if i < 0 && slices.ContainsFunc(b.prefixed, func(p netip.Prefix) bool { return p.Contains(private) }) {
		i = len(b.addrs)
		b.addrs = append(b.addrs, Address{Private: addr})
	}
	return i
}

// elasticAddresses notes Elastic IP addresses whose ENI or instance does not exist.
func (c *compiler) elasticAddresses() {
	for o, config := range each[ec2.Address](c, "Addresses") {
		at := o.spot()
		switch {
		case !config.PublicIp.IsValid():
			c.otherPublic(o, config)
		case config.NetworkInterfaceId != "":
			if id := config.NetworkInterfaceId; c.next.ENI(id) == nil && !c.excused(at, Elsewhere, ec2.Shorten(id)) && c.object("NetworkInterfaces", id) == nil {
				c.unknown(ec2.In(at.path(), "NetworkInterfaceId"), "NetworkInterfaces", id)
			}
		case config.InstanceId != "" && !c.hasFirst(config.InstanceId) && !c.mayHaveENIs() && !c.excused(at, Elsewhere, ec2.Shorten(config.InstanceId)):
			c.Add(ec2.In(at.path(), "InstanceId"), "no ENI is the first of an instance %q", ec2.Shorten(config.InstanceId))
		}
	}
}

// otherPublic is for an address of a carrier gateway or of an Outpost's customer, which is
// no public address.
func (c *compiler) otherPublic(o *object, config *ec2.Address) {
	name, addr := "carrier", config.CarrierIp
	if !addr.IsValid() {
		name, addr = "customer-owned", config.CustomerOwnedIp
	}
	c.notice(OtherPublic, o.place().path(o.kind, ""), name+" address "+addr.String())
}

// hasFirst tells whether an instance has a first ENI.
func (c *compiler) hasFirst(instance string) bool {
	for e := range c.next.ENIsOf(instance) {
		if e.first() {
			return true
		}
	}
	return false
}
