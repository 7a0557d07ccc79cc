package pipeline

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd/mem"
)

// toInternet is the name of the edge's place for its port to the internet.
const toInternet = "internet"

// The edge on its link to the internet.
const (
	handover, handover6 = "203.0.113.1", "2001:db8:9::1"
	isp, isp6           = "203.0.113.254", "2001:db8:9::fe"
	browser, browser6   = "192.0.2.77", "2001:db8:77::7"
)

var (
	ispMAC  = mac("02:00:00:00:15:9a")
	edgeMAC = mac("02:00:00:00:ed:a0")
)

// newEdgeRig is the edge of the region, whose link to the internet and whose gateways are
// resolved.
func newEdgeRig(t testing.TB) *rig { return newEdgeRigAt(t, nictest.Stations[edge]) }

// newEdgeRigAt is newEdgeRig with a MAC on the underlay.
func newEdgeRigAt(t testing.TB, station wire.MAC) *rig {
	x := newEdgeRigOf(t, station, Internet{
		Addresses: []netip.Prefix{netip.MustParsePrefix(handover + "/24"), netip.MustParsePrefix(handover6 + "/64")},
		Gateways:  []netip.Addr{netip.MustParseAddr(isp), netip.MustParseAddr(isp6)},
	})
	x.send(toInternet, wiretest.ARPReply(wire.Neighbor{MAC: ispMAC, Addr: wiretest.Addr(isp)}, wire.Neighbor{MAC: edgeMAC, Addr: wiretest.Addr(handover)}).Bytes())
	advert := make([]byte, wire.NeighborAdvertLen)
	wire.NeighborAdvert(advert, wire.Neighbor{MAC: ispMAC, Addr: wiretest.Addr(isp6)}, wire.Neighbor{MAC: edgeMAC, Addr: wiretest.Addr(handover6)}, true)
	x.send(toInternet, advert)
	return x
}

// newEdgeRigOf is the edge of the region, on such a link, with a MAC on the underlay.
func newEdgeRigOf(t testing.TB, station wire.MAC, link Internet) *rig {
	config, err := vpc.Load("../testdata/region.yaml")
	require.NoError(t, err)
	x := &rig{TB: t, edge: &link, region: vpc.EmptyRegion(), places: map[string][]*Queue{}, ports: map[string]*mem.Port{}, now: 1_780_000_000e9}
	x.Crew, err = NewCrew(Options{Workers: 1, Connections: 64, Seed: 1})
	require.NoError(t, err)
	x.w = x.Workers[0]
	x.apply(config)
	x.attach(Uplink, mem.New(mem.Options{MAC: station}))
	x.attach(toInternet, mem.New(mem.Options{MAC: edgeMAC}))
	x.observe(func(e *Event) { x.ended = append(x.ended, *e) })
	t.Cleanup(func() {
		x.account()
		x.Close()
	})
	return x
}

// outside is a packet as the router towards the internet sends it to the edge.
func outside(p wiretest.Packet) []byte { return p.MACs(ispMAC, edgeMAC).Bytes() }

// inside is a packet as a server's card sends it to the edge, for an ENI of a VPC.
func (r *rig) inside(server string, vni uint32, p wiretest.Packet) []byte {
	return r.outer(server, vni, p.MACs(r.toEdge("eni-a1"), edgeRouter).Bytes()).Bytes()
}

var (
	request   = wiretest.TCP(browser+":40000", "35.72.2.8:80").Flags(wire.TCPSyn)
	request6  = wiretest.TCP("["+browser6+"]:40000", "["+a1v6+"]:80").Flags(wire.TCPSyn)
	response  = wiretest.TCP("35.72.2.8:80", browser+":40000").Flags(wire.TCPSyn | wire.TCPAck)
	response6 = wiretest.TCP("["+a1v6+"]:80", "["+browser6+"]:40000").Flags(wire.TCPSyn | wire.TCPAck)
)

