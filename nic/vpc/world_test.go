package vpc

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/vpc/vpctest"
	"nitrocard/nic/wire"
)

// world makes random objects that meet each other often.
type world struct{ *rand.Rand }

func (w world) id(prefix string, n int) string { return fmt.Sprint(prefix, w.IntN(n)) }

func (w world) edit() Edit {
	make := pick(w.Rand, w.vpc, w.subnet, w.subnet, w.table, w.gateway, w.nat, w.list, w.group, w.group, w.group, w.eni, w.eni, w.eni, w.eni, w.eni, w.address, w.acl, w.peering, w.place, w.place, w.machine, w.userData, w.key, w.kind, w.attribute)
	e := make()
	often := map[string]int{"NetworkInterfaces": 4, "Addresses": 3, "RouteTables": 3, "VpcPeeringConnections": 3, KindENIPlacement: 3}[e.Kind]
	if w.IntN(max(often, 12)) == 0 || often > 0 && w.IntN(often) == 0 {
		e.Object = nil
	}
	return e
}

// far is the VPC whose addresses are others than those of the rest, so that it can peer.
const far = 2

// net is the second byte of a VPC's addresses.
func net(vpc int) byte { return byte(32 * (vpc / far)) }

// block6 is a VPC's IPv6 block.
func block6(vpc int) netip.Prefix {
	return netip.MustParsePrefix(fmt.Sprintf("2001:db8:%d::/56", vpc/far))
}

func (w world) vpc() Edit {
	n := w.IntN(3)
	v := &ec2.Vpc{VpcId: fmt.Sprint("vpc-", n), CidrBlock: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, net(n)}), 16)}
	if w.IntN(2) == 0 {
		v.CidrBlockAssociationSet = []ec2.VpcCidrBlockAssociation{{CidrBlock: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, net(n) + 1}), 16)}}
	}
	if w.IntN(4) > 0 {
		v.Ipv6CidrBlockAssociationSet = []ec2.VpcIpv6CidrBlockAssociation{{Ipv6CidrBlock: block6(n)}}
	}
	return Edit{"Vpcs", v.VpcId, v}
}

func (w world) peering() Edit {
	a, b := w.IntN(3), far
	if w.IntN(8) > 0 {
		a = w.IntN(far)
	}
	p := &ec2.VpcPeeringConnection{VpcPeeringConnectionId: w.id("pcx-", 2)}
	p.RequesterVpcInfo.VpcId, p.AccepterVpcInfo.VpcId = fmt.Sprint("vpc-", a), fmt.Sprint("vpc-", b)
	if w.IntN(2) == 0 {
		p.RequesterVpcInfo, p.AccepterVpcInfo = p.AccepterVpcInfo, p.RequesterVpcInfo
	}
	p.RequesterVpcInfo.Region, p.AccepterVpcInfo.Region = "eu-central-1", pick(w.Rand, "", "eu-central-1", "eu-west-1")
	p.Status.Code = pick(w.Rand, "", "active", "active", "deleted")
	return Edit{"VpcPeeringConnections", p.VpcPeeringConnectionId, p}
}

func (w world) subnet() Edit {
	v, n := w.IntN(3), w.IntN(3)
	block := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, net(v) + byte(w.IntN(5)/4), byte(n), 0}), pick(w.Rand, 24, 24, 24, 23, 25)).Masked()
	s := &ec2.Subnet{SubnetId: fmt.Sprintf("subnet-%d%d", v, n), VpcId: fmt.Sprint("vpc-", v), CidrBlock: block}
	if w.IntN(3) > 0 {
		block := netip.MustParsePrefix(fmt.Sprintf("2001:db8:%d:%d::/%d", v/far, n, pick(w.Rand, 64, 64, 60))).Masked()
		s.Ipv6CidrBlockAssociationSet = []ec2.SubnetIpv6CidrBlockAssociation{{Ipv6CidrBlock: block}}
		if w.IntN(4) == 0 {
			s.CidrBlock = netip.Prefix{}
		}
	}
	return Edit{"Subnets", s.SubnetId, s}
}

