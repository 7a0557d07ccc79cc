package explain

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// theLab is the network of the lab's region, which the README draws.
func theLab(t testing.TB) *Network {
	cfg, err := vpc.Load("../lab/region.yaml")
	require.NoError(t, err)
	n, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(n.Close)
	return n
}

// syn is the first packet of a TCP connection.
func syn(src, dst string, port uint16) Packet {
	return Packet{Protocol: wire.ProtoTCP, Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), SrcPort: 40000, DstPort: port, Flags: wire.TCPSyn, Seq: 7}
}

// question is about a packet between two ENIs, or one and the internet.
func question(from, to string, p Packet) Question { return Question{From: from, To: to, Packet: p} }

// told is a way in lines: a line for each card, and one for each look.
func told(hops []Hop) (lines []string) {
	for _, h := range hops {
		id := "edge"
		if h.ENI != nil {
			id = h.ENI.ID
		}
		lines = append(lines, id)
		for _, p := range h.Passes {
			for _, l := range p.Looks {
				lines = append(lines, "  "+p.Direction.String()+" "+l.String())
			}
		}
	}
	return lines
}

// hold asks twice, because nothing of a question may be left for the next.
func hold(t *testing.T, n *Network, q Question) *Path {
	first, err := n.Explain(q)
	require.NoError(t, err)
	again, err := n.Explain(q)
	require.NoError(t, err)
	require.Equal(t, told(first.Forward), told(again.Forward))
	require.Equal(t, told(first.Return), told(again.Return))
	return again
}

func TestFromTheInternet(t *testing.T) {
	p := hold(t, theLab(t), question("", "eni-a1", syn("203.0.113.9", "35.72.2.8", 80)))
	require.True(t, p.Reachable())
	require.Equal(t, []string{"edge", "eni-a1", "  in network ACL: acl-a 100", "  in security groups: sg-web tcp 80 from 0.0.0.0/0"}, told(p.Forward))
	require.Equal(t, []string{"eni-a1",
		"  out security groups: known connection, by sg-web tcp 80 from 0.0.0.0/0",
		"  out network ACL: acl-a 100",
		"  out route table: rtb-a 0.0.0.0/0 to igw-a",
		"edge"}, told(p.Return))
	require.Equal(t, "tcp 203.0.113.9:40000 > 10.0.1.5:80", p.Forward[1].After.String())
	require.Equal(t, "tcp 35.72.2.8:80 > 203.0.113.9:40000", p.Return[0].After.String())
	require.True(t, p.Forward[1].Passes[0].Looks[1].Untracked, "a rule for everyone beside open egress")
}

func TestThroughANATGateway(t *testing.T) {
	p := hold(t, theLab(t), question("eni-a3", "", syn("10.0.2.5", "203.0.113.9", 443)))
	require.True(t, p.Reachable())
	require.Equal(t, []string{"eni-a3",
		"  out security groups: sg-jobs all to 0.0.0.0/0",
		"  out network ACL: acl-a 100",
		"  out route table: rtb-a2 0.0.0.0/0 to nat-a",
		"eni-nat",
		"  in network ACL: acl-a 100",
		"  out network ACL: acl-a 100",
		"  out route table: rtb-a 0.0.0.0/0 to igw-a",
		"edge"}, told(p.Forward))
	require.Len(t, p.Return, 3)
	require.Equal(t, "35.72.2.9", p.End.Packet.Src.String())
	require.Equal(t, "tcp 203.0.113.9:443 > 10.0.2.5:40000", p.ReturnEnd.Packet.String())
}

// An address behind 64:ff9b::/96 means the host of IPv4: of the sender's VPC, where hosts of several have the address.
func TestAHostOfIPv4BehindNAT64(t *testing.T) {
	n := theLab(t)
	for _, x := range []struct{ to, eni string }{
		{"64:ff9b::10.0.2.5", "eni-a3"},
		{"64:ff9b::10.0.1.5", "eni-a1"}, // and eni-b1's in another VPC
		{"64:ff9b::54.168.7.7", "eni-b1"},
		{"64:ff9b::203.0.113.9", ""},
	} {
		q, err := n.Question(Ask{From: "eni-e1", To: x.to, Protocol: wire.ProtoTCP, Port: 80})
		require.NoError(t, err)
		require.Equal(t, x.eni, q.To, x.to)
		p := hold(t, n, q)
		require.True(t, p.Reachable(), "%s: %s", x.to, p.Why())
	}
}

