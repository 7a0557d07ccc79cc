package pipeline

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd/mem"
	"nitrocard/tables/oracle"
)

// A guest that sends with a foreign MAC or address is stopped, counted and
// named, also in the middle of a connection that is known.
func TestSpoofersAreStoppedCountedAndNamed(t *testing.T) {
	x := newRig(t)
	x.fromGuest("eni-a1", out).passed()
	x.send("eni-a1", out.MACs(macA2, x.eni("eni-a1").RouterMAC).Bytes()).dropped(SpoofedMAC)
	x.fromGuest("eni-a1", wiretest.TCP("10.0.1.6:40000", client+":443")).dropped(SpoofedAddress)
	c := x.counts("eni-a1")
	require.EqualValues(t, []uint64{1, 1, 1, 1}, []uint64{c.Ends[SpoofedMAC], c.Drops[SpoofedMAC], c.Ends[SpoofedAddress], c.Drops[SpoofedAddress]})
	require.Equal(t, []string{"10.0.1.6", client, "eni-a1", "eni-a1"}, said(&x.latest()[0]))
}

// What the first packet of a connection may not have, its followers may not.
func TestAKnownConnectionCarriesNoTags(t *testing.T) {
	x := newRig(t)
	x.fromGuest("eni-a1", out).passed()
	x.fromGuest("eni-a1", out.VLAN(3)).dropped(VLANDenied)
	x.fromInternet("eni-a1", syn).passed()
	x.fromInternet("eni-a1", syn.VLAN(3)).dropped(VLANDenied)
}

// An ENI whose source/destination check is off sends and receives what is not
// its own: a NAT instance. Its MAC it must keep.
func TestANATInstanceForwardsForOthers(t *testing.T) {
	x := newRig(t)
	x.put("NetworkInterfaces", `{NetworkInterfaceId: eni-a2, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:02", SourceDestCheck: false,
		PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.6}], Groups: [{GroupId: sg-a-web}], Attachment: {InstanceId: i-a2}}`)
	a1, a2 := x.eni("eni-a1"), x.eni("eni-a2")
	foreign := wiretest.TCP(client+":40000", "10.0.1.5:80").Flags(wire.TCPSyn)
	x.send("eni-a2", foreign.MACs(a2.MAC, a1.MAC).Bytes()).delivered("eni-a1")
	x.send("eni-a2", foreign.MACs(macA4, a1.MAC).Bytes()).dropped(SpoofedMAC)
	x.fromInternet("eni-a2", wiretest.TCP(client+":1", "192.0.2.1:80")).delivered("eni-a2")
	for _, nobody := range []string{"224.0.0.1", "127.0.0.1", "255.255.255.255", "0.0.0.1", "[ff02::1]", "[fe80::9]"} { // also to a guest of the same card
		to := "10.0.1.5:80"
		if nobody[0] == '[' {
			to = "[" + a1v6 + "]:80"
		}
		x.send("eni-a2", wiretest.TCP(nobody+":1", to).Flags(wire.TCPSyn).MACs(a2.MAC, a1.MAC).Bytes()).dropped(Martian)
	}
	// The same through the underlay: only a server that has such an ENI may speak for the world.
	y := newRigOf(t, "y", room)
	tunneled := y.tunnel(serverX, "eni-a5", wiretest.TCP(client+":40000", "10.0.1.7:80"))
	y.send(Uplink, tunneled).dropped(SourceMismatch)
	y.apply(x.config)
	y.send(Uplink, tunneled).delivered("eni-a5")
}