func (w world) table() Edit {
	v := w.IntN(3)
	t := &ec2.RouteTable{RouteTableId: fmt.Sprintf("rtb-%d%d", v, w.IntN(3)), VpcId: fmt.Sprint("vpc-", v)}
	if w.IntN(8) == 0 {
		t.Associations = []ec2.RouteTableAssociation{{GatewayId: fmt.Sprint(pick(w.Rand, "igw-", "vgw-"), v)}}
		t.Routes = []ec2.Route{{DestinationCidrBlock: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, net(v), byte(w.IntN(3)), 0}), pick(w.Rand, 16, 24)).Masked(), NetworkInterfaceId: fmt.Sprintf("eni-%d%d", v, w.IntN(6))}}
		return Edit{"RouteTables", t.RouteTableId, t}
	}
	if w.IntN(3) == 0 {
		t.Associations = []ec2.RouteTableAssociation{{Main: true}}
	} else {
		t.Associations = []ec2.RouteTableAssociation{{SubnetId: fmt.Sprintf("subnet-%d%d", v, w.IntN(3))}}
	}
	t.Routes = []ec2.Route{{DestinationCidrBlock: netip.MustParsePrefix("0.0.0.0/0"), GatewayId: fmt.Sprint("igw-", v)}}
	if w.IntN(3) == 0 {
		to := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, net(v) ^ net(far), byte(w.IntN(3)), 0}), pick(w.Rand, 8, 16, 24)).Masked()
		t.Routes = append(t.Routes, ec2.Route{DestinationCidrBlock: to, VpcPeeringConnectionId: w.id("pcx-", 2)})
	}
	switch w.IntN(10) {
	case 8:
		t.Routes = append(t.Routes, ec2.Route{DestinationCidrBlock: netip.MustParsePrefix("192.0.2.0/24"), TransitGatewayId: w.id("tgw-", 2)})
	case 9:
		t.Routes = append(t.Routes, ec2.Route{DestinationPrefixListId: w.id("pl-", 2), GatewayId: fmt.Sprint("vgw-", v)})
	case 2:
		t.Routes = append(t.Routes, ec2.Route{DestinationCidrBlock: netip.MustParsePrefix("192.0.2.0/24"), NetworkInterfaceId: fmt.Sprintf("eni-%d%d", v, w.IntN(6))})
	case 3:
		t.Routes = append(t.Routes, ec2.Route{DestinationCidrBlock: netip.MustParsePrefix("192.0.2.0/24"), InstanceId: w.id("i-", 4)})
	case 4:
		block := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, net(v), byte(w.IntN(3)), 0}), 24)
		t.Routes = append(t.Routes, ec2.Route{DestinationCidrBlock: block, NetworkInterfaceId: fmt.Sprintf("eni-%d%d", v, w.IntN(6))})
	case 5:
		t.Routes = append(t.Routes, ec2.Route{DestinationIpv6CidrBlock: netip.MustParsePrefix(pick(w.Rand, someBlocks...)), GatewayId: fmt.Sprint("igw-", v)})
	case 6:
		block := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, net(v), byte(w.IntN(3)), 0}), 24)
		t.Routes = append(t.Routes, ec2.Route{DestinationCidrBlock: block, NatGatewayId: fmt.Sprintf("nat-%d%d", v, w.IntN(2))})
	case 0:
		t.Routes = append(t.Routes, ec2.Route{DestinationPrefixListId: w.id("pl-", 2), NatGatewayId: fmt.Sprintf("nat-%d%d", v, w.IntN(2))})
	case 1:
		t.Routes = append(t.Routes, ec2.Route{DestinationCidrBlock: netip.MustParsePrefix("192.0.2.0/24"), State: "blackhole", NatGatewayId: "nat-1"})
	}
	return Edit{"RouteTables", t.RouteTableId, t}
}

