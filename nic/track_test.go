package nic

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// What rules permit below.
var (
	web  = permit("tcp", "80", "0.0.0.0/0")        // with open egress: not tracked
	ssh  = permit("tcp", "22", "203.0.113.0/24")   // tracked
	dns  = permit("udp", "53", "0.0.0.0/0")        // not tracked
	game = permit("udp", "5000", "203.0.113.9/32") // tracked
)

// tcp is a segment from the client to a port of a1, and back.
func tcp(port string, flags uint8) wiretest.Packet {
	return wiretest.TCP(client+":40000", "35.72.2.8:"+port).Flags(flags)
}

func tcpBack(port string, flags uint8) wiretest.Packet {
	return wiretest.TCP("10.0.1.5:"+port, client+":40000").Flags(flags)
}

// connect is the handshake of a client's connection to a port of a1.
func (r *rig) connect(port string) {
	r.Helper()
	r.fromInternet("eni-a1", tcp(port, wire.TCPSyn)).passed()
	r.fromGuest("eni-a1", tcpBack(port, wire.TCPSyn|wire.TCPAck)).passed()
	r.fromInternet("eni-a1", tcp(port, wire.TCPAck)).passed()
}

// EC2 tracks what a rule for some allows: an open connection goes on without
// its rule, a new one is dropped.
func TestATrackedConnectionOutlivesItsRule(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	require.True(t, x.flow("eni-a1").Tracked)
	x.admits(web)
	x.fromInternet("eni-a1", tcp("22", wire.TCPAck)).delivered("eni-a1")
	x.fromGuest("eni-a1", tcpBack("22", wire.TCPAck)).tunneled(edge, vniA)
	x.fromInternet("eni-a1", wiretest.TCP(client+":40001", "35.72.2.8:22").Flags(wire.TCPSyn)).dropped(SecurityGroupIn)
	f := x.flow("eni-a1")
	require.Equal(t, "tcp 22 from 203.0.113.0/24", f.Rule.Text, "the rule is gone, and still known")
	require.Equal(t, []uint64{3, 2}, []uint64{f.PacketsIn, f.PacketsOut})
	require.Equal(t, "ESTABLISHED", f.State)
	// The rule comes back: so does whoever was refused.
	x.admits(web, ssh)
	x.fromInternet("eni-a1", wiretest.TCP(client+":40001", "35.72.2.8:22").Flags(wire.TCPSyn)).delivered("eni-a1")
}

// EC2 does not track what a rule for all allows beside open egress: without
// the rule it is cut at once, and nothing that the guest sends brings it back.
func TestAnUntrackedFlowIsCutWithItsRule(t *testing.T) {
	x := newRig(t)
	x.connect("80")
	require.False(t, x.flow("eni-a1").Tracked)
	x.admits(ssh)
	for range 2 {
		x.fromGuest("eni-a1", tcpBack("80", wire.TCPAck)).dropped(SecurityGroupIn)
		x.fromInternet("eni-a1", tcp("80", wire.TCPAck)).dropped(SecurityGroupIn)
		e := x.fromInternet("eni-a1", tcp("80", wire.TCPSyn))
		e.dropped(SecurityGroupIn)
		require.Nil(t, e.Rule, "the rule that had allowed it is gone")
	}
	x.admits(web)
	x.fromInternet("eni-a1", tcp("80", wire.TCPAck)).delivered("eni-a1")
	x.fromGuest("eni-a1", tcpBack("80", wire.TCPAck)).tunneled(edge, vniA)
}

// The same for UDP, whoever sends first after the change.
func TestAnUntrackedDatagramIsCutWithItsRule(t *testing.T) {
	x := newRig(t)
	question, answer := wiretest.UDP(client+":9", "35.72.2.8:53"), wiretest.UDP("10.0.1.5:53", client+":9")
	x.fromInternet("eni-a1", question).passed()
	x.fromGuest("eni-a1", answer).passed()
	x.admits(web)
	x.fromGuest("eni-a1", answer).dropped(SecurityGroupIn)
	x.fromInternet("eni-a1", question).dropped(SecurityGroupIn)
}