// edgeCases are packets at the edge, and their ends.
var edgeCases = []verdictCase{
	// From the internet.
	{"a packet for an instance", toInternet, bytes(outside(request)), Sent, nil},
	{"a packet for an instance, over IPv6", toInternet, bytes(outside(request6)), Sent, nil},
	{"a ping for an instance", toInternet, bytes(outside(wiretest.Echo(browser, "35.72.2.8", 1))), Sent, nil},
	{"a packet with a tag for a priority", toInternet, bytes(outside(request.VLAN(0))), Sent, nil},
	{"a packet of a VLAN", toInternet, bytes(outside(request.VLAN(7))), VLANDenied, nil},
	{"LLDP", toInternet, bytes(wiretest.Ethernet(0x88cc, make([]byte, 50)).MACs(ispMAC, edgeMAC).Bytes()), EtherTypeDenied, nil},
	{"a packet for another station", toInternet, bytes(request.MACs(ispMAC, macA1).Bytes()), NotForThisCard, nil},
	{"multicast of the link", toInternet, bytes(wiretest.UDP(isp+":1", "224.0.0.5:1").MACs(ispMAC, mac("01:00:5e:00:00:05")).Bytes()), GroupAddress, nil},
	{"from the very address it is for", toInternet, bytes(outside(wiretest.TCP("35.72.2.8:1", "35.72.2.8:80"))), SpoofedSource, nil},
	{"from an address of the region that nobody has", toInternet, bytes(outside(wiretest.TCP("35.72.2.200:1", "35.72.2.8:80"))), SpoofedSource, nil},
	{"from a private address", toInternet, bytes(outside(wiretest.TCP("10.0.1.6:1", "35.72.2.8:80"))), SpoofedSource, nil},
	{"from the other private addresses", toInternet, bytes(outside(wiretest.UDP("172.31.255.255:1", "35.72.2.8:80"))), SpoofedSource, nil},
	{"from a carrier's shared address", toInternet, bytes(outside(wiretest.UDP("100.127.0.1:1", "35.72.2.8:80"))), SpoofedSource, nil},
	{"from a link-local address", toInternet, bytes(outside(wiretest.UDP("169.254.169.254:1", "35.72.2.8:80"))), SpoofedSource, nil},
	{"from a loopback address", toInternet, bytes(outside(wiretest.UDP("127.0.0.1:1", "35.72.2.8:80"))), SpoofedSource, nil},
	{"from a group", toInternet, bytes(outside(wiretest.UDP("224.0.0.1:1", "35.72.2.8:80"))), SpoofedSource, nil},
	{"from an address beside the private ones", toInternet, bytes(outside(wiretest.UDP("172.32.0.1:1", "35.72.2.8:80"))), Sent, nil},
	{"from an IPv6 address of the region", toInternet, bytes(outside(wiretest.UDP("["+a2v6+"]:1", "["+a1v6+"]:80"))), SpoofedSource, nil},
	{"from a unique local address", toInternet, bytes(outside(wiretest.UDP("[fd00::1]:1", "["+a1v6+"]:80"))), SpoofedSource, nil},
	{"from a link-local IPv6 address", toInternet, bytes(outside(wiretest.UDP("[fe80::1]:1", "["+a1v6+"]:80"))), SpoofedSource, nil},
	{"for somebody else's address", toInternet, bytes(outside(wiretest.TCP(browser+":1", "8.8.8.8:80"))), NotAnnounced, nil},
	{"for a private address", toInternet, bytes(outside(wiretest.TCP(browser+":1", "10.0.1.5:80"))), NotAnnounced, nil},
	{"for an address that nobody has", toInternet, bytes(outside(wiretest.TCP(browser+":1", "35.72.2.10:80"))), AddressUnassigned, nil},
	{"for an IPv6 address that nobody has", toInternet, bytes(outside(wiretest.TCP("["+browser6+"]:1", "[2001:db8:a:1::99]:80"))), AddressUnassigned, nil},
	{"malformed", toInternet, bytes(wiretest.Cut(outside(request), 30)), Malformed(wire.FaultIPv4Truncated), nil},

	// From the underlay.
	{"a packet of an instance", Uplink, func(x *rig) []byte { return x.inside(serverX, vniA, response) }, Sent, nil},
	{"a packet of an instance, over IPv6", Uplink, func(x *rig) []byte { return x.inside(serverX, vniA, response6) }, Sent, nil},
	{"a ping of an instance", Uplink, func(x *rig) []byte { return x.inside(serverX, vniA, wiretest.Echo("35.72.2.8", browser, 3)) }, Sent, nil},
	{"a packet of an instance for another one's public address", Uplink, func(x *rig) []byte {
		return x.inside(serverX, vniA, wiretest.TCP("35.72.2.8:1", "54.168.7.7:80"))
	}, Sent, nil},
	{"a tunnel from a stranger", Uplink, func(x *rig) []byte { return x.inside("172.16.0.99", vniA, response) }, UnknownVTEP, nil},
	{"a tunnel from the edge's own address", Uplink, func(x *rig) []byte { return x.inside(edge, vniA, response) }, UnknownVTEP, nil},
	{"no tunnel", Uplink, func(x *rig) []byte {
		return wiretest.UDP(serverX+":1", edge+":53").MACs(stations[serverX], stations[edge]).Bytes()
	}, NotVXLAN, nil},
	{"a VNI that no VPC has", Uplink, func(x *rig) []byte { return x.inside(serverX, 77, response) }, UnknownVNI, nil},
	{"an instance of another VPC than the address", Uplink, func(x *rig) []byte { return x.inside(serverX, vniB, response) }, SourceMismatch, nil},
	{"a server that speaks for another's instance", Uplink, func(x *rig) []byte { return x.inside(serverY, vniA, response) }, SourceMismatch, nil},
	{"a server that speaks for nobody", Uplink, func(x *rig) []byte { return x.inside(serverX, vniA, wiretest.TCP("35.72.2.10:1", browser+":80")) }, SourceMismatch, nil},
	{"a private source", Uplink, func(x *rig) []byte { return x.inside(serverX, vniA, wiretest.TCP("10.0.1.5:1", browser+":80")) }, SourceMismatch, nil},
	{"a frame for another station", Uplink, func(x *rig) []byte { return x.outer(serverX, vniA, response.MACs(macA1, macA2).Bytes()).Bytes() }, UnknownMAC, nil},
	{"a broadcast", Uplink, func(x *rig) []byte {
		return x.outer(serverX, vniA, response.MACs(macA1, wire.Broadcast).Bytes()).Bytes()
	}, GroupAddress, nil},
	{"ARP in a tunnel", Uplink, func(x *rig) []byte {
		return x.outer(serverX, vniA, wiretest.ARPRequest(macA1, "10.0.1.5", "10.0.1.1").MACs(macA1, edgeRouter).Bytes()).Bytes()
	}, EtherTypeDenied, nil},
	{"for a private address", Uplink, func(x *rig) []byte { return x.inside(serverX, vniA, wiretest.TCP("35.72.2.8:1", "192.168.0.1:80")) }, PrivateInternet, nil},
	{"for nowhere", Uplink, func(x *rig) []byte { return x.inside(serverX, vniA, wiretest.TCP("35.72.2.8:1", "127.0.0.1:80")) }, Martian, nil},
	{"for a group", Uplink, func(x *rig) []byte { return x.inside(serverX, vniA, wiretest.UDP("35.72.2.8:1", "239.1.2.3:80")) }, GroupAddress, nil},
	{"for the edge", Uplink, func(x *rig) []byte { return x.inside(serverX, vniA, wiretest.Echo("35.72.2.8", handover, 1)) }, RouterItself, nil},
	{"a router that did not answer", Uplink, func(x *rig) []byte { return x.inside(serverX, vniA, response) }, GatewayUnresolved, func(x *rig) {
		x.edge.Gateways = []netip.Addr{netip.MustParseAddr("203.0.113.77")}
		x.store(x.policy())
	}},
	{"no port to the internet", Uplink, func(x *rig) []byte { return x.inside(serverX, vniA, response) }, NoPort, func(x *rig) { x.attach(toInternet, nil) }},

	// For the edge itself.
	{"ARP for the edge", toInternet, bytes(wiretest.ARPRequest(ispMAC, isp, handover).Bytes()), Consumed, nil},
	{"ARP for somebody else", toInternet, bytes(wiretest.ARPRequest(macA1, "203.0.113.8", "203.0.113.9").Bytes()), NotForThisCard, nil},
	{"a ping for the edge", toInternet, bytes(outside(wiretest.Echo(browser, handover, 1))), Consumed, nil},
	{"a ping for the edge, over IPv6", toInternet, bytes(outside(wiretest.Echo(browser6, handover6, 1))), Consumed, nil},
	{"a connection to the edge", toInternet, bytes(outside(wiretest.TCP(browser+":1", handover+":22"))), RouterItself, nil},
	{"BGP, which is the kernel's", toInternet, bytes(outside(wiretest.TCP(isp+":1", handover+":179"))), Consumed, func(x *rig) {
		x.edge.Kernel = true
		x.store(x.policy())
	}},

	// Hops.
	{"the last hop", toInternet, bytes(outside(request.TTL(1))), TimeExceeded, nil},
	{"the last hop, over IPv6", toInternet, bytes(outside(request6.TTL(1))), TimeExceeded, nil},
	{"the last hop of an error", toInternet, bytes(outside(wiretest.ICMPError(wire.ICMPUnreachable, 3, browser, response.Bytes()).TTL(1))), TimeExceededUntold, nil},
	{"the hop behind the edge", toInternet, bytes(outside(request.TTL(2))), TimeExceededUntold, nil},
	{"hops enough", toInternet, bytes(outside(request.TTL(3))), Sent, nil},
	{"the last hop outward", Uplink, func(x *rig) []byte { return x.inside(serverX, vniA, response.TTL(1)) }, TimeExceededUntold, nil},
	{"the hop behind the edge, over IPv6", toInternet, bytes(outside(request6.TTL(2))), TimeExceededUntold, nil},
}

