package replay

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

func TestAPageForTheInternet(t *testing.T) {
	d := newDesk(t)
	d.in("uplink",
		stamped{noon, fromClient("203.0.113.7:40000", "80", wire.TCPSyn)},
		stamped{noon + 2, fromClient("198.51.100.1:40000", "80", wire.TCPSyn)}, // no rule
	)
	router := routerMAC(t, d)
	answer := wiretest.TCP("10.0.1.5:80", "203.0.113.7:40000").Flags(wire.TCPSyn|wire.TCPAck).ID(77).MACs(a1, router).Bytes()
	d.in("eni-a1", stamped{noon + 1, answer})
	sum, v := d.run()
	require.Equal(t, Summary{Packets: 3, Sent: 2, Dropped: 1}, sum)

	require.Equal(t, Verdict{
		N: 1, Time: noon, Port: "uplink", Verdict: "sent", Sentence: v[0].Sentence, ENI: "eni-a1", Out: "eni-a1",
		Rule: &vpc.Rule{Group: "sg-web", GroupName: "web", Path: "IpPermissions[0]", Text: "tcp 80 from 203.0.113.0/24"},
	}, v[0])
	require.Equal(t, []any{"eni-a1", "sent", "uplink"}, []any{v[1].Port, v[1].Verdict, v[1].Out})
	require.Equal(t, []any{noon + 2, "dropped", "security_group_in", "eni-a1", (*vpc.Rule)(nil)}, []any{v[2].Time, v[2].Verdict, v[2].Reason, v[2].ENI, v[2].Rule})
	require.NotEmpty(t, v[2].Sentence)

	got := d.out("eni-a1")
	require.Len(t, got, 1)
	require.Equal(t, noon, got[0].at)
	want := wiretest.TCP("203.0.113.7:40000", "10.0.1.5:80").Flags(wire.TCPSyn).MACs(router, a1).Bytes()
	require.Equal(t, want[:6], got[0].frame[:6], "its own MAC")
	require.Equal(t, want[14:], got[0].frame[14:])

	got = d.out("uplink")
	require.Len(t, got, 1)
	require.Equal(t, noon+1, got[0].at)
	var o wire.Outer
	is, fault := wire.ParseVXLAN(got[0].frame, &o)
	require.True(t, is && fault == wire.NoFault)
	require.Equal(t, []any{wiretest.Addr("172.16.0.11"), wiretest.Addr("172.16.0.1"), uint32(5001)}, []any{o.Src, o.Dst, o.VNI})
	require.Equal(t, wiretest.SrcMAC, wire.Ethernet(got[0].frame).Dst(), "where the edge's packet came from")
	require.Equal(t, wiretest.DstMAC, wire.Ethernet(got[0].frame).Src(), "where it went to")
	want = wiretest.TCP("35.72.2.8:80", "203.0.113.7:40000").Flags(wire.TCPSyn | wire.TCPAck).ID(77).Bytes()
	require.Equal(t, want[14:], got[0].frame[50+14:])
	require.Empty(t, d.out("eni-a2"))
	require.Empty(t, d.out("eni-b1"))
}

func TestNeighboursShowBothRules(t *testing.T) {
	d := newDesk(t)
	d.in("eni-a1", stamped{noon, wiretest.TCP("10.0.1.5:40000", "10.0.1.6:5432").Flags(wire.TCPSyn).MACs(a1, a2).Bytes()})
	_, v := d.run()
	require.Equal(t, []string{"sent", "eni-a2", "eni-a2"}, []string{v[0].Verdict, v[0].ENI, v[0].Out})
	require.Equal(t, &vpc.Rule{Group: "sg-db", GroupName: "db", Path: "IpPermissions[0]", Text: "tcp 5432 from sg-web"}, v[0].Rule)
	require.Equal(t, &vpc.Rule{Group: "sg-web", GroupName: "web", Path: "IpPermissionsEgress[0]", Text: "all to 0.0.0.0/0"}, v[0].Egress)
	require.Len(t, d.out("eni-a2"), 1)
}