// exits are a Placement with other exits.
func (w world) exits(p Placement) Edit {
	p.Exits = map[string]ExitPlacement{}
	for range w.IntN(3) {
		p.Exits[pick(w.Rand, "tgw-0", "tgw-1", "vgw-0", "vgw-1")] = ExitPlacement{Vtep: netip.MustParseAddr(pick(w.Rand, "172.16.0.8", "172.16.0.9")), Vni: uint32(1 + w.IntN(8))}
	}
	return Edit{"Placement", "", &p}
}

func (w world) gateway() Edit {
	n := w.IntN(3)
	g := &ec2.InternetGateway{InternetGatewayId: fmt.Sprint("igw-", n), Attachments: []ec2.InternetGatewayAttachment{{VpcId: fmt.Sprint("vpc-", n)}}}
	return Edit{"InternetGateways", g.InternetGatewayId, g}
}

func (w world) nat() Edit {
	v := w.IntN(3)
	g := &ec2.NatGateway{NatGatewayId: fmt.Sprintf("nat-%d%d", v, w.IntN(2)), VpcId: fmt.Sprint("vpc-", v), State: pick(w.Rand, "", "available", "available", "deleted")}
	g.NatGatewayAddresses = []ec2.NatGatewayAddress{{NetworkInterfaceId: fmt.Sprintf("eni-%d%d", v, w.IntN(6)), PrivateIp: netip.AddrFrom4([4]byte{10, 0, 0, byte(4 + w.IntN(12))})}}
	return Edit{"NatGateways", g.NatGatewayId, g}
}

func (w world) list() Edit {
	l, from := &ec2.ManagedPrefixList{PrefixListId: w.id("pl-", 2)}, pick(w.Rand, someCIDRs, someBlocks)
	for range w.IntN(4) {
		l.Entries = append(l.Entries, ec2.PrefixListEntry{Cidr: netip.MustParsePrefix(pick(w.Rand, from...)).Masked()})
	}
	return Edit{"ManagedPrefixLists", l.PrefixListId, l}
}

func (w world) group() Edit {
	v := w.IntN(3)
	g := &ec2.SecurityGroup{GroupId: fmt.Sprintf("sg-%d%d", v, w.IntN(3)), VpcId: fmt.Sprint("vpc-", v), GroupName: pick(w.Rand, "a", "a", "a", "b")}
	some := func() (all []ec2.IpPermission) {
		for range w.IntN(3) {
			p := randomPermission(w.Rand)
			for i := range p.UserIdGroupPairs {
				p.UserIdGroupPairs[i].GroupId = fmt.Sprintf("sg-%d%d", pick(w.Rand, v, v, v, w.IntN(3)), w.IntN(3))
			}
			all = append(all, p)
		}
		return vpctest.Distinct(all)
	}
	g.IpPermissions, g.IpPermissionsEgress = some(), some()
	return Edit{"SecurityGroups", g.GroupId, g}
}