func TestEdgeVerdicts(t *testing.T) {
	for _, c := range edgeCases {
		t.Run(c.what, func(t *testing.T) {
			x := newEdgeRig(t)
			if c.setup != nil {
				c.setup(x)
			}
			e := x.send(c.port, c.frame(x))
			require.Equal(t, c.want.String(), e.Verdict.String())
			if c.want != Consumed && c.want != TimeExceeded {
				require.Equal(t, c.want == Sent, e.frame != nil)
			}
		})
	}
}

// What leaves the edge is what came, in the tunnel of the server whose ENI has the address or
// towards the router, two hops nearer to its end.
func TestTheEdgeLeadsThereAndBack(t *testing.T) {
	for _, observed := range []bool{true, false} {
		x := newEdgeRig(t)
		if !observed {
			x.observe(nil)
		}
		for _, c := range []struct {
			what wiretest.Packet
			to   string
			vni  uint32
			eni  string
		}{
			{request, serverX, vniA, "eni-a1"},
			{wiretest.UDP(browser+":9", "35.72.2.9:53").Size(60), serverX, vniA, "eni-a1"},
			{wiretest.TCP(browser+":9", "54.168.7.7:80"), serverX, vniB, "eni-b1"},
			{request6, serverX, vniA, "eni-a1"},
			{wiretest.TCP("["+browser6+"]:1", "[2001:db8:a:1::7]:443"), serverY, vniA, "eni-a5"},
			{wiretest.Echo(browser, "35.72.2.8", 7), serverX, vniA, "eni-a1"},
		} {
			got := nictest.InTunnel(t, x.policy(), x.leaves(toInternet, outside(c.what), Uplink), c.to, c.vni)
			want := c.what.TTL(62).MACs(x.region.ENI(c.eni).Subnet.RouterMAC, x.region.ENI(c.eni).MAC).Bytes()
			require.Equal(t, want, got)
		}
		for _, p := range []wiretest.Packet{response, response6, wiretest.UDP("35.72.2.9:53", browser+":9").Size(60), wiretest.Echo("35.72.2.8", browser, 9)} {
			got := x.leaves(Uplink, x.inside(serverX, vniA, p), toInternet)
			require.Equal(t, p.TTL(62).MACs(edgeMAC, ispMAC).Bytes(), got)
		}
		got := nictest.InTunnel(t, x.policy(), x.leaves(Uplink, x.inside(serverX, vniA, wiretest.TCP("35.72.2.8:1", "54.168.7.7:80")), Uplink), serverX, vniB)
		require.Equal(t, x.region.ENI("eni-b1").MAC, wire.Ethernet(got).Dst(), "a public address of another instance is reached by the edge")
	}
}

