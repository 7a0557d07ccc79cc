package pipeline

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// told is what a station is told of a packet that is longer than mtu.
func told(from string, packet []byte, mtu uint16) wiretest.Packet {
	return wiretest.ICMPError(wire.ICMPUnreachable, wire.ICMPFragNeeded, from, packet).MTU(mtu).Quote(wire.LeastMTU - 28).TOS(0xc0).ID(0).DF()
}

// tells holds that the packet was dropped as too long and its sender told so, and is what the
// sender gets.
func (e end) tells(mtu vpc.MTU) []byte {
	e.r.Helper()
	require.Equal(e.r, PacketTooBig.String(), e.Verdict.String())
	require.Equal(e.r, mtu, e.MTU)
	require.Len(e.r, e.frames, 1)
	require.NoError(e.r, wiretest.Check(e.frame))
	return e.frame
}

// size is the Size of a frame with an IP packet of so many bytes.
func size(mtu vpc.MTU) int { return int(mtu) + wire.EthernetLen }

// MTU 1500 over the internet gateway: what is longer is dropped if DF is set, and the guest
// told so by the router's address; whether the connection is known or not.
func TestTheInternetGatewayCarries1500(t *testing.T) {
	x := newRig(t)
	a1 := x.eni("eni-a1")
	for _, flags := range []uint8{wire.TCPSyn, wire.TCPAck, wire.TCPAck} {
		long := out.Flags(flags).DF()
		got := x.fromGuest("eni-a1", long.Size(size(1500)+1)).tells(vpc.InternetMTU)
		want := told("10.0.1.1", long.Size(size(1500)+1).Bytes(), 1500).MACs(a1.RouterMAC, macA1)
		require.Equal(t, want.Bytes(), got)
		x.fromGuest("eni-a1", long.Size(size(1500))).tunneled(edge, vniA)
	}
	d := x.latest()[0]
	require.Equal(t, "packet_too_big MTU 1500 of the internet gateway or a VPN", fmt.Sprint(d.Verdict, " ", d.MTU))
	require.Len(t, x.flows(""), 1)
	require.EqualValues(t, 3, x.flow("eni-a1").PacketsOut, "what was too long counts for no connection")
	require.EqualValues(t, 3, x.counts("eni-a1").Originated)
	x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:9", "10.0.2.7:5432").Flags(wire.TCPSyn).DF().Size(size(1500)+1)).tunneled(serverY, vniA)
}

// MTU 1500 over the internet gateway, Packet Too Big: nothing of IPv6 is fragmented on its
// way, and the subnet's router tells the guest.
func TestTheInternetGatewayTellsIPv6(t *testing.T) {
	x := newRig(t)
	a1 := x.eni("eni-a1")
	for range 2 {
		p := wiretest.UDP("[2001:db8:a:1::5]:9", "[2001:db8:ffff::9]:9").Size(size(1501))
		got := x.fromGuest("eni-a1", p).tells(vpc.InternetMTU)
		h := header(t, got)
		require.Equal(t, []any{"2001:db8:a:1::1", "2001:db8:a:1::5", uint8(2), a1.MAC}, []any{h.Src.String(), h.Dst.String(), h.Type, wire.Ethernet(got).Dst()})
		require.Len(t, got, size(1280))
		require.EqualValues(t, 1500, binary.BigEndian.Uint32(got[h.L4+4:]))
		require.Equal(t, p.Bytes()[wire.EthernetLen:][:1232], got[h.L4+8:])
		x.fromGuest("eni-a1", p.Payload("").Size(size(1500))).tunneled(edge, vniA)
	}
}

// The router of a subnet without IPv6 tells a middlebox there, which forwards IPv6 of others, from the address
// that every router has.
func TestARouterWithoutABlockOfIPv6Tells(t *testing.T) {
	x := newRig(t)
	x.inspected("x")
	x.put("SecurityGroups", "{GroupId: sg-mid, GroupName: mid, VpcId: vpc-a, IpPermissionsEgress: [{IpProtocol: '-1', Ipv6Ranges: [{CidrIpv6: '::/0'}]}]}")
	p := wiretest.UDP("[2001:db8:ffff::9]:9", "[2001:db8:a:1::5]:9").Size(size(9002))
	require.Equal(t, "fe80:ec2::1", header(t, x.fromGuest("eni-mid", p).tells(9001)).Src.String())
}