// A middlebox passes the packet on to a peer, and the answer comes straight back.
func TestThroughAMiddleboxToAPeer(t *testing.T) {
	p := hold(t, theLab(t), question("eni-a3", "eni-c1", syn("10.0.2.5", "10.8.1.5", 80)))
	require.True(t, p.Reachable())
	require.Equal(t, []string{"eni-a3",
		"  out security groups: sg-jobs all to 0.0.0.0/0",
		"  out network ACL: acl-a 100",
		"  out route table: rtb-a2 10.8.0.0/16 to eni-m1",
		"eni-m1",
		"  in network ACL: acl-a 100",
		"  in destination check: off",
		"  in security groups: sg-box all from 10.0.0.0/16",
		"eni-m1",
		"  out source check: off",
		"  out security groups: sg-box all to 0.0.0.0/0",
		"  out network ACL: acl-a 100",
		"  out route table: rtb-a 10.8.0.0/16 to pcx-ac",
		"eni-c1",
		"  in network ACL: acl-c 100",
		"  in security groups: sg-c tcp 80 from 0.0.0.0/0"}, told(p.Forward))
	require.Equal(t, "eni-c1", p.Return[0].ENI.ID)
	require.Equal(t, "eni-a3", p.Return[1].ENI.ID)
}

func TestWhereAPacketFalls(t *testing.T) {
	n := theLab(t)
	for _, c := range []struct {
		what    string
		q       Question
		at, why string
		last    string
	}{
		{"a closed port", question("", "eni-a1", syn("203.0.113.9", "35.72.2.8", 22)), "eni-a1", "security_group_in", "security groups: no rule of sg-web"},
		{"an address that nobody has", question("", "eni-a1", syn("203.0.113.9", "35.72.2.77", 80)), "", "address_unassigned", ""},
		{"a lie", question("eni-a1", "eni-a3", syn("10.0.1.99", "10.0.2.5", 80)), "eni-a1", "spoofed_address", "source check"},
		{"peers of a peer", question("eni-a1", "eni-d1", syn("10.0.1.5", "10.16.1.5", 80)), "eni-a1", "outside_peer", "route table: rtb-a 10.16.0.0/16 to pcx-ac"},
	} {
		p := hold(t, n, c.q)
		require.False(t, p.Reachable(), c.what)
		require.Equal(t, c.at, p.End.ENI, c.what)
		require.Equal(t, c.why, p.End.Verdict.String(), c.what)
		require.Empty(t, p.Return, c.what)
		if last := told(p.Forward); c.last != "" {
			require.Contains(t, last[len(last)-1], c.last, c.what)
		}
	}
}

// Two guests that forward, whose tables lead to each other.
func TestACircle(t *testing.T) {
	cfg, err := vpc.Load("testdata/circle.yaml")
	require.NoError(t, err)
	n, err := New(cfg)
	require.NoError(t, err)
	defer n.Close()
	q, err := n.Question(Ask{From: "eni-a", To: "203.0.113.9", Protocol: wire.ProtoTCP, Port: 80})
	require.NoError(t, err)
	p, err := n.Explain(q)
	require.NoError(t, err)
	require.False(t, p.Reachable())
	require.Equal(t, "goes in a circle through eni-a, eni-b", p.Why())
	a := bySDK(t, n.Analysis(p, nil, noon))
	require.Equal(t, "nitrocard-not-where-it-was-for", *a.Explanations[0].ExplanationCode)
	changes, _, err := n.Repair(p)
	require.NoError(t, err)
	require.Empty(t, changes)
}

// The card's own services have a guest's packet at once, and no group or ACL is asked.
func TestServicesOfTheCard(t *testing.T) {
	n := theLab(t)
	for _, ask := range []Ask{
		{To: "169.254.169.254", Protocol: wire.ProtoTCP, Port: 80},
		{To: "169.254.169.253", Protocol: wire.ProtoUDP, Port: 53},
		{To: "169.254.169.123", Protocol: wire.ProtoUDP, Port: 123},
		{To: "10.0.0.2", Protocol: wire.ProtoUDP, Port: 53},
		{To: "fd00:ec2::253", Protocol: wire.ProtoUDP, Port: 53},
		{To: "fd00:ec2::254", Protocol: wire.ProtoTCP, Port: 80},
		{To: "10.0.1.1", Protocol: wire.ProtoICMP},
		{To: "2001:db8:a:1::1", Protocol: wire.ProtoICMPv6},
	} {
		ask.From = "eni-a1"
		q, err := n.Question(ask)
		require.NoError(t, err, ask.To)
		for range 100 { // more than may wait for a service
			p, err := n.Explain(q)
			require.NoError(t, err, ask.To)
			require.True(t, p.Reachable(), "%s: %s", ask.To, p.Why())
			require.Equal(t, []string{"eni-a1"}, told(p.Forward), ask.To)
			require.Empty(t, p.Return)
			require.Equal(t, Service, n.Components(p.Forward)[1].Kind)
		}
	}
	p := asked(t, n, Ask{From: "eni-a1", To: "169.254.169.254", Protocol: wire.ProtoTCP, Port: 443})
	require.False(t, p.Reachable())
	require.Equal(t, []string{"eni-a1", "  out source check"}, told(p.Forward))
	require.Equal(t, "local_service_absent", p.End.Verdict.String())
}