// leaves is what a frame that came in by one port becomes at another, where nobody watches.
func (r *rig) leaves(in string, frame []byte, out string) []byte {
	r.Helper()
	require.True(r, r.ports[in].Inject(frame))
	require.Equal(r, 1, r.Poll(r.now))
	frames, from := nictest.AllLeft(r, r.ports, Uplink)
	require.Len(r, frames, 1)
	require.Equal(r, out, from)
	return frames[0]
}

// The handover router answers ARP, neighbor discovery and ping, and tells those whose packets
// end there; what it sends is sound.
func TestTheHandoverRouterAnswers(t *testing.T) {
	x := newEdgeRig(t)
	answer := func(frame []byte) (wire.Headers, []byte) {
		got := x.leaves(toInternet, frame, toInternet)
		require.NoError(t, wiretest.Check(got))
		require.Equal(t, [2]wire.MAC{ispMAC, edgeMAC}, [2]wire.MAC{wire.Ethernet(got).Dst(), wire.Ethernet(got).Src()})
		return header(t, got), got
	}
	_, arp := answer(wiretest.ARPRequest(ispMAC, isp, handover).Bytes())
	require.Equal(t, edgeMAC, wire.ARP(arp[14:]).SenderMAC())
	solicit := wire.NeighborSolicit(make([]byte, 128), wire.Neighbor{MAC: ispMAC, Addr: wiretest.Addr(isp6)}, wiretest.Addr(handover6))
	h, _ := answer(solicit)
	require.Equal(t, uint8(wire.NDNeighborAdvertisement), h.Type)

	ping := wiretest.Echo(browser, handover, 7).Size(100)
	_, got := answer(outside(ping))
	require.Equal(t, wiretest.EchoReply(handover, browser, 7).Size(100).MACs(edgeMAC, ispMAC).Bytes()[34:], got[34:])
	h, _ = answer(outside(wiretest.Echo(browser6, handover6, 7)))
	require.Equal(t, []any{uint8(wire.ICMPv6EchoReply), handover6, browser6}, []any{h.Type, h.Src.String(), h.Dst.String()})

	for _, p := range []wiretest.Packet{request.TTL(1), request6.TTL(1), wiretest.UDP(browser+":9", "35.72.2.8:33434").TTL(1), wiretest.UDP(browser+":9", "35.72.2.8:33434").Size(1400).TTL(1)} {
		h, got := answer(outside(p))
		q, ok := wire.Embedded(got, &h)
		require.True(t, ok && h.IsICMPError())
		require.Contains(t, []string{handover, handover6}, h.Src.String())
		require.Equal(t, header(t, outside(p)).Tuple, q.Tuple)
	}
}