// MTU 9001 inside a VPC, MTU 8500 to a NAT gateway; from a guest of this card to another
// one, or by a tunnel.
func TestAVPCCarries9001AndANATGateway8500(t *testing.T) {
	x := newRig(t)
	x.admits(permit("udp", "9", "0.0.0.0/0"))
	here, away := wiretest.UDP("10.0.1.5:9", "10.0.1.6:9").DF(), wiretest.UDP("10.0.1.5:9", "10.0.2.7:9").DF()
	for _, p := range []wiretest.Packet{here, away} {
		x.fromGuest("eni-a1", p.Size(size(9001))).passed()
		x.fromGuest("eni-a1", p.Size(size(9002))).tells(vpc.InsideMTU)
	}
	for eni, addr := range map[string]string{"eni-a2": "10.0.1.6", "eni-a3": "10.0.2.7"} {
		e := x.eni(eni)
		x.put("NetworkInterfaces", fmt.Sprintf("{NetworkInterfaceId: %s, InterfaceType: nat_gateway, SubnetId: %s, MacAddress: '%s', PrivateIpAddresses: [{Primary: true, PrivateIpAddress: %s}], Groups: [{GroupId: sg-a-web}]}", eni, e.Subnet.ID, e.MAC, addr))
	}
	for _, p := range []wiretest.Packet{here, away} {
		x.fromGuest("eni-a1", p.Size(size(8500))).passed()
		x.fromGuest("eni-a1", p.Size(size(8501))).tells(vpc.AcrossMTU)
	}
}

// MTU 8500 over peering to another region, and 9001 over peering in the region, of one guest:
// to an ENI of this card or another, whether the connection is known or not.
func TestPeeringBetweenRegionsCarries8500(t *testing.T) {
	x, y := newPeers(t)
	for range 3 {
		for _, c := range []struct {
			from *rig
			eni  string
			src  string
			dst  string
			mtu  vpc.MTU
		}{
			{x, "eni-c2", "10.8.1.6", "10.16.1.5", vpc.AcrossMTU}, // vpc-d, by a tunnel
			{y, "eni-c1", "10.8.1.5", "10.16.1.5", vpc.AcrossMTU}, // … on this card
			{x, "eni-c2", "10.8.1.6", "10.0.1.5", vpc.InsideMTU},  // vpc-a, on this card
			{y, "eni-c1", "10.8.1.5", "10.0.1.5", vpc.InsideMTU},  // … by a tunnel
		} {
			p := wiretest.TCP(c.src+":40000", c.dst+":80").DF()
			c.from.fromGuest(c.eni, p.Flags(wire.TCPSyn).Size(size(c.mtu))).passed()
			c.from.fromGuest(c.eni, p.Flags(wire.TCPAck).Size(size(c.mtu))).passed()
			c.from.fromGuest(c.eni, p.Flags(wire.TCPAck).Size(size(c.mtu)+1)).tells(c.mtu)
		}
	}
}

// reassembled is the packet whose fragments the frames are, in order: each of at most mtu
// bytes, none empty, none overlapping.
func reassembled(t testing.TB, frames [][]byte, mtu vpc.MTU) []byte {
	t.Helper()
	whole := append([]byte{}, frames[0]...)
	for i, f := range frames {
		require.NoError(t, wiretest.Check(f))
		ip := wire.IPv4(f[wire.EthernetLen:])
		require.LessOrEqual(t, ip.TotalLen(), int(mtu))
		require.Equal(t, i < len(frames)-1, ip.MoreFragments())
		if i == 0 {
			require.Zero(t, ip.FragmentOffset())
			continue
		}
		require.Equal(t, len(whole)-wire.EthernetLen-wire.IPv4(whole[wire.EthernetLen:]).HeaderLen(), ip.FragmentOffset())
		whole = append(whole, f[wire.EthernetLen+ip.HeaderLen():]...)
	}
	ip := wire.IPv4(whole[wire.EthernetLen:])
	binary.BigEndian.PutUint16(ip[6:], 0)
	ip.SetTotalLen(len(ip))
	ip.SetChecksum(0)
	ip.SetChecksum(wire.Sum(ip[:ip.HeaderLen()], 0))
	return whole
}

// unwrapped are the packets in tunnels to the edge.
func (e end) unwrapped() (inner [][]byte) {
	for _, f := range e.frames {
		one := e
		one.frame = f
		inner = append(inner, one.tunneled(edge, vniA))
	}
	return inner
}

// MTU 1500 over the internet gateway: what is longer is fragmented without DF.
func TestWithoutDFALongPacketLeavesInFragments(t *testing.T) {
	x := newRig(t)
	x.admits()
	for _, n := range []vpc.MTU{1501, 1480 + 1480, 1480 + 1481, 9001} {
		for _, p := range []func(addr string) wiretest.Packet{
			func(addr string) wiretest.Packet { return wiretest.UDP(addr+":9", client+":9").Size(size(n)) },
			func(addr string) wiretest.Packet {
				return wiretest.TCP(addr+":9", client+":9").Flags(wire.TCPSyn).Size(size(n))
			},
			func(addr string) wiretest.Packet {
				return wiretest.Echo(addr, client, 7).Options(1, 1, 1, 0).Size(size(n))
			},
		} {
			for range 2 {
				e := x.fromGuest("eni-a1", p("10.0.1.5"))
				require.Equal(t, vpc.InternetMTU, e.MTU)
				want := p("35.72.2.8").MACs(x.toEdge("eni-a1"), edgeRouter)
				require.Equal(t, want.Bytes(), reassembled(t, e.unwrapped(), 1500))
			}
		}
	}
	c := x.counts(Uplink)
	require.EqualValues(t, 24, x.counts("eni-a1").Ends[Sent], "a packet that leaves in fragments is one packet")
	require.EqualValues(t, 24, c.Delivered-c.Originated)
}

