package vpc

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

// withACL is the story with an ACL of subnet-a1, whose entries are in YAML.
func withACL(t *testing.T, entries string) *Config {
	return put(t, story(t), "NetworkAcls", "{NetworkAclId: acl-1, VpcId: vpc-a, Associations: [{SubnetId: subnet-a1}], Entries: ["+entries+"]}")
}

// What an ACL says of a packet of each kind: entries by number, whatever their order
// in the list, the direction's alone, and nothing that no entry allows.
func TestACLEntries(t *testing.T) {
	const all = `{RuleNumber: 100, Protocol: "-1", RuleAction: allow, CidrBlock: 0.0.0.0/0}`
	tcp22 := Query{ip("203.0.113.9"), 22, wire.ProtoTCP, wire.In}
	ping := Query{ip("203.0.113.9"), 8 << 8, wire.ProtoICMP, wire.In}
	gre := Query{ip("203.0.113.9"), 0, 47, wire.In}
	for _, c := range []struct {
		entries  string
		q        Query
		one, all bool
	}{
		{"", tcp22, false, false},
		{all, tcp22, true, true},
		{all, Query{tcp22.Remote, 22, 6, wire.Out}, false, false},
		{`{RuleNumber: 101, Protocol: "6", RuleAction: deny, CidrBlock: 0.0.0.0/0, PortRange: {From: 22, To: 22}}, ` + all, tcp22, true, true},
		{all + `, {RuleNumber: 99, Protocol: "6", RuleAction: deny, CidrBlock: 0.0.0.0/0, PortRange: {From: 22, To: 22}}`, tcp22, false, false},
		{all + `, {RuleNumber: 99, Protocol: "6", RuleAction: deny, CidrBlock: 0.0.0.0/0, PortRange: {From: 23, To: 25}}`, tcp22, true, false},
		{all + `, {RuleNumber: 99, Protocol: "17", RuleAction: deny, CidrBlock: 0.0.0.0/0, PortRange: {From: 1, To: 25}}`, tcp22, true, true},
		{all + `, {RuleNumber: 99, Protocol: "6", RuleAction: deny, CidrBlock: 203.0.113.10/32, PortRange: {From: 22, To: 22}}`, tcp22, true, true},
		{all + `, {RuleNumber: 99, Protocol: "6", RuleAction: deny, CidrBlock: 203.0.113.200/24, PortRange: {From: 22, To: 22}}`, tcp22, false, false},
		{`{RuleNumber: 1, Protocol: "6", RuleAction: allow, CidrBlock: 0.0.0.0/0, PortRange: {From: 22, To: 22}}`, tcp22, true, false},
		{all + `, {RuleNumber: 1, Protocol: "1", RuleAction: deny, CidrBlock: 0.0.0.0/0, IcmpTypeCode: {Type: 8, Code: -1}}`, ping, false, false},
		{all + `, {RuleNumber: 1, Protocol: "1", RuleAction: deny, CidrBlock: 0.0.0.0/0, IcmpTypeCode: {Type: 0, Code: 0}}`, ping, true, false},
		{all + `, {RuleNumber: 1, Protocol: "47", RuleAction: deny, CidrBlock: 0.0.0.0/0}`, gre, false, false},
		{all + `, {RuleNumber: 1, Protocol: "50", RuleAction: deny, CidrBlock: 0.0.0.0/0}`, gre, true, true},
		{`{RuleNumber: 20, Protocol: "-1", RuleAction: allow, Ipv6CidrBlock: "::/0"}, {RuleNumber: 10, Protocol: "6", RuleAction: deny, Ipv6CidrBlock: "2001:db8:ffff::/48", PortRange: {From: 22, To: 22}}`,
			Query{ip("2001:db8:ffff::9"), 22, wire.ProtoTCP, wire.In}, false, false},
		{`{RuleNumber: 32767, Protocol: "-1", RuleAction: deny, CidrBlock: 0.0.0.0/0}, {RuleNumber: 32768, Protocol: "-1", RuleAction: deny, Ipv6CidrBlock: "::/0"}, ` + all, tcp22, true, true},
	} {
		e := compiled(t, withACL(t, c.entries), CompileOptions{}).ENI("eni-a1")
		one, _ := e.Admits(c.q)
		all, _ := e.AdmitsAll(c.q)
		require.Equal(t, []bool{c.one, c.all}, []bool{one, all}, "%s: %+v", c.entries, c.q)
	}
}