// The card answers ARP for the router and for neighbors of the subnet, on this
// server or another; no question leaves it.
func TestARPIsAnsweredByTheCard(t *testing.T) {
	x := newRig(t)
	for target, want := range map[string]wire.MAC{
		"10.0.1.1": x.eni("eni-a1").RouterMAC, "10.0.1.6": macA2, "10.0.1.7": x.eni("eni-a5").MAC,
	} {
		for _, from := range []string{"10.0.1.5", "10.0.1.15", "0.0.0.0"} { // the last is a probe (RFC 5227)
			e := x.send("eni-a1", wiretest.ARPRequest(macA1, from, target).Bytes())
			require.Equal(t, Consumed, e.Verdict)
			require.Equal(t, "eni-a1", e.from)
			require.Equal(t, wiretest.ARPReply(wire.Neighbor{MAC: want, Addr: wiretest.Addr(target)}, wire.Neighbor{MAC: macA1, Addr: wiretest.Addr(from)}).Bytes(), e.frame)
		}
	}
	require.EqualValues(t, 9, x.counts("eni-a1").Originated)
	x.send("eni-a1", wiretest.ARPRequest(macA1, "10.0.1.5", "10.0.2.8").Bytes()).dropped(ARPUnanswered) // a4, of another subnet
	// B's neighbors are not A's: B's subnet has the same prefix and another router.
	b1 := x.eni("eni-b1")
	x.send("eni-b1", wiretest.ARPRequest(b1.MAC, "10.0.1.5", "10.0.1.6").Bytes()).dropped(ARPUnanswered)
	e := x.send("eni-b1", wiretest.ARPRequest(b1.MAC, "10.0.1.5", "10.0.1.1").Bytes())
	require.Equal(t, b1.RouterMAC, wire.ARP(e.frame[14:]).SenderMAC())
	require.NotEqual(t, x.eni("eni-a1").RouterMAC, b1.RouterMAC)
}

// The underlay may ask for the card's tunnel end.
func TestTheCardAnswersForItsTunnelEnd(t *testing.T) {
	x := newRig(t)
	e := x.send(Uplink, wiretest.ARPRequest(stations[serverY], serverY, serverX).Bytes())
	require.Equal(t, Consumed, e.Verdict)
	require.Equal(t, wiretest.ARPReply(wire.Neighbor{MAC: stations[serverX], Addr: wiretest.Addr(serverX)}, wire.Neighbor{MAC: stations[serverY], Addr: wiretest.Addr(serverY)}).Bytes(), e.frame)
}

// questions are the addresses that the card asked for since the last look.
func (r *rig) questions() []string {
	var asked []string
	for _, f := range r.ports[Uplink].Sent() {
		require.True(r, nictest.IsQuestion(f))
		q := wire.ARP(f[14:])
		require.Equal(r, []any{wire.Broadcast, stations[serverX], stations[serverX], serverX},
			[]any{wire.Ethernet(f).Dst(), wire.Ethernet(f).Src(), q.SenderMAC(), q.Sender().String()})
		asked = append(asked, q.Target().String())
	}
	return asked
}

// The card asks for the edge once a second until it answers, and then now and
// then. Server y has its MAC from the configuration and is never asked for.
func TestTunnelEndsAreResolved(t *testing.T) {
	x := newRig(t)
	x.attach(Uplink, mem.New(mem.Options{}))
	x.Setup().underlay = underlay{} // as if the card had just started
	x.apply(x.config)
	for range 3 {
		x.Poll(x.now)
		x.Poll(x.now + 999e6)
		require.Equal(t, []string{edge}, x.questions())
		x.fromGuest("eni-a1", out).dropped(UnderlayUnresolved)
		x.now += 1e9
	}
	answer := func(from wire.MAC) []byte {
		return wiretest.ARPReply(wire.Neighbor{MAC: from, Addr: wiretest.Addr(edge)}, wire.Neighbor{MAC: stations[serverX], Addr: wiretest.Addr(serverX)}).Bytes()
	}
	// A MAC that is a group's or none is no answer.
	x.send(Uplink, answer(wire.Broadcast))
	x.send(Uplink, answer(wire.MAC{}))
	x.fromGuest("eni-a1", out).dropped(UnderlayUnresolved)
	x.send(Uplink, answer(edgeUnderlay))
	x.fromGuest("eni-a1", out).tunneled(edge, vniA)
	// Half a minute after the first question the edge is asked again, in case it moved.
	x.Poll(x.now + 1e9)
	x.ports[Uplink].Sent()
	x.Poll(x.now + 26e9)
	require.Empty(t, x.questions())
	x.Poll(x.now + 28e9)
	require.Equal(t, []string{edge}, x.questions())
	moved := mac("02:00:00:00:00:77")
	x.now += 28e9
	for range 2 { // the first makes the card ask once more
		x.send(Uplink, answer(moved))
	}
	x.wait(time.Second)
	x.ports[Uplink].Sent()
	e := x.fromGuest("eni-a1", out)
	require.Equal(t, moved, wire.Ethernet(e.frame).Dst())
	// What was resolved stays so under a new policy.
	x.apply(x.config)
	require.Equal(t, moved, wire.Ethernet(x.fromGuest("eni-a1", out).frame).Dst())
}

