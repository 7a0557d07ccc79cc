package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// Two customers run an instance on the same server, both with the private
// address 10.0.1.5. A browser asks A's for its page.
func TestBrowserReachesTheRightInstance(t *testing.T) {
	x := newRig(t)
	request := wiretest.TCP(client+":40000", "35.72.2.8:80").Flags(wire.TCPSyn)
	// The request comes to A's public address; A's instance sees its private one.
	got := x.fromInternet("eni-a1", request).delivered("eni-a1")
	require.Equal(t, wiretest.TCP(client+":40000", "10.0.1.5:80").Flags(wire.TCPSyn).MACs(edgeRouter, x.eni("eni-a1").MAC).Bytes(), got)
	// The answer leaves from the private address, and the internet sees the public one.
	answer := wiretest.TCP("10.0.1.5:80", client+":40000").Flags(wire.TCPSyn | wire.TCPAck)
	got = x.fromGuest("eni-a1", answer).tunneled(edge, vniA)
	want := wiretest.TCP("35.72.2.8:80", client+":40000").Flags(wire.TCPSyn | wire.TCPAck)
	require.Equal(t, want.MACs(x.toEdge("eni-a1"), edgeRouter).Bytes(), got)
	// The browser's next packet is of a known connection and gets just the same.
	data := wiretest.TCP(client+":40000", "35.72.2.8:80").Payload("GET / HTTP/1.1\r\n\r\n")
	got = x.fromInternet("eni-a1", data).delivered("eni-a1")
	require.Equal(t, wiretest.Addr("10.0.1.5"), header(t, got).Dst)
}

// Customer B's instance on the same server has the same private address. Each
// gets its own packets, whatever the other receives, and the card keeps two
// connections of equal addresses and ports apart.
func TestCustomersWithTheSameAddressNeverMeet(t *testing.T) {
	x := newRig(t)
	for range 2 { // first packets, then known ones
		a := x.fromInternet("eni-a1", wiretest.TCP(client+":40000", "35.72.2.8:80").Payload("for A")).delivered("eni-a1")
		b := x.fromInternet("eni-b1", wiretest.TCP(client+":40000", "54.168.7.7:80").Payload("for B")).delivered("eni-b1")
		require.Contains(t, string(a), "for A")
		require.Contains(t, string(b), "for B")
		// Nobody outside reaches the one private address that both have, not even by a known connection's ports.
		for _, eni := range []string{"eni-a1", "eni-b1"} {
			for range 2 {
				x.fromInternet(eni, wiretest.TCP(client+":40000", "10.0.1.5:80").Payload("for whom?")).dropped(PrivateDestination)
			}
		}
		// The same answer, bit by bit, leaves with another public address in another VPC.
		answer := wiretest.TCP("10.0.1.5:80", client+":40000")
		require.Equal(t, wiretest.Addr("35.72.2.8"), header(t, x.fromGuest("eni-a1", answer).tunneled(edge, vniA)).Src)
		require.Equal(t, wiretest.Addr("54.168.7.7"), header(t, x.fromGuest("eni-b1", answer).tunneled(edge, vniB)).Src)
	}
	// B's MAC is unknown in A's VPC, and A's public address is not B's.
	x.send(Uplink, x.outer(edge, vniA, wiretest.TCP(client+":1", "10.0.1.5:80").MACs(edgeRouter, x.eni("eni-b1").MAC).Bytes()).Bytes()).dropped(UnknownMAC)
	x.fromInternet("eni-b1", wiretest.TCP(client+":1", "35.72.2.8:80")).dropped(NotForThisENI)
}

// Each private address has its own public one, both ways.
func TestEveryPublicAddressIsOneToOne(t *testing.T) {
	x := newRig(t)
	for public, private := range map[string]string{"35.72.2.8": "10.0.1.5", "35.72.2.9": "10.0.1.15"} {
		for range 2 {
			got := x.fromInternet("eni-a1", wiretest.UDP(client+":40000", public+":5000").Payload("odd")).delivered("eni-a1")
			require.Equal(t, wiretest.UDP(client+":40000", private+":5000").Payload("odd").MACs(edgeRouter, x.eni("eni-a1").MAC).Bytes(), got)
			got = x.fromInternet("eni-a1", wiretest.TCP(client+":40000", public+":22").Payload("odd")).delivered("eni-a1")
			require.Equal(t, wiretest.TCP(client+":40000", private+":22").Payload("odd").MACs(edgeRouter, x.eni("eni-a1").MAC).Bytes(), got)
		}
		for range 2 {
			got := x.fromGuest("eni-a1", wiretest.UDP(private+":9", client+":53").Payload("odd")).tunneled(edge, vniA)
			require.Equal(t, wiretest.UDP(public+":9", client+":53").Payload("odd").MACs(x.toEdge("eni-a1"), edgeRouter).Bytes(), got)
			got = x.fromGuest("eni-a1", wiretest.UDP(private+":9", client+":54").NoChecksum()).tunneled(edge, vniA)
			require.Equal(t, wiretest.UDP(public+":9", client+":54").NoChecksum().MACs(x.toEdge("eni-a1"), edgeRouter).Bytes(), got)
		}
	}
}

