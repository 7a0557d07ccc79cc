package vpc

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"nitrocard/nic/vpc/ec2"
)

// interfaces checks and compiles the ENIs and their public addresses.
func (c *compiler) interfaces() {
	lent := c.lentGroups()
	for i := range c.config.NetworkInterfaces {
		config := &c.config.NetworkInterfaces[i]
		at, ok := c.identify("NetworkInterfaces", i, "NetworkInterfaceId", config.NetworkInterfaceId)
		if !ok {
			continue
		}
		b := eniBuilder{c, at, at.path, config, &ENI{ID: config.NetworkInterfaceId}}
		if b.build(lent) {
			c.enis = append(c.enis, b.eni)
			c.policy.byID[b.eni.ID] = b.eni
		}
	}
	c.settle()
	c.elasticAddresses()
	for _, v := range c.vpcs {
		v.mapping.freeze()
	}
}

// lentGroups are groups in VPCs that are not their own, with the state of that.
func (c *compiler) lentGroups() map[ec2.SecurityGroupVpcAssociation]string {
	lent := map[ec2.SecurityGroupVpcAssociation]string{}
	for _, a := range c.config.SecurityGroupVpcAssociations {
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
	eni    *ENI
}

// build answers false where the ENI has no place in the region.
func (b *eniBuilder) build(lent map[ec2.SecurityGroupVpcAssociation]string) bool {
	s := b.subnets[b.config.SubnetId]
	if s == nil {
		b.leftOut(b.at, reference{"SubnetId", "Subnets", b.config.SubnetId})
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

func (b *eniBuilder) groups(lent map[ec2.SecurityGroupVpcAssociation]string) {
	for i, id := range b.config.Groups {
		path := func() string { return ec2.In(b.path, ec2.At("Groups", i, id.GroupId)) }
		g := b.policy.groups[id.GroupId]
		switch {
		case g == nil:
			b.unknownGroup(path(), id.GroupId)
		case slices.Contains(b.eni.Groups, g):
			if !b.at.Answer {
				b.Add(path(), "stands twice")
			}
		case g.config.VpcId == b.eni.VPC.ID, lends(lent[ec2.SecurityGroupVpcAssociation{GroupId: g.ID, VpcId: b.eni.VPC.ID}]):
			b.eni.Groups = append(b.eni.Groups, g)
		default:
			b.notLent(g, path(), lent[ec2.SecurityGroupVpcAssociation{GroupId: g.ID, VpcId: b.eni.VPC.ID}])
		}
	}
	b.shareGroups()
}

// unknownGroup: who is in a group is known from the ENI, and not what the
// group allows.
func (b *eniBuilder) unknownGroup(path, id string) {
	at := spot{path, b.at.list, b.at.Place}
	if !b.at.Answer || b.compiler.config.SecurityGroups != nil && !b.excused(at, GroupRulesUnknown, ec2.Shorten(id)) {
		b.unknown(path, "SecurityGroups", id)
		return
	}
	b.addGroup(&ec2.SecurityGroup{GroupId: id, VpcId: b.eni.VPC.ID})
	b.eni.Groups = append(b.eni.Groups, b.policy.groups[id])
}

// notLent is for a group of another VPC whose association with the ENI's is not
// in force, or not known.
func (b *eniBuilder) notLent(g *Group, path, state string) {
	what := fmt.Sprintf("%s is a group of %s; its association with %s is %s", g.ID, ec2.Shorten(g.config.VpcId), b.eni.VPC.ID,
		cmp.Or(ec2.Shorten(state), "not in the configuration (aws ec2 describe-security-group-vpc-associations)"))
	if !b.excused(spot{path, b.at.list, b.at.Place}, GroupNotLent, what) && !b.unread.mayHave("SecurityGroupVpcAssociations") {
		b.conflict(path, b.spots["SecurityGroups "+g.ID].path, "is a group of %s, the ENI is in %s", g.config.VpcId, b.eni.VPC.ID)
	}
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
