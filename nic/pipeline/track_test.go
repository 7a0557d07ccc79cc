package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// What rules permit below.
var (
	web = permit("tcp", "80", "0.0.0.0/0")      // with open egress: not tracked
	ssh = permit("tcp", "22", "203.0.113.0/24") // tracked
)

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

// A change that leaves an untracked flow its rule takes nothing from the flow's record,
// whichever packet meets the change. So the record outlives the time in which a flow that
// is cut could be taken for a connection from before the card's start.
func TestAnUntrackedFlowKeepsItsRecord(t *testing.T) {
	for what, flags := range map[string]uint8{"a SYN+ACK": wire.TCPSyn | wire.TCPAck, "data": wire.TCPAck | wire.TCPPsh, "a RST that the end ignores": wire.TCPRst} {
		t.Run(what, func(t *testing.T) {
			x := newRig(t)
			x.fromInternet("eni-a1", tcp("80", wire.TCPSyn)).passed()
			if flags&wire.TCPSyn == 0 {
				x.fromGuest("eni-a1", tcpBack("80", wire.TCPSyn|wire.TCPAck)).passed()
				x.fromInternet("eni-a1", tcp("80", wire.TCPAck)).passed()
			}
			before := x.flow("eni-a1")
			x.admits(web, ssh)
			x.fromGuest("eni-a1", tcpBack("80", flags)).passed()
			x.fromInternet("eni-a1", tcp("80", wire.TCPAck)).passed()
			f := x.flow("eni-a1")
			require.Equal(t, []any{"ESTABLISHED", before.PacketsIn + 1, before.PacketsOut + 1, false}, []any{f.State, f.PacketsIn, f.PacketsOut, f.Tracked})
			x.wait(5 * time.Minute)
			x.admits(ssh)
			x.fromGuest("eni-a1", tcpBack("80", wire.TCPAck)).dropped(SecurityGroupIn)
			x.fromInternet("eni-a1", tcp("80", wire.TCPAck)).dropped(SecurityGroupIn)
		})
	}
}

// The same for a UDP stream.
func TestAnUntrackedStreamStaysOne(t *testing.T) {
	x := newRig(t)
	question, answer := wiretest.UDP(client+":9", "35.72.2.8:53"), wiretest.UDP("10.0.1.5:53", client+":9")
	for range 2 {
		x.fromInternet("eni-a1", question).passed()
		x.fromGuest("eni-a1", answer).passed()
	}
	x.admits(web, permit("udp", "53", "0.0.0.0/0"), ssh)
	x.fromInternet("eni-a1", question).passed()
	f := x.flow("eni-a1")
	require.Equal(t, []any{"UDP_STREAM", uint64(3), uint64(2)}, []any{f.State, f.PacketsIn, f.PacketsOut})
	x.wait(150 * time.Second)
	x.admits(ssh)
	x.fromGuest("eni-a1", answer).dropped(SecurityGroupIn)
	x.fromInternet("eni-a1", question).dropped(SecurityGroupIn)
}