// A frame for a neighbor of the same subnet carries the neighbor's own MAC and
// passes no router: it arrives as it was sent.
func TestNeighborsOfOneSubnetMeetOnTheLink(t *testing.T) {
	x := newRig(t)
	a1, a2 := x.eni("eni-a1"), x.eni("eni-a2")
	syn := wiretest.TCP("10.0.1.5:40000", "10.0.1.6:8080").Flags(wire.TCPSyn).MACs(a1.MAC, a2.MAC).Bytes()
	require.Equal(t, syn, x.send("eni-a1", syn).delivered("eni-a2"))
	back := wiretest.TCP("10.0.1.6:8080", "10.0.1.5:40000").MACs(a2.MAC, a1.MAC).Bytes()
	require.Equal(t, back, x.send("eni-a2", back).delivered("eni-a1"))
	require.Equal(t, syn, x.send("eni-a1", syn).delivered("eni-a2"), "known now")
	// Both guests' groups are asked: each end has a connection of its own.
	require.Equal(t, "local", x.flow("eni-a1").Initiator)
	require.Equal(t, "remote", x.flow("eni-a2").Initiator)
	denied := wiretest.TCP("10.0.1.5:40000", "10.0.1.6:8081").MACs(a1.MAC, a2.MAC).Bytes()
	x.send("eni-a1", denied).dropped(SecurityGroupIn)
	// The table has a route to the internet, and no frame to the neighbor's MAC takes it.
	x.send("eni-a1", out.MACs(a1.MAC, a1.RouterMAC).Bytes()).tunneled(edge, vniA)
	x.send("eni-a1", out.SrcPort(9).MACs(a1.MAC, a2.MAC).Bytes()).dropped(NoNeighbor)
}

// A frame for another subnet goes to the router, and arrives from the router
// of the receiver's subnet.
func TestSubnetsMeetAtTheRouter(t *testing.T) {
	x := newRig(t)
	a1, a4 := x.eni("eni-a1"), x.eni("eni-a4")
	query := wiretest.TCP("10.0.1.5:40000", "10.0.2.8:5432").Flags(wire.TCPSyn).TTL(9)
	for range 2 {
		got := x.fromGuest("eni-a1", query).delivered("eni-a4")
		require.Equal(t, query.MACs(a4.RouterMAC, a4.MAC).Bytes(), got, "the TTL stays, as in EC2")
	}
	answer := wiretest.TCP("10.0.2.8:5432", "10.0.1.5:40000")
	require.Equal(t, answer.MACs(a1.RouterMAC, a1.MAC).Bytes(), x.fromGuest("eni-a4", answer).delivered("eni-a1"))
	for dst, vtep := range map[string]string{"10.0.2.7:5432": serverY, client + ":443": edge} {
		left := x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:40000", dst).Flags(wire.TCPSyn).TTL(9)).tunneled(vtep, vniA)
		require.EqualValues(t, 9, left[wire.EthernetLen+8], "TTL to %s", dst)
	}
	// It has no public address that the internet could reach it by.
	x.fromInternet("eni-a4", wiretest.TCP(client+":1", "10.0.2.8:5432")).dropped(PrivateDestination)
}

// The router gives what stays in the subnet back to the subnet, as if the guest had sent it
// straight to the neighbor.
func TestTheRouterGivesBackWhatStaysInTheSubnet(t *testing.T) {
	x := newRig(t)
	a1, a2 := x.eni("eni-a1"), x.eni("eni-a2")
	p := wiretest.TCP("10.0.1.5:40000", "10.0.1.6:8080").Flags(wire.TCPSyn)
	direct := p.MACs(a1.MAC, a2.MAC).Bytes()
	for range 2 {
		require.Equal(t, direct, x.fromGuest("eni-a1", p).delivered("eni-a2"))
		require.Equal(t, direct, x.send("eni-a1", direct).delivered("eni-a2"))
	}
}

// A known connection goes on only by the MACs that it may be sent to.
func TestAKnownConnectionFollowsTheMACItIsSentTo(t *testing.T) {
	x := newRig(t)
	a1, a2, a4 := x.eni("eni-a1"), x.eni("eni-a2"), x.eni("eni-a4")
	for eni, p := range map[string]wiretest.Packet{
		"eni-a2": wiretest.TCP("10.0.1.5:40000", "10.0.1.6:8080"),
		"eni-a4": wiretest.TCP("10.0.1.5:40000", "10.0.2.8:5432"),
	} {
		x.fromGuest("eni-a1", p.Flags(wire.TCPSyn)).delivered(eni)
		for _, to := range []wire.MAC{a4.MAC, a4.RouterMAC, a1.MAC} {
			x.fromGuest("eni-a1", p).delivered(eni)
			x.send("eni-a1", p.MACs(a1.MAC, to).Bytes()).dropped(NotTheRouter)
		}
	}
	x.send("eni-a1", wiretest.TCP("10.0.1.5:40000", "10.0.2.8:5432").MACs(a1.MAC, a2.MAC).Bytes()).dropped(NotTheRouter)
}