// A flood of packets without hops is not answered more often than others are told an MTU.
func TestTheHandoverRouterIsNoAmplifier(t *testing.T) {
	x := newEdgeRig(t)
	told := 0
	for range 4 * tellBudget {
		if x.send(toInternet, outside(request.TTL(1))).Verdict == TimeExceeded {
			told++
		}
	}
	require.Equal(t, tellBudget, told)
	x.wait(time.Second)
	require.Equal(t, TimeExceeded, x.send(toInternet, outside(request.TTL(1))).Verdict)
}

// A change of the region is a change of the table: addresses come, go and move, one by one or
// all at once, and what the table has is what the region says.
func TestTheEdgeFollowsTheRegion(t *testing.T) {
	x := newEdgeRig(t)
	x.holdsTable()
	before := x.Setup().edge.publicTable
	x.put("NetworkInterfaces", `{NetworkInterfaceId: eni-a2, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:02", Groups: [{GroupId: sg-a-web}],
		PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.6, Association: {PublicIp: 35.72.2.20}}]}`)
	require.Same(t, before, x.Setup().edge.publicTable, "a change of one ENI changes the table in place")
	x.holdsTable()
	nictest.InTunnel(t, x.policy(), x.leaves(toInternet, outside(wiretest.TCP(browser+":1", "35.72.2.20:80")), Uplink), serverX, vniA)
	x.send(toInternet, outside(wiretest.TCP("["+browser6+"]:1", "["+a2v6+"]:80"))).dropped(AddressUnassigned)

	c := *x.config
	c.Placement.Cards[0].NetworkInterfaces, c.Placement.Cards[1].NetworkInterfaces = c.Placement.Cards[1].NetworkInterfaces, c.Placement.Cards[0].NetworkInterfaces
	x.apply(&c)
	x.holdsTable()
	nictest.InTunnel(t, x.policy(), x.leaves(toInternet, outside(request), Uplink), serverY, vniA)

	c.Placement.Vnis = map[string]uint32{"vpc-a": 6001, "vpc-b": 6002}
	x.apply(&c)
	x.holdsTable()
	nictest.InTunnel(t, x.policy(), x.leaves(toInternet, outside(request), Uplink), serverY, 6001)

	c.Placement.PublicPrefixes = []netip.Prefix{netip.MustParsePrefix("35.72.0.0/16")}
	x.apply(&c)
	x.holdsTable()
	x.send(toInternet, outside(wiretest.TCP(browser+":1", "54.168.7.7:80"))).dropped(NotAnnounced)
	x.send(toInternet, outside(wiretest.TCP(browser+":1", "35.72.99.7:80"))).dropped(AddressUnassigned)
	require.Equal(t, c.Placement.PublicPrefixes, x.Setup().Prefixes())
}