// A packet names the entry of the network ACL that denied it, or let it pass, and the ACL and direction.
func TestVerdictsNameTheEntryOfTheACL(t *testing.T) {
	d := newDesk(t)
	edit, err := vpc.Put("NetworkAcls", []byte(`{NetworkAclId: acl-1, VpcId: vpc-a, IsDefault: true, Entries: [{RuleNumber: 90, Protocol: "-1", RuleAction: deny, CidrBlock: 203.0.113.128/25},
		{RuleNumber: 91, Protocol: "-1", RuleAction: allow, CidrBlock: 203.0.113.0/24}]}`))
	require.NoError(t, err)
	d.o.Config.NetworkAcls = append(d.o.Config.NetworkAcls, *edit.Object.(*ec2.NetworkAcl))
	d.in("uplink", stamped{noon, fromClient("203.0.113.200:40000", "80", wire.TCPSyn)}, stamped{noon + 1, fromClient("203.0.113.7:40000", "80", wire.TCPSyn)})
	d.in("eni-a1", stamped{noon + 2, wiretest.TCP("10.0.1.5:40000", "203.0.113.9:443").Flags(wire.TCPSyn).MACs(a1, routerMAC(t, d)).Bytes()})
	_, v := d.run()
	require.Equal(t, []string{"network_acl_in", "", "network_acl_out"}, []string{v[0].Reason, v[1].Reason, v[2].Reason})
	require.Equal(t, []*nic.ACLEntry{{ID: "acl-1", Entry: 90}, {ID: "acl-1", Entry: 91}, {ID: "acl-1", Egress: true, Entry: vpc.FinalDeny}}, []*nic.ACLEntry{v[0].ACL, v[1].ACL, v[2].ACL})
}

// A packet that a NAT gateway dropped names the gateway.
func TestVerdictsNameTheNATGateway(t *testing.T) {
	d := newDesk(t)
	gateway, err := vpc.Put("NatGateways", []byte(`{NatGatewayId: nat-1, VpcId: vpc-a, SubnetId: subnet-a, NatGatewayAddresses: [{NetworkInterfaceId: eni-a1}]}`))
	require.NoError(t, err)
	d.o.Config.NatGateways = append(d.o.Config.NatGateways, *gateway.Object.(*ec2.NatGateway))
	d.o.Config.NetworkInterfaces[0].InterfaceType, d.o.Config.NetworkInterfaces[0].Attachment = "nat_gateway", nil
	d.in("uplink", stamped{noon, fromClient("203.0.113.7:40000", "80", wire.TCPSyn)})
	_, v := d.run()
	require.Equal(t, []string{"nat_unknown", "nat-1"}, []string{v[0].Reason, v[0].NAT})
}

func TestAnENIThatComesAndGoes(t *testing.T) {
	d := newDesk(t)
	d.region("without.yaml")
	cfg := d.o.Config
	without := *cfg
	without.NetworkInterfaces = without.NetworkInterfaces[:2] // no b1
	d.o.Config = &without
	text, err := json.Marshal(&without)
	require.NoError(t, err)
	d.write("without.json", string(text))
	d.region("with.yaml")
	d.o.Events = d.write("e.jsonl", `{"time": "2026-01-01T12:00:01Z", "apply": "with.yaml"}
{"time": "2026-01-01T12:00:03Z", "apply": "without.json"}
{"time": "2026-01-01T12:00:05Z", "apply": "with.yaml"}
`)
	b1 := wire.MAC{0x02, 0, 0, 0x0b, 0x01, 0x05}
	syn := func(at Time, client string) stamped {
		inner := wiretest.TCP(client, "54.168.7.7:80").Flags(wire.TCPSyn).MACs(edge, b1).Bytes()
		return stamped{at, wiretest.VXLAN("172.16.0.1", "172.16.0.11", 5002, inner).Bytes()}
	}
	d.in("uplink", syn(noon, "198.51.100.1:1000"), syn(noon+2*second, "198.51.100.1:1001"), syn(noon+4*second, "198.51.100.1:1002"), syn(noon+6*second, "198.51.100.1:1003"))
	arp := wiretest.ARPRequest(b1, "10.0.1.5", "10.0.1.1").Bytes()
	d.in("eni-b1", stamped{noon, arp}, stamped{noon + 2*second, arp})
	_, v := d.run()
	require.Equal(t, "dropped", v[0].Verdict)
	require.Equal(t, "no_port", v[1].Reason)
	require.Equal(t, "sent", v[2].Verdict)
	require.Equal(t, "consumed", v[3].Verdict)
	require.Equal(t, "dropped", v[4].Verdict)
	require.Equal(t, "sent", v[5].Verdict)
	require.Len(t, d.out("eni-b1"), 3, "two packets and an ARP reply, in one file")
}

func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	var first map[string]string
	for range 3 {
		d := newDesk(t)
		d.region("shut.yaml", "FromPort: 80, ToPort: 80, IpRanges: [{CidrIp: 203", "FromPort: 81, ToPort: 81, IpRanges: [{CidrIp: 203")
		d.o.Events = d.write("e.jsonl", `{"time": 1767268800.00005, "apply": "shut.yaml"}`)
		var packets []stamped
		for i := range 500 {
			client := "203.0.113." + string(rune('1'+i%9)) + ":" + string(rune('1'+i%5)) + "000"
			packets = append(packets, stamped{noon + Time(i*200), fromClient(client, "80", wire.TCPSyn)})
		}
		d.in("uplink", packets...)
		d.run()
		files := map[string]string{"v": read(t, d.o.Verdicts)}
		for _, port := range []string{"uplink", "eni-a1", "eni-a2", "eni-b1"} {
			files[port] = read(t, filepath.Join(d.o.Out, port+".pcap"))
		}
		if first == nil {
			first = files
		}
		require.Equal(t, first, files)
	}
}

