package vpc

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/tables/oracle"
)

// world makes random objects that meet each other often.
type world struct{ *rand.Rand }

func (w world) id(prefix string, n int) string { return fmt.Sprint(prefix, w.IntN(n)) }

func (w world) edit() Edit {
	make := pick(w.Rand, w.vpc, w.subnet, w.subnet, w.table, w.gateway, w.nat, w.list, w.group, w.group, w.group, w.eni, w.eni, w.eni, w.eni, w.eni, w.address, w.acl, w.peering, w.place, w.place, w.machine, w.userData, w.key, w.attribute)
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
		return all
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
		e.Ipv6Prefixes = []ec2.Ipv6PrefixSpecification{{Ipv6Prefix: netip.MustParsePrefix(fmt.Sprintf("2001:db8:%d:%d:%d::/80", v/far, n, w.IntN(2)))}}
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

// After any sequence of changes a region, and the policies made of it one after
// the other, are what they would be if all had been compiled at once.
func TestChangesAgreeWithTheWhole(t *testing.T) {
	r := oracle.Random(t)
	for range 6 {
		storm(t, r, 150)
	}
}

func storm(t *testing.T, r *rand.Rand, changes int) {
	w := world{r}
	now := plain{beginning()}
	region, err := NewRegion(now.Config)
	require.NoError(t, err)
	follower, err := NewRegion(now.Config)
	require.NoError(t, err)
	mapped := EmptyRegion()
	policies := map[string]*Policy{}
	taken := 0
	for range changes {
		next, edits := now, []Edit(nil)
		for range 1 + r.IntN(3) {
			e := w.edit()
			if r.IntN(12) == 0 {
				e = w.exits(next.Placement)
			}
			after, ok := next.edited(e)
			if !ok {
				continue
			}
			next, edits = after, append(edits, e)
		}
		whole, refused := NewRegion(next.Config)
		changed, err := region.Change(edits...)
		if r.IntN(4) == 0 { // a whole configuration is a change, too
			changed, err = region.Become(next.Config)
		}
		require.Equal(t, refused == nil, err == nil, "at once: %v; one by one: %v; %+v", refused, err, edits)
		if err != nil {
			continue
		}
		taken++
		now, region = next, changed
		require.Equal(t, meaning(t, whole), meaning(t, region))
		follower = follow(t, follower, region.Edits())
		require.Equal(t, sorted(region), sorted(follower))
		mapped = followMapped(t, mapped, region, r.IntN(3))
		sameVNIs := maps.Equal(maps.Collect(region.VNIs()), maps.Collect(mapped.VNIs()))
		for _, card := range []string{"x", "y"} {
			policies[card], err = region.Policy(card, policies[card])
			require.NoError(t, err)
			once, err := whole.Policy(card, nil)
			require.NoError(t, err)
			require.Equal(t, judgements(once), judgements(policies[card]))
			behind, err := mapped.Policy(card, nil)
			require.NoError(t, err)
			if sameVNIs { // edits tell no order of VPCs, which decides on VNIs that Placement leaves out
				require.Equal(t, judgements(once), judgements(behind))
			}
		}
	}
	t.Logf("%d of %d changes were good; %d ENIs are left", taken, changes, region.onCard.Len())
	require.Greater(t, taken, changes/4)
	// The configuration comes back as it was put in, and is the same region.
	same, err := region.Become(region.Config())
	require.NoError(t, err)
	require.Equal(t, nothing, same.Diff())
	// So it does as edits.
	again := follow(t, EmptyRegion(), slices.Collect(region.All()))
	require.Equal(t, sorted(region), sorted(again))
}

// follow has a region take edits that came in JSON.
func follow(t *testing.T, r *Region, edits []Edit) *Region {
	sent, err := json.Marshal(edits)
	require.NoError(t, err)
	var came []Edit
	require.NoError(t, json.Unmarshal(sent, &came), "%s", sent)
	next, err := r.Change(came...)
	require.NoError(t, err, "%s", sent)
	return next
}

// sorted are a region's edits in JSON, in the order of their text.
func sorted(r *Region) (all []string) {
	for e := range r.All() {
		text, _ := json.Marshal(e)
		all = append(all, string(text))
	}
	slices.Sort(all)
	return all
}

var index = regexp.MustCompile(`\[\d+\] `)

// meaning is all that a region knows, without the numbers that it gave.
func meaning(t *testing.T, r *Region) []string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	for _, id := range r.networks.Keys() {
		n, _ := r.networks.Get(id)
		add("vpc %s %d %v, edge %v, usual %v", id, n.VNI, n.cidrs, *r.Station(n.Station), lines(n.usual))
		require.Same(t, n.VPC, r.VPC(n.VNI))
		n.mapping.pages.Scan(func(number uint32, p *page) bool {
			for i, e := range p.enis {
				if e != nil {
					add("%s: %s is %s", id, addrOf(number<<pageBits+uint32(i)), e.ID)
					require.Same(t, r.ENI(e.ID), e)
				}
			}
			return true
		})
		n.mapping.ranges.Scan(func(h held) bool {
			add("%s: %s to %s is %s", id, h.first, h.last, h.by.ID)
			require.Same(t, r.ENI(h.by.ID), h.by)
			return true
		})
		var blocks []string
		for _, b := range n.subnets.Items() {
			blocks = append(blocks, b.String()+" "+b.of.ID)
		}
		add("%s: macs %v, subnets %v", id, n.macs.numbers(0), blocks)
	}
	for _, id := range slices.Sorted(maps.Keys(r.place.exits.of)) {
		x := r.place.exits.of[id]
		end := r.VTEPs()[x.VTEP]
		require.Same(t, x, r.ExitAt(end.Addr, x.VNI))
		require.Same(t, x, end.Exit)
		add("exit %s %v %v %v", id, end.Addr, end.MAC, *r.Station(x.Station))
	}
	r.outward.Scan(func(via string, n int) bool { add("%d lead to %s", n, via); return true })
	r.peers.Scan(func(key string, p *peering) bool {
		add("%s: %v %v %v", key, p.vpcs, p.regional, p.here)
		return true
	})
	r.subnets.Scan(func(id string, s *Subnet) bool {
		t := r.routesOf(s)
		add("subnet %s in %s %v routes %s %v", id, s.VPC.ID, []any{s.Prefix, s.Prefix6}, t.id, lines(t))
		if a := r.aclOf(s); a != nil {
			add("subnet %s has ACL %s %v", id, a.at.id(), a.lists)
		}
		return true
	})
	r.objects["NetworkInterfaces"].Scan(func(id string, o *object) bool {
		e := r.ENI(id)
		if e == nil {
			return true
		}
		n, _ := r.networks.Get(e.Subnet.VPC.ID)
		require.Same(t, n.VPC, e.Subnet.VPC)
		s, _ := r.subnets.Get(e.Subnet.ID)
		require.Same(t, s, e.Subnet)
		var groups []string
		for _, g := range e.Groups {
			now, _ := r.groups.Get(g.ID)
			require.Same(t, now.Group, g)
			groups = append(groups, g.ID+" "+g.Name)
		}
		add("eni %s of %s on %d in %s, %v, %v, %v, %v %v %s", id, e.Instance, e.Card, e.Subnet.ID, e.Addrs(), groups, e.SourceDestCheck, *r.Station(e.Station), e.further != nil, r.Port(e))
		return true
	})
	for i := range 4 {
		id := fmt.Sprint("i-", i)
		add("%s: %v %q", id, r.MetadataOptions(id), r.UserData(id))
	}
	for i := range 3 {
		add("key %d: %s", i, r.PublicKey(fmt.Sprint("key", i)))
	}
	r.nats.Scan(func(id string, g *NATGateway) bool {
		of, _ := r.natENIs.Get(g.eni)
		require.Same(t, g, of)
		_, e := r.NAT(id)
		add("nat %s is %s, private %v, sends from %v", id, g.eni, g.Private, g.Pool(e))
		return true
	})
	require.Equal(t, r.nats.Len(), r.natENIs.Len())
	r.public.Scan(func(a uint32, e *ENI) bool {
		require.Same(t, r.ENI(e.ID), e)
		add("public %s is %s", addrOf(a), e.ID)
		return true
	})
	r.forwards.Scan(func(key uint64, n int) bool { add("forwards %x %d", key, n); return true })
	r.members.Scan(func(id string, n int) bool { add("%s has %d", id, n); return true })
	add("users %q, ports %v, vnis %v, numbered %d", r.users.Keys(), r.ports.numbers(0), r.vnis.Keys(), r.onCard.Len())
	for _, n := range r.Notices() {
		add("notice %s", index.ReplaceAllString(n.String(), " "))
	}
	rules := 0
	r.rules.Scan(func(base RuleID, g *groupRules) bool {
		now, _ := r.groups.Get(g.ID)
		require.Same(t, now, g)
		require.Equal(t, base, g.base)
		rules++
		return true
	})
	require.Equal(t, r.groups.Len(), rules)
	return all
}