// A region for whose table memory lacks is refused, and the edge goes on with the one before.
func TestAnEdgeWithoutMemory(t *testing.T) {
	x := newEdgeRig(t)
	least := leastAddresses
	defer func() { leastAddresses = least }()
	leastAddresses = 1 << 40
	c := *x.config
	c.Placement.PublicPrefixes = []netip.Prefix{netip.MustParsePrefix("35.72.0.0/16")} // takes another table
	region, err := x.region.Become(&c)
	require.NoError(t, err)
	require.ErrorContains(t, x.Prepare(region.Edge(x.policy())), "no memory for a table of")
	x.store(x.policy())
	nictest.InTunnel(t, x.policy(), x.leaves(toInternet, outside(request), Uplink), serverX, vniA)
}

// holdsTable holds the table to the region: every address of the region's ENIs, and no other.
func (r *rig) holdsTable() {
	r.Helper()
	e, n := r.Setup().edge, 0
	for m := range r.region.Since(nil) {
		for b := range m.Is.PublicBlocks() {
			if e.ours.given && !e.ours.isOwn(wire.AddrFrom(b.Addr())) {
				continue
			}
			n++
			at, there := e.find(wire.AddrFrom(b.Addr()))
			require.True(r, there, b)
			require.Equal(r, *r.region.Station(m.Is.Station), at.Station, b)
			w, known := r.region.Whereabouts(b.Addr())
			require.True(r, known)
			require.Equal(r, []any{m.Is.ID, m.Is.MAC, at.vni(), r.region.VTEPs()[at.VTEP].Addr.Netip()}, []any{w.ENI, w.MAC, w.VNI, w.VTEP})
		}
	}
	require.Equal(r, n, e.single.Len())
}

// Without Placement's prefixes, the edge announces those that its addresses are of, as long as
// they are.
func TestTheEdgeAnnouncesWhatItHas(t *testing.T) {
	x := newEdgeRig(t)
	prefixes := func() (all []string) {
		for _, p := range x.Setup().Prefixes() {
			all = append(all, p.String())
		}
		return all
	}
	require.Equal(t, []string{"35.72.2.0/24", "54.168.7.0/24", "2001:db8:a::/48"}, prefixes())
	region, err := x.region.Change(vpc.Edit{Kind: "NetworkInterfaces", ID: "eni-b1"})
	require.NoError(t, err)
	x.become(region)
	require.Equal(t, []string{"35.72.2.0/24", "2001:db8:a::/48"}, prefixes())
	x.send(toInternet, outside(wiretest.TCP(browser+":1", "54.168.7.7:80"))).dropped(NotAnnounced)
	x.send(toInternet, outside(wiretest.TCP("54.168.7.7:80", "35.72.2.8:80"))).passed()
}

