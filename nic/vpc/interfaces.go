package vpc

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
	"unsafe"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// interfaces checks and compiles the ENIs and their public addresses.
func (c *compiler) interfaces() {
	c.markENIs()
	stations := c.retractENIs()
	lent := c.lentGroups()
	var pending []elastic
	for o, config := range each[ec2.NetworkInterface](c, "NetworkInterfaces") {
		station, had := stations[o.id]
		delete(stations, o.id)
		b := &eniBuilder{compiler: c, at: o.spot(), path: o.path(), config: config, lent: lent, eni: &ENI{ID: o.id}}
		b.place, _ = c.next.place.enis.Get(o.id)
		if !b.build() {
			if had {
				stations[o.id] = station
			}
			continue
		}
		if b.eni.Station = station; !had {
			b.eni.Station = c.next.stations.take()
		}
		if elastic := b.elastic(); len(elastic) > 0 {
			pending = append(pending, elastic...)
			continue
		}
		b.seal()
		b.enter()
	}
	c.publishAll(pending)
	c.yieldClaims()
	for _, station := range stations {
		c.next.stations.give(station)
	}
	c.elasticAddresses()
}

// markENIs marks the ENIs that name a subnet or group which is another one now,
// or gone. There seldom are any, so that to look for them is no loss.
func (c *compiler) markENIs() {
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
	c.next.enis.Scan(func(id string, e *ENI) bool {
		if c.remade[e.Subnet] || slices.ContainsFunc(e.Groups.List, func(g *Group) bool { return c.remade[g] }) {
			c.mark("NetworkInterfaces", id)
		}
		return true
	})
}

