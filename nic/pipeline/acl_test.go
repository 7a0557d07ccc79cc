package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// guard puts the network ACL of subnet-a1 in force: entries, in the order of their
// numbers, before those that allow all. Without entries, nothing is denied.
func (r *rig) guard(entries ...string) {
	r.Helper()
	text := "{NetworkAclId: acl-a1, VpcId: vpc-a, Associations: [{SubnetId: subnet-a1}], Entries: ["
	for i, e := range entries {
		text += fmt.Sprintf("{RuleNumber: %d, %s}, ", i+1, e)
	}
	for _, egress := range []bool{false, true} {
		text += fmt.Sprintf("{RuleNumber: 100, Egress: %v, RuleAction: allow, Protocol: '-1', CidrBlock: 0.0.0.0/0}, ", egress)
	}
	r.put("NetworkAcls", strings.TrimSuffix(text, ", ")+"]}")
}

// entry is one of an ACL in EC2's words. ports is of TCP and UDP, "80" or "80-90"; of ICMP it is type and code.
func entry(action, proto, ports, remote string, egress bool) string {
	text := fmt.Sprintf("RuleAction: %s, Protocol: '%s', CidrBlock: %s, Egress: %v", action, proto, remote, egress)
	lo, hi, is := strings.Cut(ports, "-")
	switch {
	case ports == "":
	case proto == "1":
		text += fmt.Sprintf(", IcmpTypeCode: {Type: %s, Code: %s}", lo, hi)
	case is:
		text += fmt.Sprintf(", PortRange: {From: %s, To: %s}", lo, hi)
	default:
		text += fmt.Sprintf(", PortRange: {From: %s, To: %s}", lo, lo)
	}
	return text
}

// denies is an entry against a TCP port, whoever has the other.
func denies(port string, egress bool) string { return entry("deny", "6", port, "0.0.0.0/0", egress) }

// guarded is the setup of a verdictCase.
func guarded(entries ...string) func(*rig) { return func(x *rig) { x.guard(entries...) } }

// An ACL decides by the first entry that matches, in each direction on its own.
func TestTheFirstEntryDecides(t *testing.T) {
	x := newRig(t)
	x.guard(entry("allow", "6", "22", client+"/32", false), denies("22", false))
	x.fromInternet("eni-a1", syn).delivered("eni-a1")
	x.fromGuest("eni-a1", tcpBack("22", wire.TCPSyn|wire.TCPAck)).tunneled(edge, vniA)
	x.fromInternet("eni-a1", wiretest.TCP("203.0.113.10:1", "35.72.2.8:22").Flags(wire.TCPSyn)).dropped(NetworkACLIn)
	x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:1", client+":22").Flags(wire.TCPSyn)).tunneled(edge, vniA)
	x.guard(denies("22", false), entry("allow", "6", "22", client+"/32", false))
	x.fromInternet("eni-a1", syn).dropped(NetworkACLIn)
}

// A deny that comes later cuts what is established, tracked or not, at the next packet
// of either direction. The records stay: what was cut goes on when the deny is gone,
// though no rule of a group would let it begin.
func TestADenyCutsWhatIsEstablished(t *testing.T) {
	for _, port := range []string{"22", "80"} {
		for _, entries := range [][]string{
			{denies(port, false)},
			{denies("40000", true)},
			{denies(port, false), denies("40000", true)},
		} {
			x := newRig(t)
			x.connect(port)
			before := x.flow("eni-a1")
			x.guard(entries...)
			for range 3 {
				in, out := x.fromInternet("eni-a1", tcp(port, wire.TCPAck)), Verdict(0)
				if strings.Contains(entries[0], "Egress: false") {
					in.dropped(NetworkACLIn)
				} else {
					in.delivered("eni-a1")
				}
				out = x.fromGuest("eni-a1", tcpBack(port, wire.TCPAck)).Verdict
				want := Sent
				if strings.Contains(entries[len(entries)-1], "Egress: true") {
					want = NetworkACLOut
				}
				require.Equal(t, want.String(), out.String())
			}
			require.Equal(t, before.Rule, x.flow("eni-a1").Rule)
			if port == "22" {
				x.admits(web) // a new connection would be dropped
			}
			x.guard()
			x.fromInternet("eni-a1", tcp(port, wire.TCPAck)).delivered("eni-a1")
			x.fromGuest("eni-a1", tcpBack(port, wire.TCPAck)).tunneled(edge, vniA)
		}
	}
}

