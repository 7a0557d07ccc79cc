package vpc

import (
	"strings"
	"testing"

	"nitrocard/nic/wire"

	"github.com/stretchr/testify/require"
)

const eniA4 = `{NetworkInterfaceId: eni-a4, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:04", PrivateIpAddress: 10.0.1.9,
  Groups: [{GroupId: sg-a-web}], Attachment: {InstanceId: i-a1, DeviceIndex: 1}}`

func TestNumbersAreStable(t *testing.T) {
	c := story(t)
	first := compiled(t, c, CompileOptions{})

	// An ENI comes: everybody keeps number, owner and path.
	c = put(t, c, "NetworkInterfaces", eniA4)
	second := compiled(t, c, CompileOptions{Prev: first})
	require.EqualValues(t, 2, second.Epoch)
	for _, e := range first.ENIs {
		now := second.ENI(e.ID)
		require.Equal(t, e.Number, now.Number)
		require.Equal(t, e.Owner, now.Owner)
	}
	// It belongs to the instance of eni-a1, and shares its allowance.
	require.Equal(t, second.ENI("eni-a1").Owner, second.ENI("eni-a4").Owner)
	require.EqualValues(t, 100000, second.ENI("eni-a4").Allowance)

	// It goes: its number stays empty. It comes back: it is another.
	gone := compiled(t, remove(t, c, "NetworkInterfaces", "eni-a4"), CompileOptions{Prev: second})
	number := second.ENI("eni-a4").Number
	require.Nil(t, gone.ENIs[number])
	require.Nil(t, gone.ENI("eni-a4"))
	require.Nil(t, gone.FindENI(5001, second.ENI("eni-a4").MAC))
	back := compiled(t, c, CompileOptions{Prev: gone})
	require.Greater(t, back.ENI("eni-a4").Number, number)
	require.Same(t, back.ENI("eni-a4"), back.ENIs[back.ENI("eni-a4").Number])
}

// What a change does not touch is the same object afterwards.
func TestPoliciesShareWhatDidNotChange(t *testing.T) {
	c := story(t)
	first := compiled(t, c, CompileOptions{})
	require.Same(t, first.ENI("eni-a1").matcher, first.ENI("eni-a2").matcher)

	// A new member of sg-a-web opens sg-a-db to it, and compiles no rule.
	second := compiled(t, put(t, c, "NetworkInterfaces", eniA4), CompileOptions{Prev: first})
	require.Same(t, first.ENI("eni-a1").matcher, second.ENI("eni-a4").matcher)

	// A rule of B's group changes B's matcher alone.
	more := put(t, c, "SecurityGroups", `{GroupId: sg-b-web, GroupName: web, VpcId: vpc-b,
	  IpPermissions: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, IpRanges: [{CidrIp: 203.0.113.9/32}]}]}`)
	third := compiled(t, more, CompileOptions{Prev: first})
	require.Same(t, first.ENI("eni-a1").matcher, third.ENI("eni-a1").matcher)
	require.NotSame(t, first.ENI("eni-b1").matcher, third.ENI("eni-b1").matcher)
	q := Query{Remote: ip("203.0.113.9"), Port: 22, Proto: wire.ProtoTCP, Dir: wire.In}
	require.False(t, first.ENI("eni-b1").Match(q).Allowed)
	m := third.ENI("eni-b1").Match(q)
	require.True(t, m.Allowed)
	require.Equal(t, Rule{"sg-b-web", "web", "IpPermissions[0]", "tcp 22 from 203.0.113.9/32"}, third.Region.Rule(m.Rule))

	// A configuration that was read anew from the same file changes nothing.
	fourth := compiled(t, story(t), CompileOptions{Prev: first})
	require.Same(t, first.ENI("eni-a1").matcher, fourth.ENI("eni-a1").matcher)
}

// A group that goes and comes back is still the one that rules name.
func TestGroupComesBack(t *testing.T) {
	c := story(t)
	q := Query{Remote: ip("10.0.1.6"), Port: 5432, Proto: wire.ProtoTCP, Dir: wire.In}
	at := func(p *Policy) bool { return p.ENI("eni-a3").Match(q).Allowed }
	first := compiled(t, c, CompileOptions{Card: "y"})
	require.True(t, at(first))

	without := put(t, c, "SecurityGroups", `{GroupId: sg-a-web, VpcId: vpc-a}`)
	without = remove(t, without, "NetworkInterfaces", "eni-a2")
	second := compiled(t, without, CompileOptions{Card: "y", Prev: first})
	require.False(t, at(second))
	require.True(t, at(compiled(t, c, CompileOptions{Card: "y", Prev: second})))
}

// A prefix list that changes compiles the groups that name it, and no other.
func TestPrefixListChanges(t *testing.T) {
	c := put(t, story(t), "ManagedPrefixLists", `{PrefixListId: pl-1, Entries: [{Cidr: 192.0.2.0/24}]}`)
	c = put(t, c, "SecurityGroups", `{GroupId: sg-b-web, VpcId: vpc-b,
	  IpPermissions: [{IpProtocol: udp, FromPort: 53, ToPort: 53, PrefixListIds: [{PrefixListId: pl-1}]}]}`)
	first := compiled(t, c, CompileOptions{})
	wider := put(t, c, "ManagedPrefixLists", `{PrefixListId: pl-1, Entries: [{Cidr: 192.0.2.0/24}, {Cidr: 198.51.100.0/24}]}`)
	second := compiled(t, wider, CompileOptions{Prev: first})
	q := Query{Remote: ip("198.51.100.7"), Port: 53, Proto: wire.ProtoUDP, Dir: wire.In}
	require.False(t, first.ENI("eni-b1").Match(q).Allowed)
	m := second.ENI("eni-b1").Match(q)
	require.Equal(t, "udp 53 from pl-1", second.Region.Rule(m.Rule).Text)
	require.Same(t, first.ENI("eni-a1").matcher, second.ENI("eni-a1").matcher)
}

func TestRuleText(t *testing.T) {
	p := compiled(t, story(t), CompileOptions{})
	var all []string
	for id := RuleID(0); id < p.Region.lineage.rules+1; id++ {
		r := p.Region.Rule(id)
		all = append(all, strings.TrimSpace(r.Group+" "+r.Path+": "+r.Text))
	}
	require.Equal(t, []string{
		":",
		"sg-a-web IpPermissions[0]: tcp 80 from 0.0.0.0/0",
		"sg-a-web IpPermissions[1]: icmp type 8 from 10.0.0.0/16",
		"sg-a-web IpPermissionsEgress[0]: all to 0.0.0.0/0",
		"sg-a-db IpPermissions[0]: tcp 5432 from sg-a-web",
		"sg-b-web IpPermissions[0]: tcp 80 from 0.0.0.0/0",
		"sg-b-web IpPermissions[1]: icmp type 8 from 0.0.0.0/0",
		"sg-b-web IpPermissionsEgress[0]: all to 0.0.0.0/0",
		":",
	}, all)
}