// A later fragment of IPv6 tells no protocol, so each must pass: entries of one protocol do not let it.
func TestALaterFragmentOfIPv6IsOfAnyProtocol(t *testing.T) {
	const all = `{RuleNumber: 200, Protocol: "-1", RuleAction: allow, Ipv6CidrBlock: "::/0"}, {RuleNumber: 201, Protocol: "-1", RuleAction: allow, CidrBlock: 0.0.0.0/0}`
	deny := func(proto, remote string) string {
		return `{RuleNumber: 100, Protocol: "` + proto + `", RuleAction: deny, Ipv6CidrBlock: "` + remote + `", PortRange: {From: 5000, To: 5000}, IcmpTypeCode: {Type: -1, Code: -1}}, ` + all
	}
	for _, c := range []struct {
		entries string
		passes  bool
	}{
		{all, true}, {deny("17", "::/0"), false}, {deny("6", "::/0"), false}, {deny("50", "::/0"), false}, {deny("58", "::/0"), false},
		{deny("17", "2001:db8:eeee::/48"), true},
		{`{RuleNumber: 1, Protocol: "17", RuleAction: allow, Ipv6CidrBlock: "::/0", PortRange: {From: 0, To: 65535}}`, false},
	} {
		passes, _ := compiled(t, withACL(t, c.entries), CompileOptions{}).ENI("eni-a1").AdmitsAll(Query{ip("2001:db8:ffff::9"), 0, 60, wire.In})
		require.Equal(t, c.passes, passes, c.entries)
	}
}

// Which ACL a subnet has: its own, its VPC's default one, or none.
func TestACLsOfSubnets(t *testing.T) {
	const client = "203.0.113.9"
	c := withACL(t, "")
	edges := func(card, eni string, remotes ...string) (all []bool) {
		e := compiled(t, c, CompileOptions{Card: card}).ENI(eni)
		for _, r := range remotes {
			allowed, _ := e.Admits(Query{ip(r), 22, wire.ProtoTCP, wire.In})
			all = append(all, e.OnLink(ip(r)), allowed)
		}
		return all
	}
	require.Equal(t, []bool{false, false, true, false, false, false}, edges("x", "eni-a1", client, "10.0.1.6", "10.0.2.7"))
	require.Equal(t, []bool{false, true}, edges("y", "eni-a3", client))
	require.Equal(t, []bool{false, true}, edges("x", "eni-b1", client))
	c = put(t, c, "NetworkAcls", `{NetworkAclId: acl-2, VpcId: vpc-a, IsDefault: true, Entries: [{RuleNumber: 1, Protocol: "-1", RuleAction: allow, CidrBlock: 203.0.113.0/24}]}`)
	require.Equal(t, []bool{false, false}, edges("x", "eni-a1", client))
	require.Equal(t, []bool{false, true, false, false}, edges("y", "eni-a3", client, "192.0.2.1"))
	require.Equal(t, []bool{false, true}, edges("x", "eni-b1", client))
}

