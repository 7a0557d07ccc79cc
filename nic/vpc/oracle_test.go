package vpc

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/vpc/vpctest"
	"nitrocard/nic/wire"
	"nitrocard/tables/oracle"
)

// loop judges by a literal loop over the rules of the configuration, with
// nothing from the compiler but the text of a protocol.
type loop struct{ *Config }

type judgement struct {
	allowed, untracked bool
	group, path        string // of the first rule, in order of group IDs
}

func (o loop) judge(e *ec2.NetworkInterface, q Query) (j judgement) {
	groups := slices.Clone(e.Groups)
	slices.SortFunc(groups, func(a, b ec2.GroupIdentifier) int { return slices.Compare([]byte(a.GroupId), []byte(b.GroupId)) })
	everywhere, open := false, false
	for _, g := range groups {
		sg := o.group(g.GroupId)
		for i, perm := range permissions(sg, q.Dir) {
			if !o.covers(perm, q) {
				continue
			}
			if o.from(e, perm, q.Remote) && !j.allowed {
				j = judgement{allowed: true, group: g.GroupId, path: permissionPath(q.Dir, i)}
			}
			everywhere = everywhere || o.anywhere(perm, q)
		}
		for _, perm := range permissions(sg, 1-q.Dir) {
			all := perm.IpProtocol == "-1" || o.protocol(perm) == int(q.Proto) && *perm.FromPort == 0 && *perm.ToPort == 65535
			open = open || all && o.anywhere(perm, q)
		}
	}
	j.untracked = (q.Proto == 6 || q.Proto == 17) && everywhere && open
	return j
}

func (o loop) group(id string) *ec2.SecurityGroup {
	for i := range o.SecurityGroups {
		if o.SecurityGroups[i].GroupId == id {
			return &o.SecurityGroups[i]
		}
	}
	return nil
}

func (o loop) protocol(perm ec2.IpPermission) int {
	n, err := parseProtocol(perm.IpProtocol)
	if err != nil {
		panic(err)
	}
	return n
}

func (o loop) covers(perm ec2.IpPermission, q Query) bool {
	proto := o.protocol(perm)
	switch {
	case proto == -1:
		return true
	case proto != int(q.Proto):
		return false
	case proto == 1 && q.Remote.Is4() || proto == 58 && !q.Remote.Is4():
		kind, code := int(q.Port>>8), int(q.Port&255)
		return (*perm.FromPort == -1 || *perm.FromPort == kind) && (*perm.ToPort == -1 || *perm.ToPort == code)
	case proto == 6 || proto == 17:
		return *perm.FromPort <= int(q.Port) && int(q.Port) <= *perm.ToPort
	}
	return true
}

func (o loop) cidrs(perm ec2.IpPermission) (all []netip.Prefix) {
	for _, r := range perm.IpRanges {
		all = append(all, r.CidrIp)
	}
	for _, r := range perm.Ipv6Ranges {
		all = append(all, r.CidrIpv6)
	}
	for _, named := range perm.PrefixListIds {
		for _, l := range o.ManagedPrefixLists {
			for _, e := range l.Entries {
				if l.PrefixListId == named.PrefixListId {
					all = append(all, e.Cidr)
				}
			}
		}
	}
	return all
}

func (o loop) anywhere(perm ec2.IpPermission, q Query) bool {
	return slices.ContainsFunc(o.cidrs(perm), func(p netip.Prefix) bool { return p.Bits() == 0 && p.Addr().Is4() == q.Remote.Is4() })
}

func (o loop) from(e *ec2.NetworkInterface, perm ec2.IpPermission, remote wire.Addr) bool {
	if slices.ContainsFunc(o.cidrs(perm), func(p netip.Prefix) bool { return p.Contains(remote.Netip()) }) {
		return true
	}
	for _, pair := range perm.UserIdGroupPairs {
		for _, member := range o.NetworkInterfaces {
			in := slices.ContainsFunc(member.Groups, func(g ec2.GroupIdentifier) bool { return g.GroupId == pair.GroupId })
			if in && holds(&member, remote.Netip()) && o.vpcOf(&member) == o.vpcOf(e) {
				return true
			}
		}
	}
	return false
}

