package vpc

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/tables/oracle"
)

// has tells whether the box has a packet.
func (b *box) has(q Query) bool {
	f, addr := familyOf(q.Remote), q.Remote.Netip()
	kind, x := classOf(f, q.Proto), uint32(q.Port)
	if kind == classOther {
		x = uint32(q.Proto)
	}
	return b.group == 0 && b.kind == kind && b.family == f && b.ports.lo <= x && x <= b.ports.hi && !addr.Less(b.lo) && !b.hi.Less(addr)
}

// accessOf is a region of one ENI with a group and a network ACL.
func accessOf(t testing.TB, in, out, entries string) *Config {
	c, err := Parse("access.yaml", []byte(fmt.Sprintf(`{Vpcs: [{VpcId: vpc-a, CidrBlock: 10.0.0.0/16}], Subnets: [{SubnetId: s-a, VpcId: vpc-a, CidrBlock: 10.0.1.0/24}],
		SecurityGroups: [{GroupId: sg-a, GroupName: a, VpcId: vpc-a, IpPermissions: [%s], IpPermissionsEgress: [%s]}],
		NetworkAcls: [{NetworkAclId: acl-a, VpcId: vpc-a, Associations: [{SubnetId: s-a}], Entries: [%s]}],
		NetworkInterfaces: [{NetworkInterfaceId: eni-a, SubnetId: s-a, MacAddress: "06:00:00:00:00:01", PrivateIpAddress: 10.0.1.5, Groups: [{GroupId: sg-a}]}]}`, in, out, entries)))
	require.NoError(t, err)
	return c
}

// changed are the policies before and after a change.
func changedTo(t testing.TB, was, is *Config) (*Policy, *Policy) {
	region, err := NewRegion(was)
	require.NoError(t, err)
	p, err := region.Policy("", nil)
	require.NoError(t, err)
	region, err = region.Become(is)
	require.NoError(t, err)
	then, err := region.Policy("", p)
	require.NoError(t, err)
	return p, then
}

// randomRules are rules, and entries, of few ports and addresses, so that they meet.
func randomRules(r *rand.Rand) (rules, entries string) {
	var all, numbered []string
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	for n := range r.IntN(6) {
		lo := r.IntN(4)
		ports := fmt.Sprintf("%d, %s: %d", lo, "%s", lo+r.IntN(3))
		cidr := one("0.0.0.0/0", "10.0.0.0/30", "10.0.0.0/31", "10.0.0.2/31", "10.0.0.1/32")
		where := one("IpRanges: [{CidrIp: "+cidr+"}]", "IpRanges: [{CidrIp: "+cidr+"}]", `Ipv6Ranges: [{CidrIpv6: "::/0"}]`, `Ipv6Ranges: [{CidrIpv6: "2001:db8::/127"}]`)
		proto := one("tcp", "udp", "icmp", "47", "-1")
		s := `IpProtocol: "` + proto + `"`
		if proto == "tcp" || proto == "udp" {
			s += fmt.Sprintf(", FromPort: "+ports, "ToPort")
		}
		if rule := "{" + s + ", " + where + "}"; !slices.Contains(all, rule) {
			all = append(all, rule)
		}
		number := one("6", "17", "-1")
		s = `Protocol: "` + number + `"`
		if number != "-1" {
			s += fmt.Sprintf(", PortRange: {From: "+ports+"}", "To")
		}
		numbered = append(numbered, fmt.Sprintf("{RuleNumber: %d, Egress: %s, RuleAction: %s, CidrBlock: %s, %s}", n+1, one("true", "false"), one("allow", "deny"), cidr, s))
	}
	return strings.Join(all, ", "), strings.Join(numbered, ", ")
}