// What announces itself in vain: strangers, and stations that no frame can be
// sent to. Nothing of it is remembered.
func TestAnnouncementsThatAreNotHeeded(t *testing.T) {
	x := newRig(t)
	moved := mac("02:00:00:00:00:77")
	probe := wiretest.ARPRequest(moved, "0.0.0.0", edge) // RFC 5227 section 2.1.1: somebody would like to have it
	rarp := wiretest.Put(wiretest.ARPRequest(moved, edge, edge).Bytes(), 21, 4)
	for what, frame := range map[string][]byte{
		"a stranger":               wiretest.ARPRequest(moved, "172.16.0.9", "172.16.0.9").Bytes(),
		"the card's own address":   wiretest.ARPRequest(moved, serverX, "172.16.0.9").Bytes(),
		"the card's own MAC":       wiretest.ARPRequest(stations[serverX], edge, edge).Bytes(),
		"a group's MAC":            wiretest.ARPRequest(mac("01:00:5e:00:00:01"), edge, edge).Bytes(),
		"everybody's MAC":          wiretest.ARPRequest(wire.Broadcast, edge, edge).Bytes(),
		"no MAC":                   wiretest.ARPRequest(wire.MAC{}, edge, edge).Bytes(),
		"a MAC that is configured": wiretest.ARPRequest(moved, serverY, serverY).Bytes(),
		"a probe":                  probe.Bytes(),
		"neither question, answer": rarp,
	} {
		require.Equal(t, NotForThisCard, x.send(Uplink, frame).Verdict, what)
		require.Equal(t, edgeUnderlay, wire.Ethernet(x.fromGuest("eni-a1", out).frame).Dst(), what)
		x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:1", "10.0.2.7:5432")).tunneled(serverY, vniA)
	}
	require.Len(t, x.Setup().underlay.asked, 1)
}

// A tunnel end that is gone leaves nothing to ask for.
func TestATunnelEndThatIsGoneIsNotAskedFor(t *testing.T) {
	x := newRig(t)
	c := *x.config
	c.Placement.Cards = slices.Clone(c.Placement.Cards)
	c.Placement.Cards[1].Vtep, c.Placement.Cards[1].Mac = netip.MustParsePrefix("172.16.0.13/24"), wire.MAC{}
	x.apply(&c)
	x.ports[Uplink].Sent()
	x.Poll(x.now + 40e9)
	require.ElementsMatch(t, []string{edge, "172.16.0.13"}, x.questions())
}

// A MAC that the configuration gives is not learned, whoever claims it.
func TestAStaticTunnelEndIsNotLearned(t *testing.T) {
	x := newRig(t)
	x.send(Uplink, wiretest.ARPRequest(mac("02:00:00:00:00:66"), serverY, serverX).Bytes())
	x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:1", "10.0.2.7:5432")).tunneled(serverY, vniA)
}

// One whose MAC goes from the configuration is asked for from then on.
func TestATunnelEndIsStaticNoMore(t *testing.T) {
	x := newRig(t)
	c := *x.config
	c.Placement.Cards = slices.Clone(c.Placement.Cards)
	c.Placement.Cards[1].Mac = wire.MAC{}
	x.apply(&c)
	query := wiretest.TCP("10.0.1.5:1", "10.0.2.7:5432")
	x.fromGuest("eni-a1", query).dropped(UnderlayUnresolved)
	x.resolve(serverY)
	x.fromGuest("eni-a1", query).tunneled(serverY, vniA)
}

