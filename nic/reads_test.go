package nic

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd/mem"
)

// A card answers who asks although nothing runs it.
func TestReads(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	x.fromInternet("eni-a1", wiretest.UDP(client+":9", "35.72.2.9:53").Payload("hi")).passed()
	x.fromInternet("eni-a1", tcp("23", wire.TCPSyn)).dropped(pipeline.SecurityGroupIn)
	x.wait(2 * time.Second)

	a1 := x.eni("eni-a1")
	require.Equal(t, ENIView{
		ID: "eni-a1", Instance: "i-a1", VPC: "vpc-a", VNI: vniA, Subnet: "subnet-a1", MAC: nictest.MACA1, RouterMAC: a1.RouterMAC,
		Addresses: []string{"10.0.1.5", "10.0.1.15", "2001:db8:a:1::5"}, Public: []string{"35.72.2.8", "35.72.2.9", ""}, SecurityGroups: []string{"sg-a-web"},
		Port: "mem", Connections: 1, Allowance: 1 << 10 / 5,
	}, x.view("eni-a1"))

	flows := x.card.Flows(FlowFilter{ENI: "eni-a1"})
	require.Len(t, flows, 2)
	ssh, dns := flows[0], flows[1]
	if ssh.Protocol == "udp" {
		ssh, dns = dns, ssh
	}
	require.InDelta(t, 2, ssh.Idle, 0.2)
	require.InDelta(t, 2, ssh.Age, 0.2)
	require.ElementsMatch(t, []uint32{1, 2}, []uint32{ssh.At, dns.At})
	ssh.Idle, dns.Idle, ssh.Age, dns.Age, ssh.At, dns.At = 0, 0, 0, 0, 0, 0
	require.Equal(t, FlowView{
		ENI: "eni-a1", Protocol: "tcp", Local: "10.0.1.5:22", Remote: client + ":40000", Initiator: "remote", State: "ESTABLISHED", Tracked: true,
		Rule:      &vpc.Rule{Group: "sg-a-web", GroupName: "web", Path: "IpPermissions[2]", Text: "tcp 22 from 203.0.113.0/24"},
		PacketsIn: 2, PacketsOut: 1, BytesIn: 80, BytesOut: 40,
	}, ssh)
	require.Equal(t, FlowView{
		ENI: "eni-a1", Protocol: "udp", Local: "10.0.1.15:53", Remote: client + ":9", Initiator: "remote", State: "UDP_ONE_WAY",
		Rule:      &vpc.Rule{Group: "sg-a-web", GroupName: "web", Path: "IpPermissions[1]", Text: "udp 53 from 0.0.0.0/0"},
		PacketsIn: 1, BytesIn: 30,
	}, dns)
	require.Empty(t, x.card.Flows(FlowFilter{ENI: "eni-b1"}))
	require.Len(t, x.card.Flows(FlowFilter{Limit: 1}), 1)

	up := x.card.Ports()[0]
	require.Equal(t, []any{"uplink", "mem", "up", uint64(5), uint64(3), uint64(1)}, []any{up.Name, up.Port, up.Link, up.Received, up.Sent, up.Consumed})
	require.Equal(t, map[string]uint64{"security_group_in": 1}, up.Dropped)
	require.Equal(t, []LastDrop{{
		Time: time.Unix(0, x.now-2e9).UTC(), Reason: "security_group_in", Sentence: pipeline.SecurityGroupIn.Sentence(), Port: "uplink", ENI: "eni-a1",
		Protocol: "tcp", Source: client + ":40000", Destination: "35.72.2.8:23", SecurityGroups: []string{"sg-a-web"},
	}}, x.card.Drops().Last)
}

