package vpc

import (
	"slices"
	"time"

	"nitrocard/nic/vpc/ec2"
)

// interfaces checks and compiles the ENIs and their public addresses.
func (c *compiler) interfaces() {
	lent := c.lentGroups()
	for i := range c.config.NetworkInterfaces {
		config := &c.config.NetworkInterfaces[i]
		path, ok := c.identify("NetworkInterfaces", i, "NetworkInterfaceId", config.NetworkInterfaceId)
		if !ok {
			continue
		}
		b := eniBuilder{c, path, config, &ENI{ID: config.NetworkInterfaceId}}
		if b.build(lent) {
			c.enis = append(c.enis, b.eni)
			c.policy.byID[b.eni.ID] = b.eni
		}
	}
	c.elasticAddresses()
	for _, v := range c.vpcs {
		v.mapping.freeze()
	}
}

// lentGroups are groups in VPCs that are not their own.
func (c *compiler) lentGroups() map[ec2.SecurityGroupVpcAssociation]bool {
	lent := map[ec2.SecurityGroupVpcAssociation]bool{}
	for _, a := range c.config.SecurityGroupVpcAssociations {
		lent[ec2.SecurityGroupVpcAssociation{GroupId: a.GroupId, VpcId: a.VpcId}] = a.State == "associated" || a.State == ""
	}
	return lent
}

// eniBuilder makes one ENI.
type eniBuilder struct {
	*compiler
	path   string
	config *ec2.NetworkInterface
	eni    *ENI
}

// build answers false where the ENI has no place in the region.
func (b *eniBuilder) build(lent map[ec2.SecurityGroupVpcAssociation]bool) bool {
	s := b.subnets[b.config.SubnetId]
	if s == nil {
		b.unknown(ec2.In(b.path, "SubnetId"), "Subnets", b.config.SubnetId)
		return false
	}
	if id := b.config.VpcId; id != "" && id != s.VPC.ID {
		b.Add(b.path, "VpcId %s: %s is in %s", ec2.Shorten(id), s.ID, s.VPC.ID)
	}
	e := b.eni
	e.Subnet, e.VPC, e.VNI, e.RouterMAC = s, s.VPC, s.VPC.VNI, s.RouterMAC
	e.SourceDestCheck = b.config.SourceDestCheck == nil || *b.config.SourceDestCheck
	if b.config.Attachment != nil {
		e.Instance = b.config.Attachment.InstanceId
	}
	b.mac()
	b.addresses()
	b.prefixes()
	b.groups(lent)
	b.timeouts()
	b.notices()
	return true
}

func (b *eniBuilder) mac() {
	mac := b.config.MacAddress
	b.eni.MAC = mac
	at := stationKey{b.eni.VPC, mac}
	switch holder := b.macs[at]; {
	case mac.IsZero():
		b.Add(b.path, "MacAddress is missing")
	case mac.IsMulticast():
		b.Add(b.path, "MacAddress %s is a multicast address", mac)
	case holder != "":
		b.Add(b.path, "MacAddress %s is that of %s in %s", mac, holder, b.eni.VPC.ID)
	default:
		b.macs[at] = b.eni.ID
	}
}

func (b *eniBuilder) groups(lent map[ec2.SecurityGroupVpcAssociation]bool) {
	for i, id := range b.config.Groups {
		path := func() string { return ec2.In(b.path, ec2.At("Groups", i, id.GroupId)) }
		g := b.policy.groups[id.GroupId]
		switch {
		case g == nil:
			b.unknown(path(), "SecurityGroups", id.GroupId)
		case slices.Contains(b.eni.Groups, g):
			b.Add(path(), "stands twice")
		case g.config.VpcId != b.eni.VPC.ID && !lent[ec2.SecurityGroupVpcAssociation{GroupId: g.ID, VpcId: b.eni.VPC.ID}]:
			b.Add(path(), "is a group of %s, the ENI is in %s", g.config.VpcId, b.eni.VPC.ID)
		default:
			b.eni.Groups = append(b.eni.Groups, g)
		}
	}
	b.shareGroups()
}

// shareGroups lets ENIs with the same groups have one list of them, which then is
// in the cache when a rule asks for the groups of a remote ENI.
func (b *eniBuilder) shareGroups() {
	key := setKey(b.eni.Groups)
	if same, is := b.groupLists[key]; is {
		b.eni.Groups = same
	}
	b.groupLists[key] = b.eni.Groups
}

// timeouts: bounds and defaults are EC2's (API, ConnectionTrackingSpecification).
func (b *eniBuilder) timeouts() {
	config := b.config.ConnectionTrackingConfiguration
	if config == nil {
		config = &ec2.ConnectionTrackingConfiguration{}
	}
	b.eni.Timeouts = Timeouts{
		TCPEstablished: b.timeout("TcpEstablishedTimeout", config.TcpEstablishedTimeout, bounds{60, 432000, 432000}),
		UDP:            b.timeout("UdpTimeout", config.UdpTimeout, bounds{30, 60, 30}),
		UDPStream:      b.timeout("UdpStreamTimeout", config.UdpStreamTimeout, bounds{60, 180, 180}),
	}
}

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
	for _, a := range b.config.Ipv6Addresses {
		b.notice(IPv6, b.path, a.Ipv6Address)
	}
	for _, p := range b.config.Ipv6Prefixes {
		b.notice(IPv6, b.path, p.Ipv6Prefix)
	}
	if b.config.DenyAllIgwTraffic {
		b.notice(DeniesInternet, b.path, "")
	}
	switch b.config.InterfaceType {
	case "", "interface", "efa", "trunk", "branch":
	default:
		b.notice(OrdinaryENI, b.path, b.config.InterfaceType)
	}
}