// The internet reaches nothing of a VPC without an internet gateway, but for answers of IPv6 by an
// egress-only one: the edge announces what is reached, and follows a gateway that is detached, attached or
// gone. A packet that comes all the same goes to the card, which says why it drops the packet.
func TestTheEdgeAnnouncesWhatTheInternetReaches(t *testing.T) {
	x := newEdgeRig(t)
	announces := func(want ...string) {
		t.Helper()
		var all []string
		for _, p := range x.Setup().Prefixes() {
			all = append(all, p.String())
		}
		require.Equal(t, want, all)
		fresh, err := newPublicTable(x.region, 1)
		require.NoError(t, err)
		require.Equal(t, x.Setup().Prefixes(), fresh.prefixes(), "changes come to the same as the whole")
		require.Equal(t, x.Setup().edge.ours.used, fresh.ours.used)
		x.holdsTable()
	}
	const a, b, a6 = "35.72.2.0/24", "54.168.7.0/24", "2001:db8:a::/48"
	x.put("RouteTables", x.table("rtb-a1", "Main: true")) // a route to a gateway that is not attached would be a mistake
	x.put("RouteTables", "{RouteTableId: rtb-b, VpcId: vpc-b, Associations: [{Main: true}]}")
	for range 2 {
		announces(a, b, a6)
		x.put("InternetGateways", "{InternetGatewayId: igw-b}")
		announces(a, a6)
		x.send(toInternet, outside(wiretest.TCP(browser+":1", "54.168.7.7:80"))).passed()
		x.put("InternetGateways", "{InternetGatewayId: igw-a, Attachments: [{VpcId: vpc-a, State: detached}]}")
		announces()
		x.put("RouteTables", `{RouteTableId: rtb-a2, VpcId: vpc-a, Associations: [{SubnetId: subnet-a2}], Routes: [{DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId: eigw-a}]}`)
		announces(a6)
		x.put("RouteTables", `{RouteTableId: rtb-a2, VpcId: vpc-a, Associations: [{SubnetId: subnet-a2}], Routes: [{DestinationCidrBlock: 10.0.0.0/16, GatewayId: local}]}`)
		announces()
		x.put("InternetGateways", "{InternetGatewayId: igw-b, Attachments: [{VpcId: vpc-b, State: available}]}")
		x.put("NetworkInterfaces", `{NetworkInterfaceId: eni-a2, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:02", Attachment: {InstanceId: i-a2},
			PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.6, Association: {PublicIp: 35.72.3.6}}]}`)
		announces(b)
		x.put("InternetGateways", "{InternetGatewayId: igw-a, Attachments: [{VpcId: vpc-a, State: available}]}")
		announces(a, "35.72.3.0/24", b, a6)
		x.put("NetworkInterfaces", `{NetworkInterfaceId: eni-a2, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:02", Attachment: {InstanceId: i-a2}, PrivateIpAddress: 10.0.1.6}`)
	}
	c := *x.config
	c.Placement.PublicPrefixes = []netip.Prefix{netip.MustParsePrefix("54.168.0.0/16")}
	x.apply(&c)
	x.put("InternetGateways", "{InternetGatewayId: igw-b}")
	require.Equal(t, c.Placement.PublicPrefixes, x.Setup().Prefixes(), "prefixes that Placement gives are announced whoever has an address of them")
}

// The edge asks for its gateways each second until they answer, and every 30 s from then on.
func TestTheEdgeAsksForItsGateways(t *testing.T) {
	x := newEdgeRigOf(t, nictest.Stations[edge], Internet{
		Addresses: []netip.Prefix{netip.MustParsePrefix(handover + "/24")},
		Gateways:  []netip.Addr{netip.MustParseAddr(isp), netip.MustParseAddr(isp6)},
	})
	asked := func() (n int) {
		for _, f := range x.ports[toInternet].Sent() {
			require.True(t, nictest.IsQuestion(f))
			require.Equal(t, wiretest.Addr(isp), wire.ARP(f[14:]).Target(), "of a family without an address of its own, the edge asks for nobody")
			n++
		}
		return n
	}
	x.wait(time.Second)
	require.Equal(t, 1, asked())
	x.wait(time.Second)
	require.Equal(t, 1, asked())
	x.send(toInternet, wiretest.ARPRequest(ispMAC, isp, "203.0.113.9").Bytes())
	x.wait(5 * time.Second)
	require.Zero(t, asked())
	x.wait(30 * time.Second)
	require.Equal(t, 1, asked())
	require.Equal(t, ispMAC, wire.Ethernet(x.leaves(Uplink, x.inside(serverX, vniA, response), toInternet)).Dst())
}

// The fast way passes what the slow way passes, as the slow way does, and leaves the rest to it:
// of packets of each kind, damaged at random, the same frames leave.
func TestTheFastEdgeAsTheSlow(t *testing.T) {
	random, seed := rand.New(rand.NewPCG(1, 2)), [2]uint64{1, 2}
	fast, slow := newEdgeRig(t), newEdgeRig(t)
	fast.observe(nil)
	slow.w.fast.shut = true
	var kinds []verdictCase
	for _, c := range edgeCases {
		if c.setup == nil {
			kinds = append(kinds, c)
		}
	}
	for range 200 {
		var frames [2][][]byte // from the internet, from the underlay
		for range 40 {
			c := kinds[random.IntN(len(kinds))]
			frame := c.frame(slow)
			if random.IntN(3) == 0 {
				frame[random.IntN(len(frame))] ^= 1 << random.IntN(8)
			}
			in := 0
			if c.port == Uplink {
				in = 1
			}
			frames[in] = append(frames[in], frame)
		}
		for in, port := range []string{toInternet, Uplink} {
			a, b := fast.burst(port, frames[in]), slow.burst(port, frames[in])
			require.ElementsMatch(t, b, a, "seed %v", seed)
		}
	}
	require.Equal(t, slow.counts(toInternet).Ends, fast.counts(toInternet).Ends)
	require.Equal(t, slow.counts(Uplink).Ends, fast.counts(Uplink).Ends)
	require.Greater(t, fast.counts(Uplink).Ends[Sent], uint64(100))
}