// An untracked flow that a new policy tracks needs room among the tracked ones, and ends
// where there is none.
func TestAnUntrackedFlowThatBecomesTrackedIsCounted(t *testing.T) {
	narrow := permit("tcp", "80", "203.0.113.0/24")
	x := newRig(t)
	x.connect("80")
	x.admits(narrow)
	require.Zero(t, x.tracked("eni-a1"))
	x.fromGuest("eni-a1", tcpBack("80", wire.TCPAck)).passed()
	require.Equal(t, 1, x.tracked("eni-a1"))

	x = newRig(t)
	x.connect("80")
	x.connect("22")
	x.allow("i-a1", 1)
	x.admits(narrow)
	x.fromGuest("eni-a1", tcpBack("80", wire.TCPAck)).dropped(ConntrackAllowanceExceeded)
	require.Len(t, x.flows(""), 1)
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
// opens nothing for the way back, once no connection can be older than the card.
func TestAStraySegmentOpensNothing(t *testing.T) {
	x := newRig(t)
	x.wait(350 * time.Second) // as a1's owner wants it
	for _, flags := range []uint8{wire.TCPAck, wire.TCPRst, wire.TCPFin | wire.TCPAck, wire.TCPSyn | wire.TCPAck, wire.TCPSyn | wire.TCPRst, 0} {
		x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:1", client+":2").Flags(flags)).passed()
		x.fromInternet("eni-a1", wiretest.TCP(client+":2", "35.72.2.8:1").Flags(wire.TCPAck)).dropped(SecurityGroupIn)
	}
	require.Empty(t, x.flows(""))
}

// Connections from before the card's start go on, whoever opened them, if the rules
// allow the side that sends first. What only ends connections opens none.
func TestConnectionsFromBeforeTheStartGoOn(t *testing.T) {
	mine, theirs := wiretest.TCP("10.0.1.5:4000", client+":443"), wiretest.TCP(client+":443", "35.72.2.8:4000")
	for what, first := range map[string]uint8{"data": wire.TCPAck | wire.TCPPsh, "an acknowledgement": wire.TCPAck, "a FIN": wire.TCPFin | wire.TCPAck} {
		t.Run(what, func(t *testing.T) {
			x := newRig(t)
			x.wait(349 * time.Second)
			x.permits("", permit("tcp", "443", "203.0.113.0/24"))
			x.fromInternet("eni-a1", theirs).dropped(SecurityGroupIn)
			for _, flags := range []uint8{wire.TCPRst, wire.TCPSyn | wire.TCPAck, 0} {
				x.fromGuest("eni-a1", mine.Flags(flags)).passed()
				x.fromInternet("eni-a1", theirs).dropped(SecurityGroupIn)
			}
			x.fromGuest("eni-a1", mine.Flags(first)).passed()
			x.fromInternet("eni-a1", theirs).passed()
			x.permits("", "")
			x.wait(349 * time.Second)
			x.fromInternet("eni-a1", theirs).passed()
			x.fromGuest("eni-a1", mine).passed()

			x = newRig(t)
			x.permits(permit("tcp", "4000", "203.0.113.0/24"), "")
			x.fromGuest("eni-a1", mine).dropped(SecurityGroupOut)
			x.fromInternet("eni-a1", theirs.Flags(first)).passed()
			x.fromGuest("eni-a1", mine).passed()
		})
	}
}

// An instance resumes as many as it may track. The others pass by their rule alone, and
// one that nobody answers makes room soon.
func TestResumedConnectionsCountAgainstTheAllowance(t *testing.T) {
	x := newRig(t)
	x.allow("i-a1", 10)
	x.admits()
	for port := range uint16(20) {
		x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:1", client+":2").SrcPort(1000+port)).passed()
	}
	require.Equal(t, 10, x.tracked("eni-a1"))
	x.fromInternet("eni-a1", wiretest.TCP(client+":2", "35.72.2.8:1009")).passed()
	x.fromInternet("eni-a1", wiretest.TCP(client+":2", "35.72.2.8:1010")).dropped(SecurityGroupIn)
	x.wait(62 * time.Second)
	require.Equal(t, 1, x.tracked("eni-a1"))
}

// A flow that is cut with its rule stays cut, though the card began a moment ago.
func TestACutFlowIsNotResumed(t *testing.T) {
	x := newRig(t)
	x.fromInternet("eni-a1", tcp("80", wire.TCPAck)).passed()
	x.fromGuest("eni-a1", tcpBack("80", wire.TCPAck)).passed()
	require.False(t, x.flow("eni-a1").Tracked)
	x.admits(ssh)
	for range 34 {
		x.wait(10 * time.Second)
		x.fromGuest("eni-a1", tcpBack("80", wire.TCPAck)).dropped(SecurityGroupIn)
	}
	x.wait(10 * time.Second)
	x.fromGuest("eni-a1", tcpBack("80", wire.TCPAck))
	x.fromInternet("eni-a1", tcp("80", wire.TCPAck)).dropped(SecurityGroupIn)
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

// "Members of a custom group get no mutual access without a self-reference", and a rule that names the
// group means its members' private addresses, none of their public ones.
func TestMembersNeedARuleThatNamesTheirGroup(t *testing.T) {
	x := newRig(t)
	x.put("Addresses", `{PublicIp: 35.72.2.50, NetworkInterfaceId: eni-a2, PrivateIpAddress: 10.0.1.6}`)
	x.put("SecurityGroups", `{GroupId: sg-a-db, GroupName: database, VpcId: vpc-a, IpPermissionsEgress: [{IpProtocol: "-1", IpRanges: [{CidrIp: 0.0.0.0/0}]}]}`)
	visit := wiretest.TCP("10.0.1.5:1", "10.0.1.6:9999").Flags(wire.TCPSyn)
	x.fromGuest("eni-a1", visit).dropped(SecurityGroupIn)
	x.admits("{IpProtocol: tcp, FromPort: 9999, ToPort: 9999, UserIdGroupPairs: [{GroupId: sg-a-web}]}")
	x.fromGuest("eni-a1", visit).delivered("eni-a2")
	x.fromGuest("eni-a4", wiretest.TCP("10.0.2.8:1", "10.0.1.6:9999").Flags(wire.TCPSyn)).dropped(SecurityGroupIn) // no member
	x.fromInternet("eni-a2", wiretest.TCP("35.72.2.8:1", "35.72.2.50:9999").Flags(wire.TCPSyn)).dropped(SecurityGroupIn)
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
	require.Equal(t, "ICMP", x.flows("")[0].State)
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
	x.fromInternet("eni-a1", tcp("22", wire.TCPSyn)).passed() // the SYN that opened it, once more, changes nothing
	require.Equal(t, "ESTABLISHED", x.flow("eni-a1").State)
	finish()
	x.fromInternet("eni-a1", tcp("22", wire.TCPSyn)).dropped(SecurityGroupIn)
	require.Equal(t, "TIME_WAIT", x.flow("eni-a1").State)
	x.fromGuest("eni-a1", tcpBack("22", wire.TCPFin|wire.TCPAck)).passed() // sent again
}

// Every ICMP query has its answers let in and out, whatever the answer's code is;
// and no other query's, no other identifier's and nobody else's.
func TestEveryQueryHasItsAnswers(t *testing.T) {
	queries := map[string][2]uint8{"echo": {8, 0}, "timestamp": {13, 14}, "information": {15, 16}, "address mask": {17, 18}, "extended echo": {42, 43}}
	for what, q := range queries {
		t.Run(what, func(t *testing.T) {
			x := newRig(t)
			x.admits()
			answer := wiretest.Query(client, "35.72.2.8", q[1], 7)
			x.fromInternet("eni-a1", answer).dropped(SecurityGroupIn)
			x.fromGuest("eni-a1", wiretest.Query("10.0.1.5", client, q[0], 7)).tunneled(edge, vniA)
			for code := range uint8(5) {
				x.fromInternet("eni-a1", answer.Code(code)).delivered("eni-a1")
			}
			for _, other := range queries {
				if other != q {
					x.fromInternet("eni-a1", wiretest.Query(client, "35.72.2.8", other[1], 7)).dropped(SecurityGroupIn)
				}
			}
			x.fromInternet("eni-a1", wiretest.Query(client, "35.72.2.8", q[1], 8)).dropped(SecurityGroupIn)
			x.fromInternet("eni-a1", wiretest.Query(other, "35.72.2.8", q[1], 7)).dropped(SecurityGroupIn)
			x.fromInternet("eni-a1", wiretest.Query(client, "35.72.2.8", q[0], 7)).dropped(SecurityGroupIn)

			x.put("SecurityGroups", fmt.Sprintf(`{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a, IpPermissionsEgress: [], IpPermissions: [{IpProtocol: icmp, FromPort: %d, ToPort: -1, IpRanges: [{CidrIp: 203.0.113.0/24}]}]}`, q[0]))
			back := wiretest.Query("10.0.1.5", client, q[1], 9)
			x.fromGuest("eni-a1", back).dropped(SecurityGroupOut)
			x.fromInternet("eni-a1", wiretest.Query(client, "35.72.2.8", q[0], 9)).delivered("eni-a1")
			x.fromGuest("eni-a1", back.Code(3)).tunneled(edge, vniA)
			x.fromGuest("eni-a1", wiretest.Query("10.0.1.5", client, q[0], 9)).dropped(SecurityGroupOut)
			// An error about the query is let out, too.
			x.fromGuest("eni-a1", wiretest.ICMPError(wire.ICMPUnreachable, 1, "10.0.1.5", wiretest.Query(client, "10.0.1.5", q[0], 9).Bytes())).tunneled(edge, vniA)
		})
	}
}

// A rule for one code of a query is for no other, whether the query is known or
// not, and whichever code came first.
func TestARuleForACodeIsForNoOther(t *testing.T) {
	for _, allowed := range []uint8{0, 5} {
		x := newRig(t)
		x.admits(fmt.Sprintf("{IpProtocol: icmp, FromPort: 8, ToPort: %d, IpRanges: [{CidrIp: 203.0.113.0/24}]}", allowed))
		echo := wiretest.Echo(client, "35.72.2.8", 7)
		for range 3 {
			x.fromInternet("eni-a1", echo.Code(5-allowed)).dropped(SecurityGroupIn)
			x.fromInternet("eni-a1", echo.Code(allowed)).delivered("eni-a1")
		}
		first := echo.Code(5 - allowed).Size(200).ID(9).Fragments(64)
		x.send(Uplink, x.tunnelBytes(edge, "eni-a1", first[0])).dropped(SecurityGroupIn)
		x.send(Uplink, x.tunnelBytes(edge, "eni-a1", first[1])).dropped(FragmentUnknown)
		require.Len(t, x.flows(""), 1)
	}
	// Where both are allowed, both pass, on one connection.
	x := newRig(t)
	for range 2 {
		for _, code := range []uint8{0, 5} {
			x.fromInternet("eni-a1", wiretest.Echo(client, "35.72.2.8", 7).Code(code)).delivered("eni-a1")
		}
	}
	require.EqualValues(t, 4, x.flow("eni-a1").PacketsIn)
}

// A SYN that begins another connection is asked of the rules in force, though the
// old one's record is there: the old one's rule is gone, and both ends lost it.
func TestASynIsAskedOfTheRulesInForce(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	x.admits()
	x.fromInternet("eni-a1", tcp("22", wire.TCPSyn)).delivered("eni-a1") // sent again by the network: it is the old one's
	before := x.flow("eni-a1")
	x.wait(5 * time.Minute)
	for _, flags := range []uint8{wire.TCPSyn, wire.TCPSyn | wire.TCPEce | wire.TCPCwr, wire.TCPSyn | wire.TCPFin} {
		e := x.fromInternet("eni-a1", tcp("22", flags).Seq(424242, 0))
		e.dropped(SecurityGroupIn)
		require.Nil(t, e.Rule, "none allowed it")
	}
	after := x.flow("eni-a1")
	require.Equal(t, before, after, "what is denied harms nothing")
	x.fromInternet("eni-a1", tcp("22", wire.TCPAck)).delivered("eni-a1") // the old one goes on
	x.fromGuest("eni-a1", tcpBack("22", wire.TCPAck)).tunneled(edge, vniA)
	x.fromGuest("eni-a1", tcpBack("22", wire.TCPSyn|wire.TCPAck)).tunneled(edge, vniA)
}

// A SYN for another connection that the rules allow takes the record when it is
// answered, and changes nothing before.
func TestAnAnsweredSynTakesTheRecord(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	x.admits(permit("tcp", "22", client+"/32"))
	fresh, answer := tcp("22", wire.TCPSyn).Seq(424242, 0), tcpBack("22", wire.TCPSyn|wire.TCPAck).Seq(1, 424243)
	before := x.flow("eni-a1")
	require.Equal(t, "tcp 22 from "+client+"/32", x.fromInternet("eni-a1", fresh).Rule.Text)
	require.Equal(t, before, x.flow("eni-a1"))
	x.fromGuest("eni-a1", answer.Seq(1, 424242)).passed() // the old one's, as any segment
	require.Equal(t, "ESTABLISHED", x.flow("eni-a1").State)
	require.Equal(t, "tcp 22 from "+client+"/32", x.fromGuest("eni-a1", answer).Rule.Text)
	f := x.flow("eni-a1")
	require.Equal(t, []string{"SYN_RECEIVED", "remote", "tcp 22 from " + client + "/32"}, []string{f.State, f.Initiator, f.Rule.Text})
	require.Equal(t, []uint64{0, 1}, []uint64{f.PacketsIn, f.PacketsOut})
	x.admits()
	x.fromInternet("eni-a1", fresh).delivered("eni-a1") // sent again
	x.fromInternet("eni-a1", tcp("22", wire.TCPSyn)).dropped(SecurityGroupIn)
	x.fromGuest("eni-a1", answer).passed()
	x.fromInternet("eni-a1", tcp("22", wire.TCPAck).Seq(424243, 2)).passed()
	require.Equal(t, "ESTABLISHED", x.flow("eni-a1").State)
}

// An answer to a SYN that the rules allow no more is dropped.
func TestTheRulesAreAskedAgainForTheAnswer(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	x.fromInternet("eni-a1", tcp("22", wire.TCPSyn).Seq(424242, 0)).passed()
	x.admits()
	x.fromGuest("eni-a1", tcpBack("22", wire.TCPSyn|wire.TCPAck).Seq(1, 424243)).dropped(SecurityGroupIn)
	x.fromInternet("eni-a1", tcp("22", wire.TCPAck)).passed()
}

// What a guest opened lets nobody open the other way, but for two ends that open
// at once.
func TestASynFromTheOtherSide(t *testing.T) {
	x := newRig(t)
	x.admits()
	mine := func(flags uint8) wiretest.Packet { return tcpBack("6000", flags) }
	theirs := func(flags uint8) wiretest.Packet { return tcp("6000", flags).Seq(77, 1) }
	x.fromGuest("eni-a1", mine(wire.TCPSyn)).passed()
	x.fromInternet("eni-a1", theirs(wire.TCPSyn|wire.TCPAck)).passed()
	x.fromInternet("eni-a1", theirs(wire.TCPSyn)).dropped(SecurityGroupIn)
	x.fromGuest("eni-a1", mine(wire.TCPAck)).passed()
	x.wait(5 * time.Minute)
	x.fromInternet("eni-a1", theirs(wire.TCPSyn)).dropped(SecurityGroupIn)
	x.fromGuest("eni-a1", mine(wire.TCPAck)).passed()
	require.Equal(t, []string{"ESTABLISHED", "local"}, []string{x.flow("eni-a1").State, x.flow("eni-a1").Initiator})

	x = newRig(t)
	x.admits()
	x.fromInternet("eni-a1", theirs(wire.TCPSyn)).dropped(SecurityGroupIn)
	x.fromGuest("eni-a1", mine(wire.TCPSyn)).passed()
	for range 2 { // sent again, too
		x.fromInternet("eni-a1", theirs(wire.TCPSyn)).passed()
	}
	x.fromInternet("eni-a1", theirs(wire.TCPSyn).Seq(78, 1)).dropped(SecurityGroupIn)
	x.fromGuest("eni-a1", mine(wire.TCPSyn|wire.TCPAck)).passed()
	x.fromInternet("eni-a1", theirs(wire.TCPSyn|wire.TCPAck)).passed()
	require.Equal(t, "ESTABLISHED", x.flow("eni-a1").State)
}
