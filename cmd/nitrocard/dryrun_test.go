package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
)

func TestDryRunTables(t *testing.T) {
	var b strings.Builder
	example := nic.FlowView{ENI: "eni-a1", Protocol: "tcp", Local: "10.0.1.5:80", Remote: "203.0.113.7:40000", Initiator: "remote", State: "established", Idle: 2.34, Age: 7230, PacketsIn: 6, BytesIn: 700, PacketsOut: 5, BytesOut: 1 << 20}
	require.NoError(t, dryRunTable(&b, &nic.DryRun{Diff: vpc.Diff{Changed: []string{"SecurityGroups sg-web"}}, Effect: &nic.Effect{
		Epoch: 7, At: "2026-01-01T12:00:00Z", Seconds: 0.02, Connections: 33, Outcomes: nic.Outcomes{Kept: 12, AskedAnew: 1, Outlives: 2, Rerouted: 3, Cut: 4, Expires: 1, Admitted: 5, Barred: 1, Moves: 3, Ended: 2},
		Fates: []nic.Fate{
			{Outcome: "cut", Direction: "both", Reason: "security_group_in", Kind: "SecurityGroups", ID: "sg-web", What: "tcp 80 from 0.0.0.0/0", Connections: 1, Packets: 11, Bytes: 1 << 20, Examples: []nic.FlowView{example}},
			{Outcome: "cut", Direction: "outbound", Reason: "network_acl_out", Kind: "NetworkAcls", ID: "acl-web", What: "entry *", Connections: 3},
			{Outcome: "expires", Direction: "both", Kind: "NetworkInterfaces", ID: "eni-a1", What: "TcpEstablishedTimeout 60 s instead of 350 s", Connections: 1},
			{Outcome: "admitted", Direction: "outbound", Reason: "no_route", Kind: "RouteTables", ID: "rtb-a", What: "0.0.0.0/0 to igw-a", Connections: 5},
			{Outcome: "outlives", Direction: "inbound", Kind: "SecurityGroups", ID: "sg-web", What: "tcp 22 from 203.0.113.9/32", Connections: 2},
			{Outcome: "rerouted", Direction: "outbound", Kind: "RouteTables", ID: "rtb-a", What: "0.0.0.0/0 to nat-a", Connections: 3},
			{Outcome: "asked_anew", Direction: "inbound", Kind: "SecurityGroups", ID: "sg-web", What: "tcp 0-99 from 0.0.0.0/0", Connections: 1},
			{Outcome: "moves", Direction: "both", Connections: 3},
			{Outcome: "barred", Direction: "both", Reason: "not_for_this_eni", Connections: 1},
			{Outcome: "barred", Others: true, Connections: 7},
		},
		Access: []nic.Access{
			{Outcome: "allowed", Direction: "inbound", Decider: nic.Decider{Kind: "SecurityGroups", ID: "sg-web", What: "tcp 443 from 0.0.0.0/0"}, ENIs: 5, Examples: []string{"eni-a1", "eni-a2", "eni-a3"}},
			{Outcome: "denied", Direction: "outbound", Decider: nic.Decider{Kind: "NetworkAcls", ID: "acl-web", What: "entry 90"}, Parts: []string{"tcp 81-90 to 10.0.0.0/8", "udp 5 to 10.0.0.0/8", "icmp to 10.0.0.0/8"}, MoreParts: 3, ENIs: 1, Examples: []string{"eni-a1"}},
		}, MoreAccess: 4,
		Unused: []nic.Decider{{Kind: "SecurityGroups", ID: "sg-web", What: "icmp type 8 from 0.0.0.0/0"}, {Kind: "NetworkAcls", ID: "acl-web", What: "inbound entry 90"}, {Kind: "RouteTables", ID: "rtb-a", What: "192.0.2.0/24 to tgw-1"}}, UnusedCount: 5,
	}}, false))
	b.WriteByte('\n')
	onY := example
	onY.Card = "y\x1b[1m"
	require.NoError(t, dryRunTable(&b, &nic.DryRun{Diff: vpc.Diff{Changed: []string{"SecurityGroups sg-web"}}, Effect: &nic.Effect{
		Revision: 12, At: "2026-01-01T12:00:00Z", Seconds: 10, Connections: 8, Outcomes: nic.Outcomes{Kept: 7, Cut: 1},
		Fates:  []nic.Fate{{Outcome: "cut", Direction: "both", Reason: "security_group_in", Kind: "SecurityGroups", ID: "sg-web", What: "tcp 80 from 0.0.0.0/0", Connections: 1, Packets: 11, Bytes: 1 << 20, Examples: []nic.FlowView{onY}}},
		Cards:  []nic.CardResult{{Card: "w", Error: "no answer within 10s"}, {Card: "x", Connections: 8}, {Card: "y", Connections: 0, Cut: 1}},
		Unused: []nic.Decider{{Kind: "SecurityGroups", ID: "sg-web", What: "icmp type 8 from 0.0.0.0/0"}}, UnusedCount: 1, UnusedCut: true,
	}}, false))
	b.WriteByte('\n')
	silentTable(&b, make([]nic.CardResult, 12), false)
	silentTable(&b, slices.Repeat([]nic.CardResult{{Card: "z", Error: "it is not connected to this controller"}}, 12), false)
	b.WriteByte('\n')
	require.NoError(t, dryRunTable(&b, &nic.DryRun{Diff: vpc.Diff{Removed: []string{"SecurityGroups sg-web"}}}, false), "of a controller of an older version")
	golden(t, "dryrun.txt", b.String())
}