func lines(t *routeTable) (all []string) {
	for prefix, route := range t.lines.All() {
		all = append(all, fmt.Sprint(prefix, *route))
	}
	slices.Sort(all)
	return all
}

// judgements are what a policy says of some packets.
func judgements(p *Policy) []string {
	var all []string
	for _, e := range p.ENIs {
		if e == nil {
			continue
		}
		all = append(all, fmt.Sprint(e.NameService(p.Region), p.Region.Hostname(e)))
		s := fmt.Sprintf("%s %s %d %v %s %d:", e.ID, e.Port, e.VNI, e.RouterMAC, e.Routes(), e.Owner)
		for _, remote := range []string{"10.0.0.5", "10.0.1.6", "10.0.2.7", "10.32.0.5", "10.32.1.6", "203.0.113.9", "192.0.2.5",
			"2001:db8::5", "2001:db8:0:1::6", "2001:db8:0:2:1::9", "2001:db8:1:1::6", "2001:db8:ffff::1"} {
			for _, dir := range []wire.Direction{wire.In, wire.Out} {
				for _, port := range []uint16{22, 80, 443} {
					m := e.Match(Query{ip(remote), port, pick[uint8](rand.New(rand.NewPCG(uint64(port), 1)), 6, 17), dir})
					s += fmt.Sprint(m.Allowed, m.Untracked, p.Region.Rule(m.Rule))
				}
			}
			n := e.Neighbor(ip(remote))
			for _, dir := range []wire.Direction{wire.In, wire.Out} {
				q := Query{ip(remote), 80, 17, dir}
				one, by := e.Admits(q)
				all, byAll := e.AdmitsAll(q)
				s += fmt.Sprint(e.ACL(), e.OnLink(q.Remote), e.Guarded(dir, q.Remote), one, by, all, byAll)
			}
			for by := range Gateway(2) {
				if r := e.Inward(by, ip(remote)); r != nil {
					s += r.String()
				}
			}
			for _, x := range []string{"tgw-0", "tgw-1", "vgw-0", "vgw-1"} {
				if x := p.Region.Exit(x); x != nil {
					s += fmt.Sprint(x.ID, e.LeadsOut(ip(remote), x), e.LeadsOutByVPN(ip(remote), p.Region))
				}
			}
			route := e.Route(ip(remote))
			s += fmt.Sprint(e.NAT != nil, route, n != nil && p.Own(n) != nil)
			if to := p.Region.Interface(route.Via); to != nil {
				s += to.ID
			}
			for _, peer := range e.Peers() {
				s += fmt.Sprint(peer.ID, peer.VPC.ID, peer.VPC.VNI, peer.Regional, peer.Has(ip(remote)))
				if n := peer.Holder(ip(remote)); n != nil {
					s += n.ID
				}
			}
		}
		if p.FindENI(e.VNI, e.MAC) != e {
			s += " is not in the table"
		}
		all = append(all, s)
	}
	slices.Sort(all)
	return all
}

