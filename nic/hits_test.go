package nic

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// Two connections by one rule, a ping, and a connection within the subnet, which no route or entry is
// asked about.
func TestHits(t *testing.T) {
	x := newRig(t)
	x.put("NetworkAcls", `{NetworkAclId: acl-1, VpcId: vpc-a, Associations: [{SubnetId: subnet-a1}], Entries: [
		{RuleNumber: 7, Egress: false, Protocol: "1", RuleAction: allow, CidrBlock: 0.0.0.0/0, IcmpTypeCode: {Type: 8, Code: -1}}, {RuleNumber: 8, Egress: false, Protocol: "-1", RuleAction: allow, CidrBlock: 0.0.0.0/0},
		{RuleNumber: 9, Egress: true, Protocol: "-1", RuleAction: allow, CidrBlock: 0.0.0.0/0}]}`)
	x.connect("22")
	x.connect("80")
	x.wait(4 * time.Second)
	x.fromInternet("eni-a1", wiretest.Echo(client, "35.72.2.8", 7)).passed()
	a1, a2 := x.eni("eni-a1"), x.eni("eni-a2")
	x.send("eni-a1", wiretest.TCP("10.0.1.5:1", "10.0.1.6:8080").Flags(wire.TCPSyn).MACs(a1.MAC, a2.MAC).Bytes()).passed()
	all, err := x.card.Hits(context.Background())
	require.NoError(t, err)
	for i := range all {
		all[i].Idle = float64(time.Duration(all[i].Idle*1e9).Round(time.Second) / time.Second)
	}
	require.Equal(t, []Hit{
		{"SecurityGroups", "sg-a-web", "inbound", "tcp 22 from 203.0.113.0/24", false, 1, 3, 120, 4},
		{"SecurityGroups", "sg-a-web", "inbound", "tcp 80 from 0.0.0.0/0", false, 1, 3, 120, 4},
		{"SecurityGroups", "sg-a-web", "inbound", "icmp type 8 from 0.0.0.0/0", false, 1, 1, 28, 0},
		{"SecurityGroups", "sg-a-web", "inbound", "tcp 8080 from 10.0.0.0/16", false, 1, 1, 40, 0},
		{"SecurityGroups", "sg-a-web", "outbound", "all to 0.0.0.0/0", false, 1, 1, 40, 0},
		{"RouteTables", "rtb-a1", "outbound", "0.0.0.0/0 to igw-a", false, 2, 2, 80, 4},
		{"NetworkAcls", "acl-1", "inbound", "entry 8", false, 2, 4, 160, 4},
		{"NetworkAcls", "acl-1", "inbound", "entry 7", false, 1, 1, 28, 0},
		{"NetworkAcls", "acl-1", "outbound", "entry 9", false, 2, 2, 80, 4},
	}, all)
	ended, end := context.WithCancel(context.Background())
	end()
	_, err = x.card.Hits(ended)
	require.ErrorIs(t, err, context.Canceled)
}

// A rule that was removed is in no policy, and the connections that the rule let begin say so; a rule that has
// another place in its group is in force.
func TestAConnectionTellsThatItsRuleWasRemoved(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	x.connect("80")
	removed := func() (flows, hits map[string]bool) {
		flows, hits = map[string]bool{}, map[string]bool{}
		for _, f := range x.card.Flows(FlowFilter{}) {
			flows[f.Rule.Text] = f.Removed
		}
		all, err := x.card.Hits(context.Background())
		require.NoError(t, err)
		for _, h := range all {
			if h.Kind == "SecurityGroups" {
				hits[h.What] = h.Removed
			}
		}
		return flows, hits
	}
	const ssh, web = "tcp 22 from 203.0.113.0/24", "tcp 80 from 0.0.0.0/0"
	for _, c := range []struct {
		rules string
		want  map[string]bool
	}{
		{`{IpProtocol: tcp, FromPort: 22, ToPort: 22, IpRanges: [{CidrIp: 203.0.113.0/24}]}, {IpProtocol: tcp, FromPort: 80, ToPort: 80, IpRanges: [{CidrIp: 0.0.0.0/0}]}`, map[string]bool{ssh: false, web: false}},
		{`{IpProtocol: tcp, FromPort: 22, ToPort: 22, IpRanges: [{CidrIp: 203.0.113.0/24}]}`, map[string]bool{ssh: false, web: true}},
		{``, map[string]bool{ssh: true, web: true}},
	} {
		x.put("SecurityGroups", webAllowing(c.rules))
		flows, hits := removed()
		require.Equal(t, c.want, flows)
		require.Equal(t, c.want, hits)
	}
	for _, f := range x.dryRunOf(x.config).Fates {
		require.True(t, f.Examples[0].Removed, f.Outcome)
	}
}