func (w world) eni() Edit {
	v, n, host := w.IntN(3), w.IntN(3), 4+w.IntN(12)
	e := &ec2.NetworkInterface{
		NetworkInterfaceId: fmt.Sprintf("eni-%d%d", v, w.IntN(6)), SubnetId: fmt.Sprintf("subnet-%d%d", v, n),
		MacAddress: wire.MAC{2, byte(v), 0, 0, 0, byte(w.IntN(40))}, PrivateIpAddress: netip.AddrFrom4([4]byte{10, net(v), byte(n), byte(host)}),
		Attachment: &ec2.NetworkInterfaceAttachment{InstanceId: w.id("i-", 4), DeviceIndex: w.IntN(2)},
	}
	for _, g := range w.Perm(3)[:w.IntN(3)] {
		e.Groups = append(e.Groups, ec2.GroupIdentifier{GroupId: fmt.Sprintf("sg-%d%d", v, g)})
	}
	switch w.IntN(6) {
	case 0:
		e.SourceDestCheck = new(bool)
	case 3, 4:
		e.InterfaceType = natInterface
	case 1:
		e.Ipv4Prefixes = []ec2.Ipv4PrefixSpecification{{Ipv4Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, net(v), byte(n), 32 + 16*byte(w.IntN(2))}), 28)}}
	case 2:
		e.Association = &ec2.NetworkInterfaceAssociation{PublicIp: w.public()}
	}
	switch w.IntN(4) {
	case 0:
		e.Ipv6Addresses = []ec2.NetworkInterfaceIpv6Address{{Ipv6Address: netip.MustParseAddr(fmt.Sprintf("2001:db8:%d:%d::%x", v/far, n, host))}}
	case 1:
		e.Ipv6Prefixes = []ec2.Ipv6PrefixSpecification{{Ipv6Prefix: netip.MustParsePrefix(fmt.Sprintf("2001:db8:%d:%d:%d::/80", v/far, n, 1+w.IntN(2)))}}
	}
	if w.IntN(6) == 0 && len(e.Ipv6Addresses) > 0 {
		e.PrivateIpAddress, e.Association = netip.Addr{}, nil
	}
	return Edit{"NetworkInterfaces", e.NetworkInterfaceId, e}
}

func (w world) public() netip.Addr { return netip.AddrFrom4([4]byte{203, 0, 113, byte(w.IntN(4))}) }

func (w world) address() Edit {
	a := &ec2.Address{PublicIp: w.public()}
	switch w.IntN(3) {
	case 0:
		a.NetworkInterfaceId = fmt.Sprintf("eni-%d%d", w.IntN(3), w.IntN(6))
	case 1:
		a.InstanceId = w.id("i-", 4)
	}
	return Edit{"Addresses", a.PublicIp.String(), a}
}

func (w world) acl() Edit {
	v := w.IntN(3)
	a := &ec2.NetworkAcl{NetworkAclId: fmt.Sprintf("acl-%d%d", v, w.IntN(2)), VpcId: fmt.Sprint("vpc-", v), IsDefault: w.IntN(3) == 0}
	if w.IntN(2) == 0 {
		a.Associations = []ec2.NetworkAclAssociation{{SubnetId: fmt.Sprintf("subnet-%d%d", v, w.IntN(3))}}
	}
	for i := range w.IntN(4) {
		a.Entries = append(a.Entries, ec2.NetworkAclEntry{
			RuleNumber: pick(w.Rand, 10, 30) + i, Egress: w.IntN(2) == 0, RuleAction: pick(w.Rand, "allow", "deny"), Protocol: pick(w.Rand, "-1", "17"),
			CidrBlock: netip.MustParsePrefix(pick(w.Rand, someCIDRs...)), PortRange: &ec2.PortRange{From: 80, To: 443},
		})
		if e := &a.Entries[i]; w.IntN(2) == 0 {
			e.CidrBlock, e.Ipv6CidrBlock = netip.Prefix{}, netip.MustParsePrefix(pick(w.Rand, someBlocks...))
		}
	}
	return Edit{"NetworkAcls", a.NetworkAclId, a}
}

// machine is an instance, whose ENIs may be on another card, or nowhere.
func (w world) machine() Edit {
	i := &ec2.Instance{InstanceId: w.id("i-", 4), KeyName: w.id("key", 3), MetadataOptions: &ec2.InstanceMetadataOptionsResponse{HttpPutResponseHopLimit: w.IntN(3)}}
	if w.IntN(3) == 0 {
		i.KeyName, i.MetadataOptions = "", nil
	}
	return Edit{"Instances", i.InstanceId, i}
}