// The observer hears each packet's end, with the rule that allowed it, once
// what became of it is known.
func TestTheObserverHearsOfEveryEnd(t *testing.T) {
	x := newRig(t)
	e := x.fromGuest("eni-a2", wiretest.TCP("10.0.1.6:1", "10.0.1.5:8080").Flags(wire.TCPSyn))
	e.delivered("eni-a1")
	require.Equal(t, []string{"eni-a2", "eni-a1", "tcp 8080 from 10.0.0.0/16", "all to 0.0.0.0/0"}, []string{e.Port, e.ENI.ID, e.Rule.Text, e.Egress.Text})
	e = x.fromGuest("eni-a2", wiretest.TCP("10.0.1.6:1", "10.0.1.5:8081"))
	e.dropped(pipeline.SecurityGroupIn)
	require.Nil(t, e.Rule)
	require.Equal(t, "all to 0.0.0.0/0", e.Egress.Text)
	x.replug("eni-a1", &full{mem.New(mem.Options{})})
	x.fromInternet("eni-a1", syn).dropped(pipeline.TxFull)
	drops := x.card.Drops()
	require.Contains(t, drops.Reasons, DropView{Reason: "tx_full", Sentence: pipeline.TxFull.Sentence(), Packets: 1, ENIs: map[string]uint64{"eni-a1": 1}})
	require.Equal(t, LastDrop{
		Time: time.Unix(0, x.now).UTC(), Reason: "tx_full", Sentence: pipeline.TxFull.Sentence(), Port: "uplink", ENI: "eni-a1",
		Protocol: "tcp", Source: client + ":40000", Destination: "10.0.1.5:22", // as it would have left
	}, drops.Last[0])
	x.card.Observe(nil)
	x.ports[Uplink].Inject(x.tunnel(edge, "eni-a1", syn))
	x.ended = nil
	x.card.Poll(x.now)
	require.Empty(t, x.ended)
}

// A drop by a network ACL names the ACL and the entry, as they were at the drop.
func TestADropNamesTheEntryOfTheACL(t *testing.T) {
	x := newRig(t)
	put := func(entries string) {
		x.put("NetworkAcls", "{NetworkAclId: acl-a1, VpcId: vpc-a, Associations: [{SubnetId: subnet-a1}], Entries: ["+entries+"]}")
	}
	put("{RuleNumber: 90, RuleAction: deny, Protocol: '6', PortRange: {From: 22, To: 22}, CidrBlock: 203.0.113.0/24}, {RuleNumber: 100, RuleAction: allow, Protocol: '6', PortRange: {From: 22, To: 22}, CidrBlock: 0.0.0.0/0}")
	x.fromInternet("eni-a1", syn).dropped(pipeline.NetworkACLIn)
	require.Equal(t, &ACLEntry{"acl-a1", false, 90}, x.card.Drops().Last[0].NetworkACL)
	x.fromInternet("eni-a1", tcp("80", wire.TCPSyn)).dropped(pipeline.NetworkACLIn)
	x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:1", client+":80")).dropped(pipeline.NetworkACLOut)
	put("{RuleNumber: 1, RuleAction: allow, Protocol: '-1', CidrBlock: 0.0.0.0/0}")
	last := x.card.Drops().Last[0]
	require.Equal(t, []any{"network_acl_out", "acl-a1 outbound *", []string(nil)}, []any{last.Reason, last.NetworkACL.String(), last.SecurityGroups})
}

// A worker that copies connections for a listing allocates nothing: packets wait for it.
func TestALookAtConnectionsDoesNotAllocate(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	seen := make([]seenFlow, 0, pipeline.Chunk)
	found := 0
	least := 1.0 // other goroutines of the test allocate now and then
	for range 5 {
		least = min(least, testing.AllocsPerRun(10, func() {
			for from, more := uint32(0), true; more; found += len(seen) {
				seen, from, more = x.card.copied(seen[:0], from)
			}
		}))
	}
	require.Zero(t, least)
	require.Positive(t, found)
}

// A card that nobody runs has no descriptor, so there may be any number.
func TestACardThatIsPolledTakesNoDescriptors(t *testing.T) {
	x := newRig(t)
	for _, th := range x.card.threads {
		require.Nil(t, th.sleeper)
	}
}
