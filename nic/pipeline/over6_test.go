package pipeline

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// Tunnel ends of an underlay of IPv6.
const edge6, serverX6, serverY6 = "2001:db8:16::1", "2001:db8:16::11", "2001:db8:16::12"

func init() {
	for six, four := range map[string]string{edge6: edge, serverX6: serverX, serverY6: serverY} {
		nictest.Stations[six] = nictest.Stations[four]
	}
}

// over6 has the underlay be IPv6. No tunnel end is resolved.
func (r *rig) over6() {
	c := *r.region.Config()
	for i, vtep := range []string{serverX6, serverY6} {
		c.Placement.Cards[i].Vtep = netip.PrefixFrom(netip.MustParseAddr(vtep), 64)
		c.Placement.Cards[i].Mac = wire.MAC{}
	}
	c.Placement.Cards[0].Mac = nictest.Stations[serverX6]
	c.Placement.Edge.Vtep = netip.MustParseAddr(edge6)
	r.apply(&c)
}

// advert is the advertisement of a tunnel end to the card; answer says that it answers.
func (r *rig) advert(from wire.Neighbor, answer bool) []byte {
	frame := make([]byte, wire.NeighborAdvertLen)
	to := wire.Neighbor{MAC: nictest.Stations[serverX6]}
	if answer {
		to.Addr = wiretest.Addr(serverX6)
	}
	wire.NeighborAdvert(frame, from, to, false)
	return frame
}

func newRig6(t testing.TB) *rig {
	x := newRig(t)
	x.over6()
	for _, end := range []string{edge6, serverY6} {
		frame := x.advert(wire.Neighbor{MAC: nictest.Stations[end], Addr: wiretest.Addr(end)}, true)
		require.Equal(t, Consumed, x.send(Uplink, frame).Verdict)
	}
	return x
}

// Over IPv6 as over IPv4: packets come and go, new ones and known ones, observed or not, in
// tunnels with a checksum; tunnels without one are taken (RFC 6935).
func TestTheUnderlayMayBeIPv6(t *testing.T) {
	x := newRig6(t)
	back := wiretest.TCP("10.0.1.5:22", client+":40000").Flags(wire.TCPSyn | wire.TCPAck)
	for range 3 {
		x.fromOver6(edge6, "eni-a1", syn, true).delivered("eni-a1")
		x.fromOver6(edge6, "eni-a1", syn, false).delivered("eni-a1")
		got := x.fromGuest("eni-a1", back).tunneled(edge6, vniA)
		require.Equal(t, wiretest.Addr("35.72.2.8"), header(t, got).Src)
		x.fromGuest("eni-a1", out).tunneled(edge6, vniA)
		x.fromGuest("eni-a1", out.Flags(wire.TCPAck)).tunneled(edge6, vniA)
	}
	neighbor := wiretest.TCP("10.0.1.7:1", "10.0.1.5:8080").Flags(wire.TCPSyn)
	x.fromOver6(serverY6, "eni-a1", neighbor, true).delivered("eni-a1")
	x.fromOver6(edge6, "eni-a1", neighbor, true).dropped(SourceMismatch)
	x.observe(nil)
	for i := range uint16(64) { // the fast path's
		require.True(t, x.ports["eni-a1"].Inject(out.Flags(wire.TCPAck).MACs(macA1, x.eni("eni-a1").RouterMAC).Bytes()), i)
	}
	x.Poll(x.now)
	for _, frame := range x.ports[Uplink].Sent() {
		require.Equal(t, wiretest.Addr("35.72.2.8"), header(t, nictest.InTunnel(t, x.policy(), frame, edge6, vniA)).Src)
	}
}

// fromOver6 is a packet that a tunnel end sends to an ENI over IPv6, with a checksum or without.
func (r *rig) fromOver6(vtep, eni string, p wiretest.Packet, sum bool) end {
	r.Helper()
	outer := r.outer(vtep, vniA, p.MACs(edgeRouter, r.eni(eni).MAC).Bytes())
	if sum {
		outer = outer.Checksum()
	}
	return r.send(Uplink, outer.Bytes())
}

// What is no sound tunnel over IPv6 from a tunnel end is dropped by name; the unspecified
// source, above all, is not taken for a guest of this card.
func TestTunnelsOverIPv6ThatAreNone(t *testing.T) {
	x := newRig6(t)
	inner := syn.MACs(edgeRouter, macA1).Bytes()
	frame := func(from, to string) []byte {
		return wiretest.VXLAN(from, to, vniA, inner).MACs(nictest.Stations[edge6], nictest.Stations[serverX6]).Checksum().Bytes()
	}
	x.send(Uplink, frame(edge6, serverX6)).delivered("eni-a1")
	x.send(Uplink, frame("::", serverX6)).dropped(UnknownVTEP)
	x.send(Uplink, frame("2001:db8:16::99", serverX6)).dropped(UnknownVTEP)
	x.send(Uplink, frame(edge6, serverY6)).dropped(NotForThisCard)
	x.send(Uplink, frame(edge, serverX)).dropped(NotForThisCard)
	x.send(Uplink, frame(edge, "0.0.0.0")).dropped(NotForThisCard)
	bad := frame(edge6, serverX6)
	bad[len(bad)-1]++
	x.send(Uplink, bad).dropped(Malformed(wire.FaultOuterChecksum))
}