// Plain packets take the way of bursts, all of them, and no other: not one is described for the
// stages. Those of IPv6 are of a client whose address begins otherwise than the region's (ranges).
func TestPlainPacketsTakeTheEdgesBurst(t *testing.T) {
	x := newEdgeRig(t)
	x.observe(nil)
	for _, c := range []struct {
		port   string
		frames [][]byte
	}{
		{toInternet, [][]byte{outside(request), outside(wiretest.TCP("[2a00:77::7]:40000", "["+a1v6+"]:80")), outside(wiretest.UDP(browser+":9", "35.72.2.9:53").Size(60)), outside(request.TTL(3))}},
		{Uplink, [][]byte{x.inside(serverX, vniA, response), x.inside(serverX, vniA, wiretest.TCP("["+a1v6+"]:80", "[2a00:77::7]:40000")), x.inside(serverX, vniA, wiretest.UDP("35.72.2.9:53", browser+":9").Size(60))}},
	} {
		x.w.inward, x.w.outward = burst{}, burst{}
		require.Len(t, x.burst(c.port, c.frames), len(c.frames))
		for i := range x.w.inward.packets {
			require.Nil(t, x.w.inward.packets[i].frame, c.port)
			require.Nil(t, x.w.outward.packets[i].frame, c.port)
		}
	}
	x.w.inward = burst{}
	require.Empty(t, x.burst(toInternet, [][]byte{outside(request.VLAN(7))}))
	require.NotNil(t, x.w.inward.packets[0].frame, "what is not plain takes the stages")
	for name, station := range map[string]wire.MAC{toInternet: edgeMAC, Uplink: stations[edge]} { // a port's queue takes its memory once
		x.attach(name, mem.New(mem.Options{MAC: station, Queue: 2}))
	}
	require.Zero(t, allocations(func() {
		x.ports[toInternet].Inject(outsideRequest)
		x.Poll(x.now)
		for _, p := range x.ports {
			p.Drain(func([]byte) {})
		}
	}))
}

var outsideRequest = outside(request)

// burst is what leaves when frames come by a port at once.
func (r *rig) burst(port string, frames [][]byte) (left [][]byte) {
	r.Helper()
	for _, f := range frames {
		require.True(r, r.ports[port].Inject(f))
	}
	r.Poll(r.now)
	for _, name := range []string{toInternet, Uplink} {
		left = append(left, r.ports[name].Sent()...)
	}
	return left
}

// Edges share the tunnel end of the region: the one with the lower MAC announces it, and is
// asked; when it is silent, the other one announces; and who retires answers nobody.
func TestEdgesShareATunnelEnd(t *testing.T) {
	x := newEdgeRig(t)
	announced := func() (n int) {
		for _, f := range x.ports[Uplink].Sent() {
			if wire.Ethernet(f).EtherType() == wire.EtherTypeARP && wire.ARP(f[14:]).Sender() == wire.ARP(f[14:]).Target() {
				n++
			}
		}
		return n
	}
	other := func(m string) []byte { return wiretest.ARPRequest(mac(m), edge, edge).Bytes() }
	x.wait(time.Second)
	announced()
	x.wait(time.Second)
	require.Equal(t, 1, announced(), "alone, the edge announces each second")
	x.send(Uplink, other("02:ff:00:00:00:01"))
	x.wait(time.Second)
	require.Equal(t, 1, announced(), "who has a higher MAC is silent, once it hears this edge")
	require.Nil(t, x.send(Uplink, other("00:00:00:00:00:02")).frame, "another edge is not answered")
	for range 2 {
		x.wait(time.Second)
		require.Zero(t, announced(), "another edge has the tunnel end")
	}
	x.wait(time.Second)
	require.Equal(t, 1, announced(), "the other edge went")

	question := wiretest.ARPRequest(stations[serverX], serverX, edge).Bytes()
	require.True(t, x.ports[Uplink].Inject(question))
	x.Poll(x.now)
	require.Len(t, x.ports[Uplink].Sent(), 1, "a card is answered")
	x.Retire(true)
	require.True(t, x.ports[Uplink].Inject(question))
	x.Poll(x.now)
	x.wait(5 * time.Second)
	require.Empty(t, x.ports[Uplink].Sent())
	nictest.InTunnel(t, x.policy(), x.leaves(toInternet, outside(request), Uplink), serverX, vniA)
}