func (w world) userData() Edit {
	a := &ec2.InstanceAttribute{InstanceId: w.id("i-", 4), UserData: ec2.UserData{Value: pick(w.Rand, "", "eA==", "eHg=")}}
	return Edit{"InstanceAttributes", a.InstanceId, a}
}

func (w world) attribute() Edit {
	a := &ec2.VpcAttribute{VpcId: w.id("vpc-", 3), EnableDnsSupport: &ec2.AttributeBooleanValue{Value: w.IntN(2) == 0}}
	return Edit{"VpcAttributes", a.VpcId, a}
}

func (w world) key() Edit {
	k := &ec2.KeyPair{KeyPairId: w.id("key-", 4), KeyName: w.id("key", 2), PublicKey: pick(w.Rand, "ssh-rsa a", "ssh-rsa b", "")}
	return Edit{"KeyPairs", k.KeyPairId, k}
}

func (w world) kind() Edit {
	t := &ec2.InstanceTypeInfo{InstanceType: pick(w.Rand, "t3.nano", "z9.huge"), VCpuInfo: &ec2.VCpuInfo{DefaultVCpus: pick(w.Rand, 0, 2, 64)}}
	t.NetworkInfo = &ec2.NetworkInfo{NetworkCards: []ec2.NetworkCardInfo{{BaselineBandwidthInGbps: pick(w.Rand, 0, 5.0), PeakBandwidthInGbps: pick(w.Rand, 5.0, 50.0)}}}
	return Edit{"InstanceTypes", t.InstanceType, t}
}

func (w world) place() Edit {
	p := &ENIPlacement{Card: pick(w.Rand, "x", "y"), Port: pick(w.Rand, "", "", "tap:1", "tap:2")}
	return Edit{KindENIPlacement, fmt.Sprintf("eni-%d%d", w.IntN(3), w.IntN(6)), p}
}

// beginning is a region in which every kind of list is there, and no ENI.
func beginning() *Config {
	c := &Config{Placement: Placement{
		Cards: []CardPlacement{{Name: "x", Vtep: netip.MustParsePrefix("172.16.0.11/24")}, {Name: "y", Vtep: netip.MustParsePrefix("172.16.0.12/24")}},
		Ports: map[string]string{},
	}}
	v := reflect.ValueOf(c).Elem()
	for _, kind := range kinds {
		list := v.FieldByName(kind)
		list.Set(reflect.MakeSlice(list.Type(), 0, 0))
	}
	for v := range 3 {
		id, all := fmt.Sprint("vpc-", v), netip.PrefixFrom(netip.AddrFrom4([4]byte{10, net(v)}), 16)
		c.Vpcs = append(c.Vpcs, ec2.Vpc{VpcId: id, CidrBlock: all, Ipv6CidrBlockAssociationSet: []ec2.VpcIpv6CidrBlockAssociation{{Ipv6CidrBlock: block6(v)}}})
		c.InternetGateways = append(c.InternetGateways, ec2.InternetGateway{InternetGatewayId: fmt.Sprint("igw-", v), Attachments: []ec2.InternetGatewayAttachment{{VpcId: id}}})
		for n := range 3 {
			block := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, net(v), byte(n), 0}), 24)
			c.Subnets = append(c.Subnets, ec2.Subnet{SubnetId: fmt.Sprintf("subnet-%d%d", v, n), VpcId: id, CidrBlock: block,
				Ipv6CidrBlockAssociationSet: []ec2.SubnetIpv6CidrBlockAssociation{{Ipv6CidrBlock: netip.MustParsePrefix(fmt.Sprintf("2001:db8:%d:%d::/64", v/far, n))}}})
			c.SecurityGroups = append(c.SecurityGroups, ec2.SecurityGroup{GroupId: fmt.Sprintf("sg-%d%d", v, n), VpcId: id, GroupName: "a"})
		}
	}
	c.ManagedPrefixLists = []ec2.ManagedPrefixList{{PrefixListId: "pl-0"}, {PrefixListId: "pl-1"}}
	return c
}