// Neighbor discovery on the uplink: the card asks the group of the address, answers who asks
// for its own, and an advertisement nobody asked for moves no tunnel end at once.
func TestNeighborDiscoveryOnTheUnderlay(t *testing.T) {
	x := newRig(t)
	x.over6()
	x.ports[Uplink].Sent()
	x.wait(2e9)
	asked := map[wire.Addr]bool{}
	for _, frame := range x.ports[Uplink].Sent() {
		var h wire.Headers
		require.Equal(t, wire.NoFault, wire.Parse(frame, &h))
		q, ok := wire.ParseSolicitation(frame, &h)
		require.True(t, ok)
		require.Equal(t, []any{wiretest.Addr(serverX6), nictest.Stations[serverX6], true}, []any{h.Src, q.Source, h.Dst.IsGroup()})
		asked[q.Target] = true
	}
	require.Equal(t, map[wire.Addr]bool{wiretest.Addr(edge6): true, wiretest.Addr(serverY6): true}, asked)
	x.fromGuest("eni-a1", out).dropped(UnderlayUnresolved)
	// The card answers a question for its address, and learns who asks.
	edgeStation := wire.Neighbor{MAC: nictest.Stations[edge6], Addr: wiretest.Addr(edge6)}
	question := wire.NeighborSolicit(make([]byte, 128), edgeStation, wiretest.Addr(serverX6))
	answer := x.send(Uplink, question)
	require.Equal(t, Consumed, answer.Verdict)
	var h wire.Headers
	require.Equal(t, wire.NoFault, wire.Parse(answer.frame, &h))
	from, solicited, ok := wire.ParseAdvertisement(answer.frame, &h)
	require.Equal(t, []any{wire.Neighbor{MAC: nictest.Stations[serverX6], Addr: wiretest.Addr(serverX6)}, true, true, edgeStation.Addr}, []any{from, solicited, ok, h.Dst})
	x.fromGuest("eni-a1", out).tunneled(edge6, vniA)
	// A thief's advertisement does not move it while the edge defends its address.
	thief := wire.Neighbor{MAC: mac("02:00:00:00:00:66"), Addr: wiretest.Addr(edge6)}
	x.send(Uplink, x.advert(thief, false))
	x.fromGuest("eni-a1", out).tunneled(edge6, vniA)
	x.send(Uplink, x.advert(edgeStation, true))
	x.wait(1e9)
	x.ports[Uplink].Sent()
	x.fromGuest("eni-a1", out).tunneled(edge6, vniA)
	// What is not for the card, or unsound, is dropped by name.
	x.send(Uplink, wire.NeighborSolicit(make([]byte, 128), wire.Neighbor{MAC: thief.MAC, Addr: wiretest.Addr("2001:db8:16::77")}, wiretest.Addr(serverY6))).dropped(NotForThisCard)
	for _, all := range []wire.Neighbor{{MAC: wire.Broadcast, Addr: wiretest.Addr("2001:db8:16::77")}, {MAC: thief.MAC, Addr: wiretest.Addr("ff02::1")}} {
		x.send(Uplink, wire.NeighborSolicit(make([]byte, 128), all, wiretest.Addr(serverX6))).dropped(NotVXLAN)
	}
	unsound := x.advert(edgeStation, true)
	unsound[14+7] = 64 // a router may have forwarded it
	x.send(Uplink, unsound).dropped(NotVXLAN)
}

// A packet that is longer than the way's MTU leaves in fragments, each in a sound tunnel.
func TestFragmentsInTunnelsOverIPv6(t *testing.T) {
	x := newRig6(t)
	e := x.fromGuest("eni-a1", wiretest.UDP("10.0.1.5:40000", client+":53").Size(size(4000)))
	require.Equal(t, Sent, e.Verdict)
	require.Len(t, e.frames, 3)
	for _, frame := range e.frames {
		nictest.InTunnel(t, x.policy(), frame, edge6, vniA)
	}
}

// A fragment that the underlay marked passes in its turn, though the mark inside is another than
// the one that the tunnel's checksum covered.
func TestMarkedFragmentsWaitInTunnelsWithChecksums(t *testing.T) {
	for vtep, x := range map[string]*rig{edge: newRig(t), edge6: newRig6(t)} {
		x.admits("{IpProtocol: udp, FromPort: 5000, ToPort: 5000, Ipv6Ranges: [{CidrIpv6: '::/0'}]}")
		pieces := wiretest.UDP(at(client6, 9), at(a1v6, 5000)).TOS(uint8(wire.ECT0)).Size(300).MACs(edgeRouter, macA1).Fragments(104)
		want := wiretest.UDP(at(client6, 9), at(a1v6, 5000)).TOS(uint8(wire.CE)).Size(300).MACs(edgeRouter, macA1).Fragments(104)
		for i := len(pieces) - 1; i >= 0; i-- {
			require.True(t, x.ports[Uplink].Inject(x.outer(vtep, vniA, pieces[i]).Checksum().TOS(uint8(wire.CE)).Bytes()))
			x.Poll(x.now)
		}
		require.Equal(t, want, x.ports["eni-a1"].Sent(), "%v", x.ended)
	}
}

// A merged frame is cut into packets, each in a sound tunnel.
func TestMergedFramesInTunnelsOverIPv6(t *testing.T) {
	x := newRig6(t)
	x.fromGuest("eni-a1", out).tunneled(edge6, vniA)
	plenty := 1000
	for _, name := range []string{Uplink, "eni-a1"} {
		x.attach(name, bulk{x.ports[name], true, &plenty, new(int)})
	}
	x.observe(nil)
	x.give("eni-a1", out.Flags(wire.TCPAck).Size(2*bulkSegment+200).MACs(macA1, x.eni("eni-a1").RouterMAC).Bytes(), true)
	frames := x.ports[Uplink].Sent()
	require.Len(t, frames, 3)
	for _, frame := range frames {
		nictest.InTunnel(t, x.policy(), frame, edge6, vniA)
	}
}