// The outer checksum is right whatever the addresses and the length.
func TestTheOuterChecksumIsRight(t *testing.T) {
	x, r := newRig(t), oracle.Random(t)
	for range 200 {
		c := *x.config
		c.Placement.Edge.Vtep = netip.AddrFrom4([4]byte{byte(1 + r.IntN(120)), byte(r.Uint32()), byte(r.Uint32()), byte(1 + r.IntN(250))})
		c.Placement.Edge.UnderlayMac = edgeUnderlay
		x.apply(&c)
		e := x.fromGuest("eni-a1", out.Size(54+r.IntN(1460)))
		e.passed()
		require.NoError(t, wiretest.Check(e.frame), "%s, %d bytes", c.Placement.Edge.Vtep, len(e.frame))
	}
}

// Without a MAC in the configuration the card has its port's.
func TestTheUplinkHasItsPortsMAC(t *testing.T) {
	x := newRig(t)
	own := mac("02:00:00:00:00:aa")
	c := *x.config
	c.Placement.Cards = append(c.Placement.Cards[:0:0], c.Placement.Cards...)
	c.Placement.Cards[0].Mac = wire.MAC{}
	x.attach(Uplink, mem.New(mem.Options{MAC: own}))
	x.apply(&c)
	x.send(Uplink, x.tunnel(edge, "eni-a1", syn)).dropped(NotForThisCard)
	x.send(Uplink, x.outer(edge, vniA, syn.MACs(edgeRouter, macA1).Bytes()).MACs(edgeUnderlay, own).Bytes()).delivered("eni-a1")
	require.Equal(t, own, wire.Ethernet(x.fromGuest("eni-a1", out).frame).Src())
}

// A packet of a known connection must come from the tunnel end of its first:
// nobody on the underlay joins in.
func TestAKnownConnectionKeepsItsTunnelEnd(t *testing.T) {
	x := newRig(t)
	x.fromInternet("eni-a1", syn).passed()
	x.send(Uplink, x.tunnel(serverY, "eni-a1", syn)).dropped(SourceMismatch)
	x.send(Uplink, x.tunnel("0.0.0.0", "eni-a1", syn)).dropped(UnknownVTEP)
	x.fromInternet("eni-a1", syn).passed()
	// Nor in one between two guests of this card.
	x.fromGuest("eni-a2", wiretest.TCP("10.0.1.6:9", "10.0.1.5:8080").Flags(wire.TCPSyn)).delivered("eni-a1")
	for _, vtep := range []string{"0.0.0.0", serverX, serverY, edge} {
		x.send(Uplink, x.tunnel(vtep, "eni-a1", wiretest.TCP("10.0.1.6:9", "10.0.1.5:8080")))
		require.True(t, x.ended[0].Verdict.Dropped(), vtep)
	}
}

// A drop is told with its own addresses, not those of a packet before it.
func TestTheLatestDropsAreTheirOwn(t *testing.T) {
	x := newRig(t)
	x.fromInternet("eni-a1", syn).passed()
	x.send(Uplink, wiretest.Put(x.tunnel(edge, "eni-b1", wiretest.UDP("10.9.9.9:9", "10.8.8.8:8")), 40, 0xba, 0xad)).dropped(Malformed(wire.FaultOuterChecksum))
	x.send(Uplink, x.outer("172.16.0.99", 1, syn.Bytes()).MACs(edgeUnderlay, stations[serverY]).Bytes()).dropped(NotForThisCard)
	x.send(Uplink, make([]byte, 13)).dropped(Malformed(wire.FaultEthernetTruncated))
	last := x.latest()
	require.False(t, last[0].IP)
	require.Equal(t, []string{"172.16.0.99", serverX, "", Uplink}, said(&last[1]))
	require.Equal(t, []string{edge, serverX, "", Uplink}, said(&last[2]))
}

// said is what a drop says: the packet's addresses, the ENI, and the port.
func said(d *Drop) []string {
	id, _ := d.ENI()
	return []string{d.Tuple.Src.String(), d.Tuple.Dst.String(), id, d.Port()}
}