// markAddressees marks the ENIs that Elastic IP addresses are for, or were.
func (c *compiler) markAddressees() {
	instances := map[string]bool{}
	for id := range c.dirty["Addresses"] {
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
	if len(instances) == 0 {
		return
	}
	c.next.enis.Scan(func(id string, e *ENI) bool {
		if instances[e.Instance] {
			c.mark("NetworkInterfaces", id)
		}
		return true
	})
}

// retractENIs takes the marked ENIs out of all that knows them, so that the order
// in which they come back does not matter, and returns their stations.
func (c *compiler) retractENIs() map[string]uint32 {
	stations := map[string]uint32{}
	for id := range c.dirty["NetworkInterfaces"] {
		if e, there := c.next.enis.Delete(id); there {
			stations[id] = e.Station
			c.retract(e)
		}
	}
	for id := range c.gone("NetworkInterfaces") {
		c.placed[id] = true // what is said of its place is without an ENI
	}
	return stations
}

func (c *compiler) retract(e *ENI) {
	if c.vpcOf(e.Subnet.VPC.ID) != nil {
		n := c.change(e.Subnet.VPC.ID)
		n.macs.Delete(e.MAC.Bits())
		for _, s := range e.spans() {
			n.hold(s, nil)
		}
	}
	for _, a := range e.Addrs() {
		if a.Public != 0 {
			c.next.public.Delete(a.Public)
		}
	}
	c.next.onCard.Delete(onCard(e))
	c.next.ports.Delete(e.port)
	c.count(e.Subnet.ID, -1)
	for _, g := range e.Groups.List {
		c.count(g.ID, -1)
	}
	c.forward(e, -1)
	if e.Instance != "" {
		c.markUsers(e.Instance)
		if _, bounded := c.next.place.allowances.Get(e.Instance); bounded {
			c.allowed[e.Instance] = true
		}
	}
}

// enter makes an ENI known.
func (b *eniBuilder) enter() {
	e, r := b.eni, b.next
	b.setStation(e.Station, Station{VNI: vniBytes(e.Subnet.VPC.VNI), Dst: e.MAC, Src: e.Subnet.RouterMAC, VTEP: e.Card})
	r.enis.Set(e.ID, e)
	r.onCard.Set(onCard(e), e)
	b.count(e.Subnet.ID, 1)
	for _, g := range e.Groups.List {
		b.count(g.ID, 1)
	}
	b.forward(e, 1)
	if e.Instance != "" {
		b.markUsers(e.Instance)
	}
}

// onCard is where Region.onCard has an ENI.
func onCard(e *ENI) uint64 { return uint64(e.Card)<<32 | uint64(e.Station) }

// forward counts the ENIs that send what is not their own.
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

// lentGroups are groups in VPCs that are not their own, with the state of that.
func (c *compiler) lentGroups() map[ec2.SecurityGroupVpcAssociation]string {
	lent := map[ec2.SecurityGroupVpcAssociation]string{}
	for _, a := range c.next.rest.SecurityGroupVpcAssociations {
		lent[ec2.SecurityGroupVpcAssociation{GroupId: a.GroupId, VpcId: a.VpcId}] = cmp.Or(a.State, "associated")
	}
	return lent
}

// eniBuilder makes one ENI.
type eniBuilder struct {
	*compiler
	at     spot
	path   string
	config *ec2.NetworkInterface
	lent   map[ec2.SecurityGroupVpcAssociation]string
	place  eniPlace
	eni    *ENI

	net      *network // which may be changed
	addrs    []Address
	first    uint32 // the address that is the primary one
	prefixed []Block
}

// build answers false where the ENI has no place in the region.
func (b *eniBuilder) build() bool {
	s, _ := b.next.subnets.Get(b.config.SubnetId)
	if s == nil {
		b.leftOut(b.at, reference{"SubnetId", "Subnets", b.config.SubnetId})
		return false
	}
	if id := b.config.VpcId; id != "" && id != s.VPC.ID {
		b.Add(b.path, "VpcId %s: %s is in %s", ec2.Shorten(id), s.ID, s.VPC.ID)
	}
	e := b.eni
	e.Subnet, b.net = s, b.change(s.VPC.ID)
	e.SourceDestCheck = b.config.SourceDestCheck == nil || *b.config.SourceDestCheck
	if b.config.Attachment != nil {
		e.Instance, e.first = b.config.Attachment.InstanceId, b.config.Attachment.DeviceIndex == 0
	}
	b.stand()
	b.mac()
	b.addresses()
	b.prefixes()
	b.groups()
	b.timeouts()
	b.notices()
	return true
}

// seal puts into the ENI what it has of addresses.
func (b *eniBuilder) seal() { b.eni.setAddresses(b.first, b.addrs, b.prefixed) }

func (b *eniBuilder) mac() {
	mac := b.config.MacAddress
	b.eni.MAC = mac
	switch {
	case mac.IsZero():
		b.Add(b.path, "MacAddress is missing")
	case mac.IsMulticast():
		b.Add(b.path, "MacAddress %s is a multicast address", mac)
	case b.net.macs.Contains(mac.Bits()):
		b.Add(b.path, "MacAddress %s is that of %s in %s", mac, b.holderOf(mac), b.net.ID)
	default:
		b.net.macs.Insert(mac.Bits())
	}
}

// holderOf names who has a MAC in the ENI's VPC.
func (b *eniBuilder) holderOf(mac wire.MAC) (name string) {
	for _, s := range b.net.subnets.Values() {
		if s.RouterMAC == mac {
			return "the router of " + s.ID
		}
	}
	b.next.enis.Scan(func(_ string, e *ENI) bool {
		if e.MAC == mac && e.Subnet.VPC.ID == b.net.ID {
			name = e.ID
		}
		return name == ""
	})
	return name
}

func (b *eniBuilder) groups() {
	var list []*Group
	for i, id := range b.config.Groups {
		path := func() string { return ec2.In(b.path, ec2.At("Groups", i, id.GroupId)) }
		g, _ := b.next.groups.Get(id.GroupId)
		if g == nil {
			g = b.unknownGroup(path(), id.GroupId)
		}
		switch {
		case g == nil:
		case slices.Contains(list, g.Group):
			if !b.at.Answer {
				b.Add(path(), "stands twice")
			}
		case g.VPC == b.net.ID, lends(b.lent[ec2.SecurityGroupVpcAssociation{GroupId: g.ID, VpcId: b.net.ID}]):
			list = append(list, g.Group)
		default:
			b.notLent(g, path(), b.lent[ec2.SecurityGroupVpcAssociation{GroupId: g.ID, VpcId: b.net.ID}])
		}
	}
	b.eni.Groups = b.next.lineage.sets.get(pointersKey(list), func() *GroupSet { return &GroupSet{list} })
}

// unknownGroup: who is in a group is known from the ENI, and not what the
// group allows.
func (b *eniBuilder) unknownGroup(path, id string) *groupRules {
	at := spot{path, b.at.list, b.at.Place}
	if !b.at.Answer || b.given("SecurityGroups") && !b.excused(at, GroupRulesUnknown, ec2.Shorten(id)) {
		b.unknown(path, "SecurityGroups", id)
		return nil
	}
	b.next.partial = true
	b.compileGroup(&ec2.SecurityGroup{GroupId: id, VpcId: b.net.ID})
	g, _ := b.next.groups.Get(id)
	return g
}

// notLent is for a group of another VPC whose association with the ENI's is not
// in force, or not known.
func (b *eniBuilder) notLent(g *groupRules, path, state string) {
	what := fmt.Sprintf("%s is a group of %s; its association with %s is %s", g.ID, ec2.Shorten(g.VPC), b.net.ID,
		cmp.Or(ec2.Shorten(state), "not in the configuration (aws ec2 describe-security-group-vpc-associations)"))
	if !b.excused(spot{path, b.at.list, b.at.Place}, GroupNotLent, what) && !b.unread.mayHave("SecurityGroupVpcAssociations") {
		b.conflict(path, b.spotOf("SecurityGroups", g.ID).path, "is a group of %s, the ENI is in %s", g.VPC, b.net.ID)
	}
}

// pointersKey names a list of groups. One that lives as long as the key cannot
// be mistaken for another.
func pointersKey(groups []*Group) string {
	key := make([]byte, 0, 64)
	for _, g := range groups {
		key = binary.NativeEndian.AppendUint64(key, uint64(uintptr(unsafe.Pointer(g))))
	}
	return string(key)
}

// timeouts: bounds and defaults are EC2's (API, ConnectionTrackingSpecification).
func (b *eniBuilder) timeouts() {
	config := b.config.ConnectionTrackingConfiguration
	if config == nil {
		b.eni.Timeouts = &usualTimeouts
		return
	}
	b.eni.Timeouts = &Timeouts{
		TCPEstablished: b.timeout("TcpEstablishedTimeout", config.TcpEstablishedTimeout, bounds{60, 432000, 432000}),
		UDP:            b.timeout("UdpTimeout", config.UdpTimeout, bounds{30, 60, 30}),
		UDPStream:      b.timeout("UdpStreamTimeout", config.UdpStreamTimeout, bounds{60, 180, 180}),
	}
}

var usualTimeouts = Timeouts{432000 * time.Second, 30 * time.Second, 180 * time.Second}

// bounds of a timeout, in seconds.
type bounds struct{ least, most, usual int }

func (b *eniBuilder) timeout(field string, set *int, in bounds) time.Duration {
	seconds := in.usual
	if set != nil {
		seconds = *set
	}
	if seconds < in.least || seconds > in.most {
		b.Add(ec2.In(b.path, "ConnectionTrackingConfiguration"), "%s %d is out of range: %d to %d seconds", field, seconds, in.least, in.most)
	}
	return time.Duration(seconds) * time.Second
}

func (b *eniBuilder) notices() {
	b.ipv6Notice()
	if b.config.DenyAllIgwTraffic {
		b.notice(DeniesInternet, b.path, "")
	}
	service := b.config.InterfaceType
	switch service {
	case "", "interface", "efa", "efa-only", "trunk", "branch":
		service = ""
	}
	switch {
	case service != "" && len(b.config.Groups) == 0:
		b.notice(UngroupedENI, b.path, ec2.Shorten(service))
	case service != "":
		b.notice(ServiceENI, b.path, ec2.Shorten(service))
	case len(b.config.PrivateIpAddresses) == 0 && !b.config.PrivateIpAddress.IsValid() && len(b.config.Ipv4Prefixes) == 0 && !b.hasIPv6():
		b.notice(NoAddress, b.path, "")
	}
}

// ipv6Notice is one for all that an ENI has of IPv6.
func (b *eniBuilder) ipv6Notice() {
	first, n := "", len(b.config.Ipv6Addresses)+len(b.config.Ipv6Prefixes)
	switch {
	case n == 0:
		return
	case len(b.config.Ipv6Addresses) > 0:
		first = b.config.Ipv6Addresses[0].Ipv6Address
	default:
		first = b.config.Ipv6Prefixes[0].Ipv6Prefix
	}
	if n > 1 {
		first = fmt.Sprintf("%s and %d more", ec2.Shorten(first), n-1)
	}
	b.notice(IPv6, b.path, first)
}

func (b *eniBuilder) hasIPv6() bool {
	return len(b.config.Ipv6Addresses)+len(b.config.Ipv6Prefixes) > 0
}