// A change that leaves an untracked flow its rule does not disturb it, however
// often, and whoever sends next. The end that opened it stays known.
func TestAnUntrackedFlowSurvivesOtherChanges(t *testing.T) {
	x := newRig(t)
	x.connect("80")
	for range 3 {
		x.admits(web, ssh)
		x.fromGuest("eni-a1", tcpBack("80", wire.TCPAck)).passed()
		x.fromInternet("eni-a1", tcp("80", wire.TCPAck)).passed()
		require.Equal(t, "remote", x.flow("eni-a1").Initiator)
	}
	x.admits(ssh)
	x.fromGuest("eni-a1", tcpBack("80", wire.TCPAck)).dropped(SecurityGroupIn)
}

// A flow whose rule becomes narrower, and still admits it, is tracked from
// then on.
func TestAnUntrackedFlowBecomesTracked(t *testing.T) {
	x := newRig(t)
	x.connect("80")
	x.admits(permit("tcp", "80", "203.0.113.0/24"))
	x.fromGuest("eni-a1", tcpBack("80", wire.TCPAck)).passed()
	f := x.flow("eni-a1")
	require.True(t, f.Tracked)
	require.Equal(t, []string{"remote", "ESTABLISHED", "tcp 80 from 203.0.113.0/24"}, []string{f.Initiator, f.State, f.Rule.Text})
	x.admits(ssh)
	x.fromInternet("eni-a1", tcp("80", wire.TCPAck)).passed()
}

// A guest may open what its egress allows on the ports of a flow that was cut.
func TestAGuestOpensAnewWhereAFlowWasCut(t *testing.T) {
	x := newRig(t)
	x.connect("80")
	x.admits(ssh)
	x.fromGuest("eni-a1", tcpBack("80", wire.TCPAck)).dropped(SecurityGroupIn)
	x.fromGuest("eni-a1", tcpBack("80", wire.TCPSyn)).passed()
	x.fromInternet("eni-a1", tcp("80", wire.TCPSyn|wire.TCPAck)).passed()
	require.Equal(t, "local", x.flow("eni-a1").Initiator)
}

// Replies to what the guest began need no rule.
func TestRepliesNeedNoRule(t *testing.T) {
	x := newRig(t)
	x.admits()
	answer := wiretest.UDP(client+":53", "35.72.2.8:40000")
	x.fromInternet("eni-a1", answer).dropped(SecurityGroupIn)
	x.fromGuest("eni-a1", wiretest.UDP("10.0.1.5:40000", client+":53")).passed()
	x.fromInternet("eni-a1", answer).passed()
	x.fromInternet("eni-a1", wiretest.UDP(client+":53", "35.72.2.8:40001")).dropped(SecurityGroupIn)
	x.fromInternet("eni-a1", wiretest.UDP(other+":53", "35.72.2.8:40000")).dropped(SecurityGroupIn)
}

// A segment from the middle of nowhere passes where a rule allows it, and
// opens nothing for the way back.
func TestAStraySegmentOpensNothing(t *testing.T) {
	x := newRig(t)
	for _, flags := range []uint8{wire.TCPAck, wire.TCPRst, wire.TCPFin | wire.TCPAck, wire.TCPSyn | wire.TCPAck, wire.TCPSyn | wire.TCPRst, 0} {
		x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:1", client+":2").Flags(flags)).passed()
		x.fromInternet("eni-a1", wiretest.TCP(client+":2", "35.72.2.8:1").Flags(wire.TCPAck)).dropped(SecurityGroupIn)
	}
	require.Empty(t, x.card.Flows(FlowFilter{}))
}