func TestNoInputsAtAll(t *testing.T) {
	d := newDesk(t)
	sum, v := d.run()
	require.Equal(t, Summary{}, sum)
	require.Empty(t, v)
	require.Empty(t, d.out("eni-a1"))
}

// A capture that was cut ends where it was cut; the others are replayed to
// their ends and all that was done is written.
func TestADamagedInputEndsAlone(t *testing.T) {
	d := newDesk(t)
	d.in("uplink",
		stamped{noon, fromClient("203.0.113.7:40000", "80", wire.TCPSyn)},
		stamped{noon + 1, fromClient("203.0.113.7:40001", "80", wire.TCPSyn)})
	data := read(t, d.o.Inputs[0].File)
	d.write("uplink-in.pcap", data[:len(data)-7])
	d.in("eni-a1", stamped{noon + 2, wiretest.ARPRequest(a1, "10.0.1.5", "10.0.1.1").Bytes()})
	sum, err := Run(d.Context(), d.o)
	require.ErrorContains(t, err, "uplink-in.pcap: packet 2: the file ends within it")
	require.Equal(t, Summary{Packets: 2, Sent: 1, Consumed: 1}, sum)
	require.Len(t, d.verdicts(), 2)
	require.Len(t, d.out("eni-a1"), 2)
}

// Ctrl-C in the middle leaves whole files of what was done.
func TestStoppedInTheMiddle(t *testing.T) {
	d := newDesk(t)
	syn := fromClient("203.0.113.7:40000", "80", wire.TCPSyn)
	packets := make([]stamped, progressEvery+1)
	for i := range packets {
		packets[i] = stamped{noon + Time(i), syn}
	}
	d.in("uplink", packets...)
	ctx, stop := context.WithCancel(t.Context())
	d.o.Progress = func(int, Time) { stop() }
	sum, err := Run(ctx, d.o)
	require.ErrorContains(t, err, "stopped after packet 16384")
	require.Equal(t, progressEvery, sum.Packets)
	require.Len(t, d.verdicts(), progressEvery)
	require.Len(t, d.out("eni-a1"), progressEvery)
	_, err = Run(ctx, d.o)
	require.ErrorIs(t, err, context.Canceled)
}

func TestTimeThatRunsBackwards(t *testing.T) {
	d := newDesk(t)
	d.in("uplink",
		stamped{noon + 10*second, fromClient("203.0.113.7:40000", "80", wire.TCPSyn)},
		stamped{noon, fromClient("203.0.113.7:40001", "80", wire.TCPSyn)})
	d.in("eni-a1", stamped{noon + 9*second, wiretest.ARPRequest(a1, "10.0.1.5", "10.0.1.1").Bytes()})
	sum, v := d.run()
	require.Equal(t, []string{"eni-a1", "uplink", "uplink"}, []string{v[0].Port, v[1].Port, v[2].Port})
	require.Equal(t, []Time{noon, noon + 10*second}, []Time{v[2].Time, v[2].Handled})
	require.Zero(t, v[1].Handled)
	require.Len(t, sum.Notes, 1)
	require.Contains(t, sum.Notes[0], "the time of 1 of 2 packets runs backwards")
}

func TestEqualTimesKeepTheOrderOfInputs(t *testing.T) {
	d := newDesk(t)
	arp := stamped{noon, wiretest.ARPRequest(a1, "10.0.1.5", "10.0.1.1").Bytes()}
	d.in("eni-b1", arp, arp)
	d.in("eni-a1", arp)
	d.in("uplink", arp)
	_, v := d.run()
	require.Equal(t, "eni-b1 eni-b1 eni-a1 uplink", strings.Join([]string{v[0].Port, v[1].Port, v[2].Port, v[3].Port}, " "))
	require.Equal(t, 4, v[3].N)
}

func TestAFrameLongerThanAnyPortCarries(t *testing.T) {
	d := newDesk(t)
	d.in("eni-a1", stamped{noon, make([]byte, 10000)}, stamped{noon, nil})
	_, v := d.run()
	require.Equal(t, "too_long", v[0].Reason)
	require.Equal(t, "dropped", v[1].Verdict)
}