// The groups let a reply pass without a rule, and the ACL does not.
func TestTheACLIsAskedForReplies(t *testing.T) {
	x := newRig(t)
	x.guard(denies("32768-61000", true))
	x.fromInternet("eni-a1", syn).delivered("eni-a1")
	x.fromGuest("eni-a1", tcpBack("22", wire.TCPSyn|wire.TCPAck)).dropped(NetworkACLOut)
	x.fromInternet("eni-a1", syn).delivered("eni-a1")
	x.guard(denies("40000", false))
	x.fromGuest("eni-a1", out).tunneled(edge, vniA)
	x.fromInternet("eni-a1", wiretest.TCP(client+":443", "35.72.2.8:40000").Flags(wire.TCPSyn|wire.TCPAck)).dropped(NetworkACLIn)
}

// ICMP errors about a connection pass the groups, and not an ACL that denies them.
func TestTheACLIsAskedForICMPErrors(t *testing.T) {
	x := newRig(t)
	x.fromGuest("eni-a1", out).passed()
	about := quoteOf(router, wiretest.TCP("35.72.2.8:40000", client+":443"), 28)
	x.fromInternet("eni-a1", about).delivered("eni-a1")
	x.guard(entry("deny", "1", "3--1", "0.0.0.0/0", false))
	x.fromInternet("eni-a1", about).dropped(NetworkACLIn)
	x.fromInternet("eni-a1", wiretest.Echo(client, "35.72.2.8", 7)).delivered("eni-a1")
}

// An ACL tells the codes of one ICMP type apart, of queries and of answers, whichever
// comes first under a policy.
func TestTheACLTellsCodesApart(t *testing.T) {
	for _, denied := range []uint8{0, 5} {
		allowed := 5 - denied
		x := newRig(t)
		echo := func(code uint8) wiretest.Packet { return wiretest.Echo(client, "35.72.2.8", 7).Code(code) }
		answer := func(code uint8) wiretest.Packet { return wiretest.EchoReply("10.0.1.5", client, 7).Code(code) }
		for _, code := range []uint8{0, 5} {
			x.fromInternet("eni-a1", echo(code)).passed()
			x.fromGuest("eni-a1", answer(code)).passed()
		}
		x.guard(entry("deny", "1", fmt.Sprint("8-", denied), "0.0.0.0/0", false), entry("deny", "1", fmt.Sprint("0-", denied), "0.0.0.0/0", true))
		for range 2 {
			x.fromInternet("eni-a1", echo(allowed)).passed()
			x.fromInternet("eni-a1", echo(denied)).dropped(NetworkACLIn)
			x.fromGuest("eni-a1", answer(allowed)).passed()
			x.fromGuest("eni-a1", answer(denied)).dropped(NetworkACLOut)
		}
	}
}

// Later fragments share what became of the first, and a change between them is for
// them, too. An ACL that may deny them denies them, for nobody knows their ports.
func TestTheACLAndFragments(t *testing.T) {
	deny := entry("deny", "17", "5000", "0.0.0.0/0", false)
	x := newRig(t)
	x.guard(entry("deny", "17", "5001", "0.0.0.0/0", false))
	first, later := x.fragments("5000", 1)
	x.send(Uplink, first).delivered("eni-a1")
	x.send(Uplink, later).delivered("eni-a1")
	x.guard(deny)
	x.send(Uplink, later).dropped(NetworkACLIn)
	first, later = x.fragments("5000", 2)
	x.send(Uplink, first).dropped(NetworkACLIn)
	x.send(Uplink, later).dropped(FragmentUnknown)
	x.guard()
	x.send(Uplink, later).dropped(FragmentUnknown)
	x.send(Uplink, first).delivered("eni-a1")
	x.send(Uplink, later).delivered("eni-a1")

	pieces := wiretest.UDP("10.0.1.5:5000", client+":9").ID(7).MACs(macA1, x.eni("eni-a1").RouterMAC).Size(300).Fragments(104)
	x.send("eni-a1", pieces[0]).passed()
	x.guard(entry("deny", "-1", "", "203.0.113.0/24", true))
	x.send("eni-a1", pieces[1]).dropped(NetworkACLOut)
	x.guard(denies("9", true)) // of TCP
	x.send("eni-a1", pieces[1]).tunneled(edge, vniA)
}

