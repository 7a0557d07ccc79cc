package main

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

func TestSize(t *testing.T) {
	for bytes, want := range map[uint64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1<<20 - 1: "1.0 MiB", 1536: "1.5 KiB", 5 << 30: "5.0 GiB", 1<<64 - 1: "16.0 EiB",
	} {
		require.Equal(t, want, size(bytes))
	}
}

func TestAge(t *testing.T) {
	require.Equal(t, "0s", age(0))
	require.Equal(t, "1.5s", age(1.46))
	require.Equal(t, "5m50s", age(350))
}

func TestTables(t *testing.T) {
	var b bytes.Buffer
	mac := wire.MAC{2, 0, 0, 0x0a, 1, 5}
	require.NoError(t, eniTable(&b, []nic.ENIView{{
		ID: "eni-a1", Instance: "i-a1", VPC: "vpc-a", VNI: 5001, Subnet: "subnet-a", MAC: mac, Addresses: []string{"10.0.1.5", "10.0.1.9"},
		Public: []string{"35.72.2.8", ""}, SecurityGroups: []string{"sg-web", "sg-ops"}, Port: "tap:a1", Connections: 3, Allowance: 1000,
	}, {ID: "eni-a2", VPC: "vpc-a", VNI: 5001, Subnet: "subnet-a"}}))
	b.WriteByte('\n')
	require.NoError(t, portTable(&b, []nic.PortView{{
		Name: "uplink", Port: "afpacket:eth0", Link: "up", MAC: mac, MTU: 1500, Received: 12, Sent: 9, Consumed: 1,
		Dropped: map[string]uint64{"unknown_vni": 1, "unknown_mac": 1}, Delivered: 4, Driver: pmd.Stats{RxBytes: 3 << 20, TxBytes: 900},
	}, {Name: "eni-a1", Link: "no port"}}))
	b.WriteByte('\n')
	require.NoError(t, portDetails(&b, []nic.PortView{{
		Name: "uplink", Port: "dpdk:0000:17:00.0", Link: "up", MTU: 1500, Received: 3, Dropped: map[string]uint64{"unknown_vni": 1},
		Driver: pmd.Stats{RxPackets: 3, RxBytes: 300, RxMissed: 1},
		Detail: &pmd.Detail{Speed: 25000, Queues: 2, Spread: "flow in the tunnel", Offloads: []string{"TX_MBUF_FAST_FREE"}, Extended: map[string]uint64{"rx_good_packets": 3}},
	}}))
	b.WriteByte('\n')
	require.NoError(t, flowTable(&b, []nic.FlowView{{
		ENI: "eni-a1", Protocol: "tcp", Local: "10.0.1.5:80", Remote: "203.0.113.7:40000", Initiator: "remote", State: "established", Tracked: true,
		Rule: &vpc.Rule{Group: "sg-web", Text: "tcp 80 from 0.0.0.0/0"}, Idle: 2.34, Age: 7230, PacketsIn: 6, BytesIn: 700, PacketsOut: 5, BytesOut: 1 << 20,
	}, {ENI: "eni-a1", Protocol: "tcp", Local: "10.0.1.5:4000", Remote: "203.0.113.7:443", Initiator: "local", State: "established", Tracked: true, Resumed: true},
		{ENI: "eni-a1", Protocol: "tcp", Local: "10.0.1.5:22", Remote: "203.0.113.7:40001", Initiator: "remote", State: "established", Rule: &vpc.Rule{Group: "sg-web", Text: "tcp 22 from 0.0.0.0/0"}, Removed: true},
		{ENI: "eni-a1", Protocol: "icmp", Local: "10.0.1.5", Remote: "10.0.1.6", Initiator: "local", State: "replied"}}))
	b.WriteByte('\n')
	require.NoError(t, hitTable(&b, []nic.Hit{
		{ID: "sg-web", Direction: "inbound", What: "tcp 22 from 0.0.0.0/0", Removed: true, Connections: 1, Packets: 3, Bytes: 120, Idle: 4},
		{ID: "rtb-a", Direction: "outbound", What: "0.0.0.0/0 to igw-a", Connections: 1, Packets: 3, Bytes: 120, Idle: 4},
	}))
	b.WriteByte('\n')
	acls := []ec2.NetworkAcl{{NetworkAclId: "acl-web", VpcId: "vpc-a", Associations: []ec2.NetworkAclAssociation{{SubnetId: "subnet-a"}, {SubnetId: "subnet-b"}}, Entries: []ec2.NetworkAclEntry{
		{RuleNumber: 100, Egress: true, Protocol: "-1", RuleAction: "allow", CidrBlock: netip.MustParsePrefix("0.0.0.0/0")},
		{RuleNumber: 200, Protocol: "6", RuleAction: "allow", CidrBlock: netip.MustParsePrefix("0.0.0.0/0"), PortRange: &ec2.PortRange{From: 1024, To: 65535}},
		{RuleNumber: 90, Protocol: "1", RuleAction: "deny", CidrBlock: netip.MustParsePrefix("203.0.113.0/24"), IcmpTypeCode: &ec2.IcmpTypeCode{Type: 8, Code: -1}},
		{RuleNumber: 201, Protocol: "17", RuleAction: "deny", Ipv6CidrBlock: netip.MustParsePrefix("::/0"), PortRange: &ec2.PortRange{To: 65535}},
	}}, {NetworkAclId: "acl-0", VpcId: "vpc-b", IsDefault: true}}
	require.NoError(t, aclTable(&b, acls))
	b.WriteByte('\n')
	require.NoError(t, entryTable(&b, acls))
	b.WriteByte('\n')
	require.NoError(t, dropTable(&b, &nic.DropsView{
		Reasons: []nic.DropView{{Reason: "security_group_in", Sentence: "no inbound rule allows it", Packets: 5, ENIs: map[string]uint64{"eni-a1": 1, "eni-a2": 4}}},
		Last: []nic.LastDrop{{
			Time: time.Date(2026, 1, 1, 12, 0, 0, 5e6, time.UTC), Reason: "security_group_in", Port: "uplink", ENI: "eni-a1",
			Protocol: "tcp", Source: "203.0.113.7:40000", Destination: "10.0.1.5:22", SecurityGroups: []string{"sg-web"},
		}, {
			Time: time.Date(2026, 1, 1, 12, 0, 0, 4e6, time.UTC), Reason: "network_acl_in", Port: "uplink", ENI: "eni-a1",
			Protocol: "tcp", Source: "203.0.113.7:40000", Destination: "10.0.1.5:25", NetworkACL: &nic.ACLEntry{ID: "acl-web", Entry: 90},
		}, {
			Time: time.Date(2026, 1, 1, 12, 0, 0, 3e6, time.UTC), Reason: "network_acl_out", Port: "eni-a1", ENI: "eni-a1",
			Protocol: "tcp", Source: "10.0.1.5:22", Destination: "203.0.113.7:40000", NetworkACL: &nic.ACLEntry{ID: "acl-web", Egress: true, Entry: vpc.FinalDeny},
		}},
	}))
	b.WriteByte('\n')
	require.NoError(t, allowanceTable(&b, []nic.AllowanceView{
		{Instance: "i-a1", ENIs: []string{"eni-a1"}, ConntrackAvailable: 997, ConntrackExceeded: 1, LinkLocalExceeded: 2},
		{Instance: "i-a2", ENIs: []string{"eni-a2", "eni-a5"}, BaselineBandwidthInGbps: 0.75, PeakBandwidthInGbps: 10, FlowBandwidthInGbps: 5, InternetBandwidthInGbps: 5, CreditsIn: 1, CreditsOut: 0.25,
			InstanceType: "m5.large", Guesses: []string{"packets_per_second", "credits"}, PacketsPerSecond: 1000000, BwInExceeded: 3, BwOutExceeded: 4, PpsExceeded: 5, ConntrackAvailable: 1000},
		{Instance: "i-a3", ENIs: []string{"eni-a3"}, BaselineBandwidthInGbps: 5, PeakBandwidthInGbps: 5},
		{Instance: "i-a4", ENIs: []string{"eni-a4"}, BaselineBandwidthInGbps: 40, PeakBandwidthInGbps: 40, FlowBandwidthInGbps: 10, InternetBandwidthInGbps: 20, Guesses: []string{"internet_bandwidth_in_gbps"}},
	}))
	golden(t, "tables.txt", b.String())
}