// A rule for members of a group follows its members.
func TestAGroupReferenceFollowsItsMembers(t *testing.T) {
	x := newRig(t)
	query := func(port string) wiretest.Packet {
		return wiretest.TCP("10.0.1.6:"+port, "10.0.2.8:5432").Flags(wire.TCPSyn)
	}
	x.fromGuest("eni-a2", query("1")).delivered("eni-a4")
	leaver := `{NetworkInterfaceId: eni-a2, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:02", PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.6}], Groups: [{GroupId: GROUP}], Attachment: {InstanceId: i-a2}}`
	x.put("SecurityGroups", `{GroupId: sg-a-other, GroupName: other, VpcId: vpc-a, IpPermissions: [], IpPermissionsEgress: [{IpProtocol: "-1", IpRanges: [{CidrIp: 0.0.0.0/0}]}]}`)
	x.put("NetworkInterfaces", strings.Replace(leaver, "GROUP", "sg-a-other", 1))
	x.fromGuest("eni-a2", query("2")).dropped(SecurityGroupIn)
	x.fromGuest("eni-a2", query("1").Flags(wire.TCPAck)).delivered("eni-a4")
	x.put("NetworkInterfaces", strings.Replace(leaver, "GROUP", "sg-a-web", 1))
	x.fromGuest("eni-a2", query("2")).delivered("eni-a4")
}

// Ping works where a rule allows the echo, with its replies. The guest does
// not ping back on the same identifier, nor does another message ride on it.
func TestPing(t *testing.T) {
	x := newRig(t)
	x.put("SecurityGroups", `{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a, IpPermissionsEgress: [], IpPermissions: [{IpProtocol: icmp, FromPort: 8, ToPort: -1, IpRanges: [{CidrIp: 203.0.113.0/24}]}]}`)
	for _, id := range []uint16{7, 0} {
		x.fromInternet("eni-a1", wiretest.Echo(client, "35.72.2.8", id)).delivered("eni-a1")
		x.fromGuest("eni-a1", wiretest.EchoReply("10.0.1.5", client, id)).tunneled(edge, vniA)
		x.fromGuest("eni-a1", wiretest.Echo("10.0.1.5", client, id)).dropped(SecurityGroupOut)
		x.fromGuest("eni-a1", wiretest.ICMP("10.0.1.5", client, wire.ICMPRedirect, 0)).dropped(SecurityGroupOut)
		x.fromInternet("eni-a1", wiretest.EchoReply(client, "35.72.2.8", id)).dropped(SecurityGroupIn)
		x.fromInternet("eni-a1", wiretest.ICMP(client, "35.72.2.8", wire.ICMPRedirect, 0)).dropped(SecurityGroupIn)
	}
	x.fromInternet("eni-a1", wiretest.Echo(other, "35.72.2.8", 7)).dropped(SecurityGroupIn)
	require.Equal(t, "ICMP", x.card.Flows(FlowFilter{})[0].State)
	// Always tracked, whatever the rule.
	x.admits(permit("icmp", "-1", "0.0.0.0/0"))
	x.fromInternet("eni-a1", wiretest.Echo(client, "35.72.2.8", 9)).passed()
	x.admits()
	x.fromInternet("eni-a1", wiretest.Echo(client, "35.72.2.8", 9)).passed()
	x.fromInternet("eni-a1", wiretest.Echo(client, "35.72.2.8", 10)).dropped(SecurityGroupIn)
}

// The same ports may open again after a connection ended, as the rules are
// then. A SYN that they deny does not harm what is there.
func TestTCPOpensAgainAfterItsEnd(t *testing.T) {
	x := newRig(t)
	finish := func() {
		x.fromInternet("eni-a1", tcp("22", wire.TCPFin|wire.TCPAck)).passed()
		x.fromGuest("eni-a1", tcpBack("22", wire.TCPFin|wire.TCPAck)).passed()
		x.fromInternet("eni-a1", tcp("22", wire.TCPAck)).passed()
		require.Equal(t, "TIME_WAIT", x.flow("eni-a1").State)
	}
	x.connect("22")
	finish()
	x.connect("22")
	require.Equal(t, "ESTABLISHED", x.flow("eni-a1").State)
	require.EqualValues(t, 2, x.flow("eni-a1").PacketsIn, "counted anew")
	x.admits()
	x.fromInternet("eni-a1", tcp("22", wire.TCPSyn)).passed() // a SYN on a live connection changes nothing
	require.Equal(t, "ESTABLISHED", x.flow("eni-a1").State)
	finish()
	x.fromInternet("eni-a1", tcp("22", wire.TCPSyn)).dropped(SecurityGroupIn)
	require.Equal(t, "TIME_WAIT", x.flow("eni-a1").State)
	x.fromGuest("eni-a1", tcpBack("22", wire.TCPFin|wire.TCPAck)).passed() // sent again
}