// What is said of an ENI's place goes with the ENI, and comes with it, in whatever
// order the edits of one change are.
func TestPlacesOfENIsThatComeAndGo(t *testing.T) {
	region, err := NewRegion(story(t))
	require.NoError(t, err)
	onY := Edit{KindENIPlacement, "eni-a4", &ENIPlacement{Card: "y", Port: "tap:a4"}}
	come, err := Put("NetworkInterfaces", []byte(eniA4))
	require.NoError(t, err)
	with, err := region.Change(onY, come)
	require.NoError(t, err)
	y, err := with.Policy("y", nil)
	require.NoError(t, err)
	require.Equal(t, "tap:a4", y.ENI("eni-a4").Port)
	require.Equal(t, Diff{[]string{"NetworkInterfaces eni-a4"}, []string{"Placement"}, []string{}}, with.Diff())

	// One change that says where it is, and that it goes.
	without, err := with.Change(onY, Edit{Kind: "NetworkInterfaces", ID: "eni-a4"})
	require.NoError(t, err)
	require.Equal(t, meaning(t, region), meaning(t, without))
	_, err = without.Change(onY)
	require.ErrorContains(t, err, `there is no "eni-a4" in NetworkInterfaces`)

	// A whole configuration in which it is elsewhere.
	config := with.Config()
	config.Placement = moved(config.Placement, Edit{KindENIPlacement, "eni-a4", &ENIPlacement{Card: "x"}})
	on, err := with.Become(config)
	require.NoError(t, err)
	x, err := on.Policy("x", nil)
	require.NoError(t, err)
	require.Equal(t, "tap:eni-a4", x.ENI("eni-a4").Port)
	require.Equal(t, Diff{[]string{}, []string{"Placement"}, []string{}}, on.Diff())
}

// An error changes nothing, and is about the object that is wrong.
func TestChangeIsTakenWholeOrNot(t *testing.T) {
	region, err := NewRegion(story(t))
	require.NoError(t, err)
	before := meaning(t, region)
	_, err = region.Change(
		Edit{"SecurityGroups", "sg-new", &ec2.SecurityGroup{GroupId: "sg-new", VpcId: "vpc-a"}},
		Edit{"SecurityGroups", "sg-a-web", nil},
		Edit{"Elephants", "e-1", nil},
	)
	for _, want := range []string{`NetworkInterfaces[0] eni-a1: Groups[0] sg-a-web: there is no "sg-a-web" in SecurityGroups`, `"Elephants" is no kind of object`, `SecurityGroups[1] sg-a-db: IpPermissions[0]: UserIdGroupPairs: there is no "sg-a-web"`} {
		require.ErrorContains(t, err, want)
	}
	require.Equal(t, before, meaning(t, region))
	require.False(t, strings.Contains(strings.Join(before, " "), "sg-new"))
}