// What stays in a subnet meets no ACL, by whichever MAC it is sent. Into another subnet each
// subnet's ACL is asked.
func TestTheACLStandsAtTheSubnetsEdge(t *testing.T) {
	x, y := newRig(t), newRigOf(t, "y", room)
	inside := entry("deny", "-1", "", "10.0.0.0/8", false)
	x.guard(inside, entry("deny", "-1", "", "10.0.0.0/8", true))
	y.guard(inside)
	within := wiretest.TCP("10.0.1.5:1", "10.0.1.6:8080").Flags(wire.TCPSyn)
	for range 2 {
		x.fromGuest("eni-a1", within).delivered("eni-a2")
		x.send("eni-a1", within.MACs(macA1, macA2).Bytes()).delivered("eni-a2")
		sent := x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:1", "10.0.1.7:8080").Flags(wire.TCPSyn))
		y.send(Uplink, sent.frame).delivered("eni-a5")
	}
	across := wiretest.TCP("10.0.1.5:1", "10.0.2.8:5432").Flags(wire.TCPSyn)
	x.fromGuest("eni-a1", across).dropped(NetworkACLOut)
	x.guard(inside)
	x.fromGuest("eni-a1", across).delivered("eni-a4")
	x.fromGuest("eni-a4", wiretest.TCP("10.0.2.8:5432", "10.0.1.5:1").Flags(wire.TCPSyn|wire.TCPAck)).dropped(NetworkACLIn)
}

// uncheck turns the source/destination check of an ENI off, which then forwards.
func (r *rig) uncheck(eni, subnet, address string) {
	e := r.eni(eni)
	r.put("NetworkInterfaces", fmt.Sprintf(`{NetworkInterfaceId: %s, SubnetId: %s, MacAddress: "%s", SourceDestCheck: false,
		PrivateIpAddresses: [{Primary: true, PrivateIpAddress: %s}], Groups: [{GroupId: sg-a-web}], Attachment: {InstanceId: i-%s}}`, eni, subnet, e.MAC, address, eni[4:]))
}

// An ENI without source/destination check in another subnet borrows the address of an ENI
// of this one. The ACL is asked, because its packets crossed the subnet's edge, and so it
// is where the true ENI has a connection of the same addresses and ports.
func TestTheACLIsAskedForABorrowedAddressOfItsSubnet(t *testing.T) {
	for _, neighbor := range []struct{ card, thief, address, true, lent string }{
		{"y", "eni-a3", "10.0.2.7", "eni-a5", "10.0.1.7"},
		{"x", "eni-a4", "10.0.2.8", "eni-a2", "10.0.1.6"},
	} {
		x := newRig(t)
		y := x
		if neighbor.card == "y" {
			y = newRigOf(t, "y", room)
			y.uncheck(neighbor.thief, "subnet-a2", neighbor.address)
		}
		x.uncheck(neighbor.thief, "subnet-a2", neighbor.address)
		x.guard(entry("deny", "-1", "", "10.0.0.0/8", false))
		arrives := func(e end) end {
			if y == x {
				return e
			}
			return x.send(Uplink, e.frame)
		}
		p := wiretest.TCP(neighbor.lent+":1", "10.0.1.5:8080")
		back := wiretest.TCP("10.0.1.5:8080", neighbor.lent+":1")
		arrives(y.fromGuest(neighbor.thief, p.Flags(wire.TCPSyn))).dropped(NetworkACLIn)
		arrives(y.fromGuest(neighbor.true, p.Flags(wire.TCPSyn))).delivered("eni-a1")
		x.fromGuest("eni-a1", back.Flags(wire.TCPSyn|wire.TCPAck)).passed()
		for range 2 {
			arrives(y.fromGuest(neighbor.true, p)).delivered("eni-a1")
			x.fromGuest("eni-a1", back).passed()
			arrives(y.fromGuest(neighbor.thief, p)).dropped(NetworkACLIn)
		}
		if y == x {
			continue
		}
		honest, borrowed := y.fromGuest(neighbor.true, p).frame, y.fromGuest(neighbor.thief, p).frame
		for range 2 { // by the assembly, which serves no observer
			require.Equal(t, "eni-a1", x.unobserved(honest))
			require.Empty(t, x.unobserved(borrowed))
		}
		x.guard()
		x.observe(func(e *Event) { x.ended = append(x.ended, *e) })
		arrives(y.fromGuest(neighbor.thief, p)).delivered("eni-a1")
	}
}

// unobserved is where a frame of the underlay left, "" for nowhere, without an observer.
func (r *rig) unobserved(frame []byte) string {
	r.observe(nil)
	require.True(r, r.ports[Uplink].Inject(frame))
	r.Poll(r.now)
	_, from := nictest.Left(r, r.ports, Uplink)
	return from
}