// What a change is said to open is what packets pass that did not before, and what it is said to close what
// passed before: of groups and of network ACLs.
func TestAccessAgreesWithPackets(t *testing.T) {
	r := oracle.Random(t)
	addrs := []string{"10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "203.0.113.9", "2001:db8::", "2001:db8::1", "2001:db8::2"}
	differ := 0
	for range 300 {
		var c [2]*Config
		for i := range c {
			in, entries := randomRules(r)
			out, _ := randomRules(r)
			c[i] = accessOf(t, in, out, entries)
		}
		p, then := changedTo(t, c[0], c[1])
		e, now := p.ENI("eni-a"), then.ENI("eni-a")
		d := difference{budget: mostAccess}
		groups := d.of(side{p.Region, e}, side{then.Region, now}, pairing{groups: [2]string{p.Region.bases(e.Groups), then.Region.bases(now.Groups)}}, false)
		acls := d.of(side{p.Region, e}, side{then.Region, now}, pairing{acls: [2]*networkACL{e.acl, now.acl}}, false)
		for range 200 {
			q := Query{Remote: wire.AddrFrom(netip.MustParseAddr(addrs[r.IntN(len(addrs))])), Port: uint16(r.IntN(8)), Dir: wire.Direction(r.IntN(2))}
			q.Proto = []uint8{wire.ProtoTCP, wire.ProtoUDP, wire.ProtoICMP, wire.ProtoICMPv6, 47, 50}[r.IntN(6)]
			if q.Proto == 47 || q.Proto == 50 {
				q.Port = 0
			}
			was, _ := e.Admits(q)
			is, _ := now.Admits(q)
			for _, part := range []struct {
				of      []granted
				was, is bool
			}{{groups, e.Match(q).Allowed, now.Match(q).Allowed}, {acls, was, is}} {
				var told [2]bool
				for i := range part.of {
					for j := range part.of[i].boxes {
						if part.of[i].Dir == q.Dir && part.of[i].boxes[j].has(q) {
							told[map[bool]int{false: 0, true: 1}[part.of[i].Allowed]] = true
						}
					}
				}
				require.Equal(t, [2]bool{part.was && !part.is, part.is && !part.was}, told, "%+v", q)
				if part.was != part.is {
					differ++
				}
			}
		}
	}
	require.Greater(t, differ, 1000)
}

// Each rule is told once, with what of it is new, and where.
func TestAccessByRule(t *testing.T) {
	const all, entry = `{IpProtocol: "-1", IpRanges: [{CidrIp: 0.0.0.0/0}]}`, `{RuleNumber: 1, Egress: false, RuleAction: allow, CidrBlock: 0.0.0.0/0, Protocol: "6", PortRange: {From: 0, To: %d}}`
	was := accessOf(t, `{IpProtocol: tcp, FromPort: 80, ToPort: 81, IpRanges: [{CidrIp: 10.0.0.0/8}]}, {IpProtocol: tcp, FromPort: 22, ToPort: 22, IpRanges: [{CidrIp: 0.0.0.0/0}], UserIdGroupPairs: [{GroupId: sg-a}]}`, all, fmt.Sprintf(entry, 99))
	is := accessOf(t, `{IpProtocol: tcp, FromPort: 80, ToPort: 81, IpRanges: [{CidrIp: 0.0.0.0/0}]}, {IpProtocol: tcp, FromPort: 23, ToPort: 23, UserIdGroupPairs: [{GroupId: sg-a}]}`, all, fmt.Sprintf(entry, 90))
	access, whole := changedTwo(changedTo(t, was, is))
	require.True(t, whole)
	var told []string
	for _, a := range access {
		require.Equal(t, []string{"eni-a"}, a.ENIs)
		told = append(told, fmt.Sprint(a.Allowed, " ", a.Dir.Bound(), " ", a.ID, " ", a.What, " ", strings.Join(a.Parts, ", ")))
	}
	require.ElementsMatch(t, []string{
		"true inbound sg-a tcp 80-81 from 0.0.0.0/0 tcp 80-81 from 0.0.0.0-9.255.255.255, tcp 80-81 from 11.0.0.0-255.255.255.255",
		"true inbound sg-a tcp 23 from sg-a ",
		"false inbound sg-a tcp 22 from 0.0.0.0/0 ",
		"false inbound sg-a tcp 22 from sg-a ",
		"false inbound acl-a entry 1 tcp 91-99 from 0.0.0.0/0",
	}, told)
	access, _ = changedTwo(changedTo(t, was, was))
	require.Empty(t, access)
}

// An ACL of many entries that overlap costs no more than the budget, and is then told to be too much.
func TestAccessHasABudget(t *testing.T) {
	var entries []string
	for n := range 40 {
		entries = append(entries, fmt.Sprintf(`{RuleNumber: %d, Egress: false, RuleAction: %s, CidrBlock: 10.%d.0.0/%d, Protocol: "6", PortRange: {From: %d, To: %d}}`, n+1, []string{"deny", "allow"}[n%2], n%8, 9+n%6, 100-n, 100+n))
	}
	p, then := changedTo(t, accessOf(t, "", "", ""), accessOf(t, "", "", strings.Join(entries, ", ")))
	access, whole := p.AccessAfter(then)
	require.NotEmpty(t, access)
	require.True(t, whole)
	d := difference{budget: mostAccess}
	d.ofACL(then.ENI("eni-a").acl, wire.In)
	require.Less(t, d.budget, mostAccess-40, "what one ACL lets pass is found in the budget")
	for budget := range mostAccess - d.budget + 1 {
		d := difference{budget: budget}
		require.Empty(t, d.of(side{p.Region, p.ENI("eni-a")}, side{then.Region, then.ENI("eni-a")}, pairing{acls: [2]*networkACL{p.ENI("eni-a").acl, then.ENI("eni-a").acl}}, false))
		require.LessOrEqual(t, d.budget, 0)
	}
}

// membersOf is a region of eni-a, which has group sg-0, and of three more ENIs, which have groups of their own.
func membersOf(t testing.TB, in, out string, groups [3]string) *Config {
	c := `{Vpcs: [{VpcId: vpc-a, CidrBlock: 10.0.0.0/16, Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: "2001:db8::/56"}]}], Subnets: [{SubnetId: s-a, VpcId: vpc-a, CidrBlock: 10.0.1.0/24, Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: "2001:db8::/64"}]}],
		SecurityGroups: [{GroupId: sg-0, GroupName: a, VpcId: vpc-a, IpPermissions: [` + in + `], IpPermissionsEgress: [` + out + `]}, {GroupId: sg-1, GroupName: b, VpcId: vpc-a}, {GroupId: sg-2, GroupName: c, VpcId: vpc-a}],
		NetworkInterfaces: [{NetworkInterfaceId: eni-a, SubnetId: s-a, MacAddress: "06:00:00:00:00:01", PrivateIpAddress: 10.0.1.5, Groups: [{GroupId: sg-0}]}`
	for i, g := range groups {
		c += fmt.Sprintf(`, {NetworkInterfaceId: eni-%d, SubnetId: s-a, MacAddress: "06:00:00:00:00:1%d", PrivateIpAddress: 10.0.1.1%d, Ipv6Addresses: [{Ipv6Address: "2001:db8::1%d"}], Groups: [%s]}`, i, i, i, i, g)
	}
	config, err := Parse("members.yaml", []byte(c+"]}"))
	require.NoError(t, err)
	return config
}

// What members that join and leave groups may newly send and receive, and what no longer, is told: exactly while the
// rules stay, and all of it if they change, too.
func TestAccessOfMembersAgreesWithPackets(t *testing.T) {
	r := oracle.Random(t)
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	rules := func() string {
		var all []string
		for range r.IntN(4) {
			lo := r.IntN(3)
			service := fmt.Sprintf("{IpProtocol: %s, FromPort: %d, ToPort: %d, ", one("tcp", "udp"), lo, lo+r.IntN(3))
			if strings.Contains(strings.Join(all, ""), service) {
				continue // EC2 takes no rule twice
			}
			all = append(all, service+one("UserIdGroupPairs: [{GroupId: sg-1}]", "UserIdGroupPairs: [{GroupId: sg-2}]", "UserIdGroupPairs: [{GroupId: sg-1}, {GroupId: sg-2}]", "IpRanges: [{CidrIp: 10.0.1.10/31}]", `Ipv6Ranges: [{CidrIpv6: "2001:db8::11/128"}]`)+"}")
		}
		return strings.Join(all, ", ")
	}
	members := func() (all [3]string) {
		for i := range all {
			all[i] = one("", "{GroupId: sg-1}", "{GroupId: sg-2}", "{GroupId: sg-1}, {GroupId: sg-2}")
		}
		return all
	}
	differ := [2]int{}
	for n := range 300 {
		in, out, other := rules(), rules(), n%2
		was, is := membersOf(t, in, out, members()), membersOf(t, in, out, members())
		if other == 1 {
			is = membersOf(t, rules(), rules(), members())
		}
		p, then := changedTo(t, was, is)
		e, now := p.ENI("eni-a"), then.ENI("eni-a")
		access, whole := p.AccessAfter(then)
		require.True(t, whole)
		found := foundOf(p, then, "eni-a")
		for _, a := range access {
			require.Equal(t, []string{"eni-a"}, a.ENIs)
		}
		for _, addr := range []string{"10.0.1.10", "10.0.1.11", "10.0.1.12", "2001:db8::10", "2001:db8::11", "2001:db8::12"} {
			for x := range 24 {
				q := Query{Remote: wire.AddrFrom(netip.MustParseAddr(addr)), Port: uint16(x % 6), Dir: wire.Direction(x / 6 % 2), Proto: []uint8{wire.ProtoTCP, wire.ProtoUDP}[x/12]}
				before, after := e.Match(q).Allowed, now.Match(q).Allowed
				told := [2]bool{tells(found, q, e, false), tells(found, q, now, true)}
				if want := [2]bool{before && !after, after && !before}; other == 0 {
					require.Equal(t, want, told, "%d: %+v", n, q)
				} else {
					require.False(t, want[0] && !told[0] || want[1] && !told[1], "%d: %+v", n, q)
				}
				if before != after {
					differ[other]++
				}
			}
		}
	}
	require.Greater(t, min(differ[0], differ[1]), 100)
}

// foundOf is what a change allows and denies by rules at an ENI.
func foundOf(p, then *Policy, eni string) []granted {
	e, now, changed := p.ENI(eni), then.ENI(eni), then.Region.changedENIs()
	was, is := p.Region.groupMembers(changed), then.Region.groupMembers(changed)
	d := difference{budget: mostAccess, joined: newMembers(is, was), left: newMembers(was, is)}
	return d.of(side{p.Region, e}, side{then.Region, now}, pairing{vpc: e.VPC.ID, groups: [2]string{p.Region.bases(e.Groups), then.Region.bases(now.Groups)}}, false)
}

// tells tells whether something is allowed, or denied, of an ENI that has a packet.
func tells(found []granted, q Query, e *OwnENI, allowed bool) bool {
	holder := e.Neighbor(q.Remote)
	for i := range found {
		for _, b := range found[i].boxes {
			for _, g := range holder.Groups {
				if b.group == g.number {
					b.group, b.lo, b.hi = 0, q.Remote.Netip(), q.Remote.Netip()
					break
				}
			}
			if found[i].Allowed == allowed && found[i].Dir == q.Dir && b.has(q) {
				return true
			}
		}
	}
	return false
}

// A member that joins or leaves is told by its address, beside the rule that names the group.
func TestAccessNamesMembers(t *testing.T) {
	const rule = `{IpProtocol: tcp, FromPort: 5432, ToPort: 5432, UserIdGroupPairs: [{GroupId: sg-1}]}`
	access, whole := changedTwo(changedTo(t, membersOf(t, rule, "", [3]string{"{GroupId: sg-1}", "", "{GroupId: sg-1}"}), membersOf(t, rule, "", [3]string{"{GroupId: sg-1}", "{GroupId: sg-1}", ""})))
	require.True(t, whole)
	var told []string
	for _, a := range access {
		told = append(told, fmt.Sprint(a.Allowed, " ", a.ID, " ", a.What, " ", strings.Join(a.Parts, ", ")))
	}
	require.ElementsMatch(t, []string{
		"true sg-0 tcp 5432 from sg-1 tcp 5432 from 10.0.1.11/32, tcp 5432 from 2001:db8::11/128",
		"false sg-0 tcp 5432 from sg-1 tcp 5432 from 10.0.1.12/32, tcp 5432 from 2001:db8::12/128",
	}, told)
}

func changedTwo(p, then *Policy) ([]Access, bool) { return p.AccessAfter(then) }