// Instances on two servers reach each other through the underlay, as if they
// were on one.
func TestInstancesMeetAcrossServers(t *testing.T) {
	x, y := newRig(t), newRigOf(t, "y", room)
	a1, a3, a5 := x.eni("eni-a1"), x.eni("eni-a3"), x.eni("eni-a5")
	query := wiretest.TCP("10.0.1.5:40000", "10.0.2.7:5432").Flags(wire.TCPSyn)
	answer := wiretest.TCP("10.0.2.7:5432", "10.0.1.5:40000").Flags(wire.TCPSyn | wire.TCPAck)
	for range 2 {
		sent := x.fromGuest("eni-a1", query)
		require.Equal(t, query.MACs(a3.RouterMAC, a3.MAC).Bytes(), sent.tunneled(serverY, vniA))
		y.send(Uplink, sent.frame).delivered("eni-a3")
		sent = y.fromGuest("eni-a3", answer)
		require.Equal(t, answer.MACs(a1.RouterMAC, a1.MAC).Bytes(), sent.tunneled(serverX, vniA))
		x.send(Uplink, sent.frame).delivered("eni-a1")
	}
	// In one subnet there is no router between them.
	direct := wiretest.TCP("10.0.1.5:40000", "10.0.1.7:8080").MACs(a1.MAC, a5.MAC).Bytes()
	sent := x.send("eni-a1", direct)
	require.Equal(t, direct, sent.tunneled(serverY, vniA))
	require.Equal(t, direct, y.send(Uplink, sent.frame).delivered("eni-a5"))
}

// What the card has no reason to rewrite stays as it was sent: IP ID, TTL,
// type of service, options, padding, payload.
func TestWhatNeedsNoRewriteStays(t *testing.T) {
	x := newRig(t)
	a1, a4 := x.eni("eni-a1"), x.eni("eni-a4")
	strange := func(src, dst string) wiretest.Packet {
		return wiretest.TCP(src, dst).ID(0xbeef).TTL(3).DF().Options(0x94, 4, 0, 0).TCPOptions(2, 4, 5, 0xb4).Flags(wire.TCPSyn | wire.TCPEce | wire.TCPCwr).Pad(97)
	}
	for range 2 {
		got := x.fromInternet("eni-a1", strange(client+":40000", "35.72.2.8:80")).delivered("eni-a1")
		require.Equal(t, strange(client+":40000", "10.0.1.5:80").MACs(edgeRouter, a1.MAC).Bytes(), got)
		got = x.fromGuest("eni-a1", strange("10.0.1.5:80", client+":40000")).tunneled(edge, vniA)
		require.Equal(t, strange("35.72.2.8:80", client+":40000").MACs(x.toEdge("eni-a1"), edgeRouter).Bytes(), got)
		got = x.fromGuest("eni-a1", strange("10.0.1.5:1", "10.0.2.8:5432")).delivered("eni-a4")
		require.Equal(t, strange("10.0.1.5:1", "10.0.2.8:5432").MACs(a4.RouterMAC, a4.MAC).Bytes(), got)
	}
}

// What the underlay appended behind the tunnel's datagram is not the guest's.
func TestTheUnderlaysPaddingStaysOutside(t *testing.T) {
	x := newRig(t)
	inner := func(to string) []byte {
		return wiretest.TCP(client+":40000", to).MACs(edgeRouter, x.eni("eni-a1").MAC).Bytes()
	}
	got := x.send(Uplink, x.outer(edge, vniA, inner("35.72.2.8:80")).Pad(200).Bytes()).delivered("eni-a1")
	require.Equal(t, inner("10.0.1.5:80"), got)
}

// All packets of a connection leave by one outer port of the dynamic range, so
// that they keep their order, and connections spread over many.
func TestTheOuterPortIsTheConnections(t *testing.T) {
	x := newRig(t)
	outerPort := func(e end) uint16 {
		e.tunneled(edge, vniA)
		var o wire.Outer
		wire.ParseVXLAN(e.frame, &o)
		return o.SrcPort
	}
	ports := map[uint16]bool{}
	for i := range uint16(200) {
		p := wiretest.UDP("10.0.1.5:53", client+":40000").SrcPort(1000 + i)
		port := outerPort(x.fromGuest("eni-a1", p))
		require.GreaterOrEqual(t, port, uint16(0xc000))
		require.Equal(t, port, outerPort(x.fromGuest("eni-a1", p.Payload("more").TTL(9))))
		ports[port] = true
	}
	require.Greater(t, len(ports), 180, "of 200 connections")
}