// A fragment that is too long is fragmented again, and options stand in the first fragment
// alone but for those that are copied.
func TestFragmentsOfFragmentsAndOptions(t *testing.T) {
	x := newRig(t)
	options := []byte{7, 3, 4, 1, 0x82, 4, 9, 9} // record route; a security option, which is copied
	pieces := wiretest.UDP("10.0.1.5:9", client+":9").Options(options...).Size(5000).MACs(macA1, x.eni("eni-a1").RouterMAC).Fragments(3000)
	var frames [][]byte
	for _, piece := range pieces {
		frames = append(frames, x.send("eni-a1", piece).unwrapped()...)
	}
	require.Equal(t, []byte{1, 1, 1, 1, 0x82, 4, 9, 9}, frames[1][34:42])
	want := wiretest.UDP("35.72.2.8:9", client+":9").Options(options...).Size(5000).MACs(x.toEdge("eni-a1"), edgeRouter)
	require.Equal(t, want.Bytes(), reassembled(t, frames, 1500))
}

// A port that takes not all fragments loses the packet: the packet is dropped, and the
// fragments that left are the card's.
func TestARefusedFragmentLosesThePacket(t *testing.T) {
	x := newRig(t)
	for room := range 4 {
		left := room
		x.attach(Uplink, bulk{x.ports[Uplink], false, &left, new(int)})
		e := x.fromGuest("eni-a1", wiretest.UDP("10.0.1.5:9", client+":9").Size(4000))
		require.Equal(t, room == 3, e.Verdict == Sent, e.Verdict.String())
		require.Len(t, e.frames, room)
		x.account()
	}
}

// A guest whose port takes less than what comes gets fragments, and without them the sender
// is told: the internet by the address that it sent to, a guest of this card by its router.
func TestWhatIsTooLongForAGuestsPort(t *testing.T) {
	x := newRig(t)
	x.attach("eni-a1", mem.New(mem.Options{MTU: 1400}))
	x.admits(permit("udp", "9", "0.0.0.0/0"))
	in := wiretest.UDP(client+":9", "35.72.2.8:9").Size(size(1401))
	for range 2 {
		e := x.fromInternet("eni-a1", in)
		want := wiretest.UDP(client+":9", "10.0.1.5:9").Size(size(1401)).MACs(edgeRouter, macA1)
		require.Equal(t, want.Bytes(), reassembled(t, e.frames, 1400))

		e = x.fromInternet("eni-a1", in.DF())
		e.tells(1400)
		inner := told("35.72.2.8", in.DF().Bytes(), 1400).MACs(x.toEdge("eni-a1"), edgeRouter)
		e.Verdict, e.To = Sent, Uplink
		require.Equal(t, inner.Bytes(), e.tunneled(edge, vniA))

		beside := wiretest.UDP("10.0.1.6:9", "10.0.1.5:9").Size(size(1401)).DF()
		a2 := x.eni("eni-a2")
		e = x.fromGuest("eni-a2", beside)
		require.Equal(t, "eni-a2", e.from)
		require.Equal(t, told("10.0.1.1", beside.Bytes(), 1400).MACs(a2.RouterMAC, a2.MAC).Bytes(), e.tells(1400))
	}
	e := x.send(Uplink, x.tunnel(serverY, "eni-a1", wiretest.UDP("10.0.2.7:9", "10.0.1.5:9").Size(size(1401)).DF()))
	e.tells(1400)
	e.Verdict, e.To = Sent, Uplink
	y := newRigOf(t, "y", room)
	e.tunneled(serverY, vniA)
	y.send(Uplink, e.frame).dropped(SecurityGroupIn) // y's guest sent nothing: its card has no connection for the error
}