func TestACLMistakes(t *testing.T) {
	for _, c := range []struct{ acl, want string }{
		{`Entries: [{RuleNumber: 1, Protocol: "-1", RuleAction: permit, CidrBlock: 0.0.0.0/0}]`, `Entries[0] inbound 1: RuleAction "permit": allow or deny is expected`},
		{`Entries: [{Protocol: "-1", RuleAction: deny, CidrBlock: 0.0.0.0/0}]`, `Entries[0] inbound 0: RuleNumber 0: 1 to 32766 is expected`},
		{`Entries: [{RuleNumber: 1, Protocol: "-1", RuleAction: deny}]`, `Entries[0] inbound 1: CidrBlock is missing`},
		{`Entries: [{RuleNumber: 1, Protocol: "-1", RuleAction: deny, CidrBlock: 0.0.0.0/0}, {RuleNumber: 1, Protocol: "6", RuleAction: deny, CidrBlock: 0.0.0.0/0, PortRange: {From: 1, To: 1}}]`,
			`Entries[1] inbound 1: RuleNumber 1 stands twice in one direction`},
		{`Entries: [{RuleNumber: 1, Protocol: "-1", RuleAction: deny, CidrBlock: 0.0.0.0/0}, {RuleNumber: 1, Protocol: "-1", RuleAction: deny, Ipv6CidrBlock: "::/0"}]`,
			`Entries[1] inbound 1: RuleNumber 1 stands twice in one direction`},
		{`Entries: [{RuleNumber: 1, Protocol: "-1", RuleAction: deny, Ipv6CidrBlock: "::/0"}, {RuleNumber: 1, Protocol: "-1", RuleAction: deny, CidrBlock: 0.0.0.0/0}]`,
			`Entries[1] inbound 1: RuleNumber 1 stands twice in one direction`},
		{`Entries: [{RuleNumber: 32768, Protocol: "-1", RuleAction: allow, CidrBlock: 0.0.0.0/0}]`, `Entries[0] inbound 32768: RuleNumber 32768: 1 to 32766 is expected`},
		{`Entries: [{RuleNumber: 1, Protocol: tpc, RuleAction: deny, CidrBlock: 0.0.0.0/0}]`, `Entries[0] inbound 1: Protocol "tpc" is no protocol`},
		{`Entries: [{RuleNumber: 1, Protocol: "6", RuleAction: deny, CidrBlock: 0.0.0.0/0}]`, `Entries[0] inbound 1: Protocol 6 needs a PortRange; From 0 and To 65535 are all ports`},
		{`Entries: [{RuleNumber: 1, Protocol: "17", RuleAction: deny, CidrBlock: 0.0.0.0/0, PortRange: {From: 9, To: 8}}]`,
			`Entries[0] inbound 1: PortRange: From 9 and To 8 are no range of ports from 0 to 65535`},
		{`Entries: [{RuleNumber: 1, Protocol: "1", RuleAction: deny, CidrBlock: 0.0.0.0/0, IcmpTypeCode: {Type: -1, Code: 3}}]`,
			`Entries[0] inbound 1: IcmpTypeCode: Type -1 and Code 3: each is 0 to 255, or -1 for all, and all types go with all codes`},
		{"Entries: [" + entries(true, maxEntries) + entries(false, maxEntries+1) + "]", `Entries: there are more than 40 for IPv4 inbound, which is the most`},
		{`Associations: [{SubnetId: subnet-c}]`, `Associations[0]: SubnetId: there is no "subnet-c" in Subnets`},
		{`Associations: [{SubnetId: subnet-b1}]`, `Associations[0]: subnet-b1 is in vpc-b, the network ACL in vpc-a`},
		{`Associations: [{SubnetId: subnet-a1}, {SubnetId: subnet-a1}]`, `Associations[1]: subnet-a1 has the network ACL acl-1 already`},
	} {
		_, err := Compile(put(t, story(t), "NetworkAcls", `{NetworkAclId: acl-1, VpcId: vpc-a, `+c.acl+`}`), CompileOptions{})
		require.ErrorContains(t, err, "NetworkAcls[0] acl-1: "+c.want)
	}
}

// entries are as many for one direction, the first for other ports.
func entries(egress bool, n int) string { return numbered(egress, n, 1, "CidrBlock: 0.0.0.0/0") }

// numbered is entries from a number on, for a block.
func numbered(egress bool, n, first int, block string) (text string) {
	for i := range n {
		text += fmt.Sprintf(`{RuleNumber: %d, Egress: %v, Protocol: "6", RuleAction: allow, %s, PortRange: {From: %d, To: %d}}, `, first+i, egress, block, i, i)
	}
	return text
}

// As many entries as EC2 lets an ACL have are in force, the last one, too, and IPv6 has its
// own beside them.
func TestAsManyEntriesAsEC2Takes(t *testing.T) {
	ipv6 := numbered(false, maxEntries, maxEntries+1, `Ipv6CidrBlock: "::/0"`)
	e := compiled(t, withACL(t, entries(false, maxEntries)+entries(true, maxEntries)+ipv6), CompileOptions{}).ENI("eni-a1")
	for _, c := range []struct {
		remote string
		dir    wire.Direction
		last   uint16
		final  uint16
	}{{"203.0.113.9", wire.In, maxEntries, FinalDeny}, {"203.0.113.9", wire.Out, maxEntries, FinalDeny}, {"2001:db8::9", wire.In, 2 * maxEntries, FinalDenyIPv6}} {
		allowed, entry := e.Admits(Query{ip(c.remote), maxEntries - 1, wire.ProtoTCP, c.dir})
		require.Equal(t, []any{true, c.last}, []any{allowed, entry}, c)
		allowed, entry = e.Admits(Query{ip(c.remote), maxEntries, wire.ProtoTCP, c.dir})
		require.Equal(t, []any{false, c.final}, []any{allowed, entry}, c)
	}
}