// holds tells whether an ENI has an address of its own, or one of a prefix.
func holds(e *ec2.NetworkInterface, addr netip.Addr) bool {
	return e.PrivateIpAddress == addr || len(e.Ipv6Addresses) > 0 && e.Ipv6Addresses[0].Ipv6Address == addr || len(e.Ipv6Prefixes) > 0 && e.Ipv6Prefixes[0].Ipv6Prefix.Contains(addr)
}

func (o loop) vpcOf(e *ec2.NetworkInterface) string {
	for _, s := range o.Subnets {
		if s.SubnetId == e.SubnetId {
			return s.VpcId
		}
	}
	return ""
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// Values that meet each other often, and the ends of each range.
var (
	somePorts  = []int{0, 1, 22, 23, 80, 443, 1024, 65534, 65535}
	someCIDRs  = []string{"0.0.0.0/0", "10.0.0.0/8", "10.0.1.0/24", "10.0.1.5/32", "10.0.1.6/31", "255.255.255.255/32", "0.0.0.0/1", "128.0.0.0/1", "10.0.1.9/24"}
	someBlocks = []string{"::/0", "2001:db8::/32", "2001:db8:0:1::/64", "2001:db8:0:1::5/128", "2001:db8:0:1::6/127", "8000::/1", "::/1", "2001:db8:0:1::9/64"}
	someRemote = []string{"0.0.0.0", "10.0.1.4", "10.0.1.5", "10.0.1.6", "10.0.1.7", "10.0.1.8", "10.0.2.5", "9.255.255.255", "11.0.0.0", "127.255.255.255", "255.255.255.255",
		"::1", "2001:db8:0:1::4", "2001:db8:0:1::5", "2001:db8:0:1::6", "2001:db8:0:1::7", "2001:db8:0:1:1::", "2001:db8:0:1:2:ffff:ffff:ffff", "2001:db8:0:1:3::", "2001:db8:0:2::5", "fd00::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}
)

func randomPermission(r *rand.Rand) ec2.IpPermission {
	p := ec2.IpPermission{IpProtocol: pick(r, "-1", "tcp", "udp", "6", "17", "icmp", "1", "47", "58", "icmpv6")}
	from, to := pick(r, somePorts...), pick(r, somePorts...)
	p.FromPort, p.ToPort = new(min(from, to)), new(max(from, to))
	if slices.Contains([]string{"icmp", "1", "icmpv6", "58"}, p.IpProtocol) {
		p.FromPort, p.ToPort = new(pick(r, 0, 3, 8, 255)), new(pick(r, -1, 0, 4, 255))
		if r.IntN(4) == 0 {
			p.FromPort, p.ToPort = new(-1), new(-1)
		}
	}
	for range r.IntN(3) {
		p.IpRanges = append(p.IpRanges, ec2.IpRange{CidrIp: netip.MustParsePrefix(pick(r, someCIDRs...))})
	}
	for range r.IntN(3) {
		p.Ipv6Ranges = append(p.Ipv6Ranges, ec2.Ipv6Range{CidrIpv6: netip.MustParsePrefix(pick(r, someBlocks...))})
	}
	if r.IntN(4) == 0 {
		p.PrefixListIds = []ec2.PrefixListId{{PrefixListId: pick(r, "pl-0", "pl-1")}}
	}
	if r.IntN(3) == 0 {
		p.UserIdGroupPairs = []ec2.UserIdGroupPair{{GroupId: fmt.Sprintf("sg-%d", r.IntN(4))}}
	}
	return p
}

// randomRegion has two VPCs with the same addresses, and four groups in each.
func randomRegion(r *rand.Rand) *Config {
	c := &Config{}
	for i := range 2 {
		entries, from := []ec2.PrefixListEntry{}, pick(r, someCIDRs, someBlocks)
		for range r.IntN(4) {
			entries = append(entries, ec2.PrefixListEntry{Cidr: netip.MustParsePrefix(pick(r, from...))})
		}
		c.ManagedPrefixLists = append(c.ManagedPrefixLists, ec2.ManagedPrefixList{PrefixListId: fmt.Sprintf("pl-%d", i), Entries: entries})
	}
	for v := range 2 {
		vpc, subnet := fmt.Sprintf("vpc-%d", v), fmt.Sprintf("subnet-%d", v)
		c.Vpcs = append(c.Vpcs, ec2.Vpc{VpcId: vpc, CidrBlock: netip.MustParsePrefix("10.0.0.0/16"),
			Ipv6CidrBlockAssociationSet: []ec2.VpcIpv6CidrBlockAssociation{{Ipv6CidrBlock: netip.MustParsePrefix("2001:db8::/56")}}})
		c.Subnets = append(c.Subnets, ec2.Subnet{SubnetId: subnet, VpcId: vpc, CidrBlock: netip.MustParsePrefix("10.0.1.0/24"),
			Ipv6CidrBlockAssociationSet: []ec2.SubnetIpv6CidrBlockAssociation{{Ipv6CidrBlock: netip.MustParsePrefix("2001:db8:0:1::/64")}}})
		for g := range 4 {
			sg := ec2.SecurityGroup{GroupId: fmt.Sprintf("sg-%d", 4*v+g), VpcId: vpc}
			for range r.IntN(5) {
				sg.IpPermissions = append(sg.IpPermissions, randomPermission(r))
			}
			for range r.IntN(3) {
				sg.IpPermissionsEgress = append(sg.IpPermissionsEgress, randomPermission(r))
			}
			sg.IpPermissions, sg.IpPermissionsEgress = vpctest.Distinct(sg.IpPermissions), vpctest.Distinct(sg.IpPermissionsEgress)
			c.SecurityGroups = append(c.SecurityGroups, sg)
		}
		for i := range 4 {
			e := ec2.NetworkInterface{NetworkInterfaceId: fmt.Sprintf("eni-%d-%d", v, i), SubnetId: subnet, MacAddress: wire.MAC{2, byte(v), byte(i)},
				PrivateIpAddress: addrOf(ip("10.0.1.4").As4() + uint32(i))}
			switch r.IntN(3) {
			case 0:
				e.Ipv6Addresses = []ec2.NetworkInterfaceIpv6Address{{Ipv6Address: netip.MustParseAddr(fmt.Sprintf("2001:db8:0:1::%d", 4+i))}}
			case 1:
				e.Ipv6Prefixes = []ec2.Ipv6PrefixSpecification{{Ipv6Prefix: netip.MustParsePrefix(fmt.Sprintf("2001:db8:0:1:%d::/80", i+1))}}
			}
			for _, g := range r.Perm(4)[:r.IntN(4)] {
				e.Groups = append(e.Groups, ec2.GroupIdentifier{GroupId: fmt.Sprintf("sg-%d", 4*v+g)})
			}
			c.NetworkInterfaces = append(c.NetworkInterfaces, e)
		}
	}
	return c
}

func agree(t *testing.T, c *Config, p *Policy, q Query) {
	for i := range c.NetworkInterfaces {
		e := &c.NetworkInterfaces[i]
		want := loop{c}.judge(e, q)
		m := p.ENI(e.NetworkInterfaceId).Match(q)
		rule := p.Region.Rule(m.Rule)
		require.Equal(t, want, judgement{m.Allowed, m.Untracked, rule.Group, rule.Path}, "%s %+v %v", e.NetworkInterfaceId, q, rule)
	}
}

func TestMatchAgreesWithTheLoop(t *testing.T) {
	r := oracle.Random(t)
	for range 60 {
		c := randomRegion(r)
		p := compiled(t, c, CompileOptions{})
		for range 200 {
			q := Query{ip(pick(r, someRemote...)), uint16(pick(r, somePorts...)), pick[uint8](r, 1, 6, 17, 47, 58, 255), wire.Direction(r.IntN(2))}
			if q.Proto == wire.ProtoICMP || q.Proto == wire.ProtoICMPv6 {
				q.Port = pick[uint16](r, 0, 3<<8|4, 8<<8, 255<<8|255, 3<<8)
			}
			agree(t, c, p, q)
		}
	}
}

func FuzzMatch(f *testing.F) {
	f.Add(uint64(1), uint64(0), uint64(0xffff_0a000105), uint16(80), uint8(6), uint8(0))
	f.Add(uint64(2), uint64(0), uint64(0xffff_0a000104), uint16(8<<8), uint8(1), uint8(1))
	f.Add(uint64(3), uint64(0x20010db8_00000001), uint64(5), uint16(8<<8), uint8(58), uint8(1))
	f.Fuzz(func(t *testing.T, seed, hi, lo uint64, port uint16, proto, dir uint8) {
		c := randomRegion(rand.New(rand.NewPCG(seed, 0)))
		agree(t, c, compiled(t, c, CompileOptions{}), Query{wire.AddrFromWords(hi, lo), port, proto, wire.Direction(dir & 1)})
	})
}