// What the card tells a guest about a known connection of another server comes through
// there: the quote names the connection, and the error comes from the address it is with.
func TestWhatAnotherCardTellsBelongsToTheConnection(t *testing.T) {
	x, y := newRig(t), newRigOf(t, "y", room)
	for _, r := range []*rig{x, y} {
		r.admits(permit("udp", "9", "0.0.0.0/0"))
		r.put("SecurityGroups", `{GroupId: sg-a-db, GroupName: database, VpcId: vpc-a, IpPermissions: [], IpPermissionsEgress: [{IpProtocol: udp, FromPort: 9, ToPort: 9, IpRanges: [{CidrIp: 10.0.0.0/16}]}]}`)
	}
	y.resolve(serverX)
	x.resolve(serverY)
	x.attach("eni-a1", mem.New(mem.Options{MTU: 1400}))
	p := wiretest.UDP("10.0.2.7:9", "10.0.1.5:9").Size(size(1401)).DF()
	sent := y.fromGuest("eni-a3", p)
	sent.passed()
	answer := x.send(Uplink, sent.frame)
	answer.tells(1400)
	got := y.send(Uplink, answer.frame).delivered("eni-a3")
	require.Equal(t, told("10.0.1.5", p.Bytes(), 1400).Bytes()[wire.EthernetLen:], got[wire.EthernetLen:])
}

// The card tells no more than a bound in a while, for each ENI.
func TestWhatTheCardTellsIsLimited(t *testing.T) {
	x := newRig(t)
	long := wiretest.UDP("10.0.1.5:9", client+":9").Size(size(1501)).DF()
	for range tellBudget {
		x.fromGuest("eni-a1", long).tells(1500)
	}
	x.fromGuest("eni-a1", long).dropped(PacketTooBigUntold)
	b1 := x.eni("eni-b1")
	x.send("eni-b1", long.MACs(b1.MAC, b1.RouterMAC).Bytes()).tells(1500)
	x.wait(70e6)
	x.fromGuest("eni-a1", long).tells(1500)
}

// A merged frame whose segments are too long for the way ends as its first packet would, and
// the quote is of that packet; without DF its packets leave in fragments.
func TestTheSegmentsOfAMergedFrameAreTooLong(t *testing.T) {
	const segment = 2000
	x := newRig(t)
	x.connect("80")
	a1 := x.eni("eni-a1")
	give := func(p wiretest.Packet) (frames [][]byte) {
		frame := p.MACs(macA1, a1.RouterMAC).Bytes()
		x.attach("eni-a1", &lender{Port: x.ports["eni-a1"], frame: frame, segment: segment})
		x.ended = nil
		x.Poll(x.now)
		require.Len(t, x.ended, 1)
		for _, port := range []string{"eni-a1", Uplink} {
			frames = append(frames, x.ports[port].Sent()...)
		}
		return frames
	}
	long := tcpBack("80", wire.TCPAck|wire.TCPPsh)
	stream := func(n int) wiretest.Packet { return long.Payload(string(make([]byte, n))) }
	before := x.counts("eni-a1")
	frames := give(stream(3 * segment).DF())
	first := long.Flags(wire.TCPAck).Payload(string(make([]byte, segment))).DF()
	require.Equal(t, [][]byte{told("10.0.1.1", first.Bytes(), 1500).MACs(a1.RouterMAC, macA1).Bytes()}, frames)
	require.EqualValues(t, 3, x.counts("eni-a1").Ends[PacketTooBig]-before.Ends[PacketTooBig])

	frames = give(stream(3 * segment))
	require.Len(t, frames, 6)
	for i := 0; i < 6; i += 2 {
		e := end{r: x, frames: frames[i : i+2], from: Uplink, Event: Event{Verdict: Sent, To: Uplink}}
		require.Len(t, reassembled(t, e.unwrapped(), 1500), 54+segment)
	}
	x.account()
}

// lender lends one merged frame, once.
type lender struct {
	*mem.Port
	frame   []byte
	segment int
}

func (l *lender) Rx(b *pmd.Burst) {
	b.N = 0
	if l.frame == nil {
		return
	}
	memory := append(make([]byte, pmd.Headroom), l.frame...)
	b.Frames[0].LendMerged(memory, pmd.Headroom, len(l.frame), l.segment)
	b.N, b.Merged, l.frame = 1, 1, nil
}

// IPv6 has no links that carry less than 1280 bytes (RFC 8200 section 5), and no host heeds less: a
// packet for a guest's port that takes less is dropped, and nobody is told.
func TestIPv6NeedsPortsOf1280(t *testing.T) {
	x := newRig(t)
	x.attach("eni-a1", mem.New(mem.Options{MTU: 1000}))
	x.admits("{IpProtocol: udp, FromPort: 9, ToPort: 9, Ipv6Ranges: [{CidrIpv6: '::/0'}]}")
	in := wiretest.UDP("["+client6+"]:9", "["+a1v6+"]:9")
	x.fromInternet("eni-a1", in.Size(size(1400))).dropped(TooLong)
	x.fromInternet("eni-a1", in.Size(size(1001))).dropped(TooLong)
	x.fromInternet("eni-a1", in.Size(size(1000))).delivered("eni-a1")
}