// A middlebox of the same subnet forwards what comes from elsewhere. The ACL is not asked,
// because the packet was in the subnet already.
func TestTheACLIsNotAskedForWhatAMiddleboxOfTheSubnetForwards(t *testing.T) {
	web := wiretest.TCP(client+":7", "10.0.1.5:80").Flags(wire.TCPSyn)
	x, y := newRig(t), newRigOf(t, "y", room)
	for _, r := range []*rig{x, y} {
		r.guard(entry("deny", "-1", "", "0.0.0.0/0", false))
	}
	x.fromInternet("eni-a1", wiretest.TCP(client+":7", "35.72.2.8:80").Flags(wire.TCPSyn)).dropped(NetworkACLIn)
	for _, r := range []*rig{x, y} {
		r.uncheck("eni-a5", "subnet-a1", "10.0.1.7")
	}
	x.uncheck("eni-a2", "subnet-a1", "10.0.1.6")
	x.fromInternet("eni-a1", wiretest.TCP(client+":7", "35.72.2.8:80").Flags(wire.TCPSyn)).dropped(NetworkACLIn)
	for range 2 {
		x.send(Uplink, y.send("eni-a5", web.MACs(y.eni("eni-a5").MAC, macA1).Bytes()).frame).delivered("eni-a1")
		x.send("eni-a2", web.SrcPort(8).MACs(macA2, macA1).Bytes()).delivered("eni-a1")
	}
}

// A client comes through a middlebox of the subnet, and the answers leave straight for the
// internet. The client's packets through the middlebox cross no edge of the subnet. A packet of
// the same ends straight from the internet crosses the edge, and the ACL is asked about it,
// whatever the edge writes as the inner source MAC.
func TestTheACLIsAskedAboutEachWayIntoTheSubnet(t *testing.T) {
	web := wiretest.TCP(client+":7", "10.0.1.5:80")
	for _, card := range []string{"x", "y"} {
		x := newRig(t)
		mid, eni, address := x, "eni-a2", "10.0.1.6"
		if card == "y" {
			mid, eni, address = newRigOf(t, "y", room), "eni-a5", "10.0.1.7"
			x.uncheck(eni, "subnet-a1", address)
		}
		mid.uncheck(eni, "subnet-a1", address)
		x.guard(entry("deny", "-1", "", "0.0.0.0/0", false))
		through := func(flags uint8) end {
			return mid.reach(x, mid.send(eni, web.Flags(flags).MACs(mid.eni(eni).MAC, macA1).Bytes()))
		}
		through(wire.TCPSyn).delivered("eni-a1")
		x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:80", client+":7").Flags(wire.TCPSyn|wire.TCPAck)).tunneled(edge, vniA)
		for range 2 {
			for _, from := range []wire.MAC{x.eni("eni-a1").RouterMAC, edgeRouter} {
				straight := wiretest.TCP(client+":7", "35.72.2.8:80").Flags(wire.TCPAck).MACs(from, macA1)
				x.send(Uplink, x.outer(edge, vniA, straight.Bytes()).Bytes()).dropped(NetworkACLIn)
			}
			through(wire.TCPAck).delivered("eni-a1")
			x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:80", client+":7").Flags(wire.TCPAck)).tunneled(edge, vniA)
		}
	}
}

// A card that took an attacker in writes any MAC. It cannot say of its guests in another
// subnet that they are in this one.
func TestTheACLIsAskedWhateverMACAnotherCardWrites(t *testing.T) {
	x := newRig(t)
	x.guard(entry("deny", "-1", "", "10.0.0.0/8", false))
	for _, from := range []wire.MAC{edgeRouter, x.eni("eni-a5").MAC, x.eni("eni-a1").RouterMAC} {
		p := wiretest.TCP("10.0.2.7:1", "10.0.1.5:8080").Flags(wire.TCPSyn).MACs(from, macA1)
		x.send(Uplink, x.outer(serverY, vniA, p.Bytes()).Bytes()).dropped(NetworkACLIn)
	}
}

// The judge answers from a policy alone.
func TestTheACLsJudge(t *testing.T) {
	x := newRig(t)
	x.guard(denies("22", false))
	q := vpc.Query{Remote: wiretest.Addr(client), Port: 22, Proto: wire.ProtoTCP, Dir: wire.In}
	judge := func(eni string, later bool) []any {
		entry, v := judgeACL(x.eni(eni), q, later, false)
		return []any{int(entry), v.String()}
	}
	require.Equal(t, []any{1, "network_acl_in"}, judge("eni-a1", false))
	require.Equal(t, []any{1, "network_acl_in"}, judge("eni-a1", true))
	require.Equal(t, []any{0, "next"}, judge("eni-a4", false), "no ACL is configured")
	q.Port = 23
	require.Equal(t, []any{100, "next"}, judge("eni-a1", false))
	require.Equal(t, []any{1, "network_acl_in"}, judge("eni-a1", true), "a later fragment may be of any port")
	q.Dir = wire.Out
	require.Equal(t, []any{100, "next"}, judge("eni-a1", true))
}
