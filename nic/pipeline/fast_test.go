package pipeline

import (
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/tables/oracle"
)

// twins are two cards that get the same packets at the same times; all of
// them take the stages on the second.
type twins [2]*rig

func newTwins(t testing.TB) twins {
	a, b := newRig(t), newRig(t)
	b.w.fast.shut = true
	for _, x := range []*rig{a, b} {
		x.observe(nil) // so that nothing is described
	}
	return twins{a, b}
}

// burst sends frames to one port of both, all at once, and holds that the same
// comes out. The fast path may overtake other packets of its burst.
func (w twins) burst(t testing.TB, port string, frames [][]byte) {
	var out [2]map[string][][]byte
	for i, x := range w {
		for _, f := range frames {
			x.ports[port].Inject(f)
		}
		x.Poll(x.now)
		out[i] = x.sentBy()
	}
	require.Equal(t, out[1], out[0])
	require.Equal(t, w[1].allCounts(), w[0].allCounts())
	require.Equal(t, w[1].flows(""), w[0].flows(""))
}

// sentBy is what left by each port, sorted by addresses and ports, so that packets of
// one connection stay in the order they left in.
func (r *rig) sentBy() map[string][][]byte {
	sent := map[string][][]byte{}
	for name, p := range r.ports {
		for _, frame := range p.Sent() {
			sent[name] = append(sent[name], slices.Clone(frame))
		}
		slices.SortStableFunc(sent[name], func(a, b []byte) int { return slices.Compare(ends(a), ends(b)) })
	}
	return sent
}

// ends are the addresses and ports of a frame, or of the frame in a tunnel.
func ends(frame []byte) []byte {
	if len(frame) > wire.OuterLen+38 && frame[36] == wire.PortVXLAN>>8 && frame[37] == wire.PortVXLAN&0xff && !isIPv6(frame) {
		frame = frame[wire.OuterLen:]
	}
	var h wire.Headers
	if isIPv6(frame) && wire.Parse(frame, &h) == wire.NoFault && h.Frag != wire.LaterFragment {
		return slices.Concat(frame[22:54], frame[h.L4:h.L4+4])
	}
	return frame[min(26, len(frame)):min(38, len(frame))]
}

// Packets of one connection leave in the order they came, plain or not: a
// datagram too short for the fast path is not overtaken by a longer one.
func TestFastPathKeepsTheOrderOfAConnection(t *testing.T) {
	x := newRig(t)
	x.observe(nil)
	long := wiretest.UDP(client+":40000", "35.72.2.8:53").Size(100)
	for round := range 3 {
		for _, p := range []wiretest.Packet{long.TTL(1), long.Payload("x").TTL(2), long.TTL(3), long.Options(1, 1, 1, 0).TTL(4), long.TTL(5)} {
			require.True(t, x.ports[Uplink].Inject(x.tunnel(edge, "eni-a1", p)))
		}
		x.Poll(x.now)
		var order []uint8
		for _, frame := range x.ports["eni-a1"].Sent() {
			order = append(order, frame[22])
		}
		require.Equal(t, []uint8{1, 2, 3, 4, 5}, order, "round %d", round)
	}
}

// The same of IPv6, whose address a key does not hold: neither an extension header nor a
// short datagram is overtaken.
func TestFastPathKeepsTheOrderOfIPv6(t *testing.T) {
	x := newRig(t)
	x.observe(nil)
	in, out := wiretest.UDP(at(client6, 40000), at(a1v6, 22)).Size(100), wiretest.UDP(at(a1v6, 40000), at(client6, 22)).Size(100)
	x.put("SecurityGroups", `{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a,
		IpPermissions: [{IpProtocol: "-1", Ipv6Ranges: [{CidrIpv6: "::/0"}]}], IpPermissionsEgress: [{IpProtocol: "-1", Ipv6Ranges: [{CidrIpv6: "::/0"}]}]}`)
	for round := range 3 {
		for _, c := range []struct {
			port, to string
			long     wiretest.Packet
			hopLimit int
		}{{Uplink, "eni-a1", in, 21}, {"eni-a1", Uplink, out, wire.OuterLen + 21}} {
			for _, p := range []wiretest.Packet{c.long.TTL(1), c.long.Payload("x").TTL(2), c.long.TTL(3), c.long.Extension(60, 8).TTL(4), c.long.TTL(5)} {
				frame := p.MACs(macA1, x.eni("eni-a1").RouterMAC).Bytes()
				if c.port == Uplink {
					frame = x.tunnel(edge, "eni-a1", p)
				}
				require.True(t, x.ports[c.port].Inject(frame))
			}
			x.Poll(x.now)
			var order []uint8
			for _, frame := range x.ports[c.to].Sent() {
				order = append(order, frame[c.hopLimit])
			}
			require.Equal(t, []uint8{1, 2, 3, 4, 5}, order, "round %d to %s", round, c.to)
		}
	}
}

// A SYN is the stages' affair, and data behind it waits for it.
func TestFastPathWaitsForASyn(t *testing.T) {
	x := newRig(t)
	flow := wiretest.TCP(client+":40000", "35.72.2.8:80")
	for range 2 {
		x.fromInternet("eni-a1", flow.Flags(wire.TCPSyn)).delivered("eni-a1")
	}
	for i, flags := range []uint8{wire.TCPAck, wire.TCPSyn, wire.TCPAck} {
		require.True(t, x.ports[Uplink].Inject(x.tunnel(edge, "eni-a1", flow.Flags(flags).TTL(uint8(1+i)))))
	}
	x.Poll(x.now)
	for i, frame := range x.ports["eni-a1"].Sent() {
		require.EqualValues(t, 1+i, frame[22])
	}
}

// What a known connection cannot have is left for the stages, which say why.
func TestFastPathLeavesWhatItCannotSend(t *testing.T) {
	x := newRig(t)
	in, out := wiretest.UDP(client+":40000", "35.72.2.8:53").Size(100), wiretest.UDP("10.0.1.5:53", client+":40000").Size(100)
	for range 2 {
		x.fromInternet("eni-a1", in).delivered("eni-a1")
		x.fromGuest("eni-a1", out).tunneled(edge, vniA)
	}
	elsewhere := x.tunnel(edge, "eni-a1", in)
	x.send(Uplink, wiretest.Mend(wiretest.Put(elsewhere, 33, 99))).dropped(NotForThisCard)

	x.ports[Uplink].SetLink(pmd.ErrDown)
	x.checkLinks()
	x.fromGuest("eni-a1", out).dropped(PortDown)
	x.ports[Uplink].SetLink(nil)
	x.checkLinks()

	hops := x.Setup().underlay.hops
	for i := range hops {
		hops[i].mac.Store(unresolved)
	}
	x.fromGuest("eni-a1", out).dropped(UnderlayUnresolved)
}

// A neighbor behind the router is no tunnel end, known or not.
func TestFastPathKnowsNeighbors(t *testing.T) {
	x := newRig(t)
	a1, a2 := x.eni("eni-a1"), x.eni("eni-a2")
	for _, flags := range []uint8{wire.TCPSyn, wire.TCPAck, wire.TCPAck} {
		p := wiretest.TCP("10.0.1.5:40000", "10.0.1.6:8080").Flags(flags)
		got := x.send("eni-a1", p.MACs(a1.MAC, a1.RouterMAC).Bytes()).delivered("eni-a2")
		require.Equal(t, a2.MAC, wire.Ethernet(got).Dst())
	}
}

// The fast path does what the stages do, and no more: whatever comes in a
// burst, known or not, plain or not, allowed or not, while rules change and
// links go down. A burst has several packets of a flow.
func TestFastPathAsTheStages(t *testing.T) {
	r := oracle.Random(t)
	w := newTwins(t)
	for range shorter(3000) {
		switch r.IntN(40) {
		case 0:
			port := []string{"22", "80", "443"}[r.IntN(3)]
			for _, x := range w {
				x.admits(permit("tcp", port, "203.0.113.0/24"), permit("udp", port, everyone), permit("icmp", "-1", everyone),
					"{IpProtocol: '-1', Ipv6Ranges: [{CidrIpv6: '2001:db8::/32'}]}")
			}
		case 1:
			link := []error{nil, nil, pmd.ErrDown}[r.IntN(3)]
			for _, x := range w {
				x.ports["eni-a1"].SetLink(link)
				x.checkLinks()
			}
		case 2:
			pause := time.Duration(r.IntN(100)) * time.Second
			for _, x := range w {
				x.wait(pause)
			}
		}
		if r.IntN(2) == 0 {
			w.burst(t, Uplink, anyBurst(r, w[0].anyIn))
		} else {
			w.burst(t, "eni-a1", anyBurst(r, w[0].anyOut))
		}
	}
	for _, x := range w {
		x.account()
	}
	require.NotZero(t, w[0].counts(Uplink).Delivered)
}

// shorter is a number of rounds, a fifth of it for those in a hurry.
func shorter(rounds int) int {
	if testing.Short() {
		return rounds / 5
	}
	return rounds
}

// notShort skips a test that sends for seconds of the card's clock from one goroutine: it takes long under the
// race detector, which has nothing to find there.
func notShort(t *testing.T) {
	if testing.Short() {
		t.Skip("seconds of a flood")
	}
}

// flows is how many flows anyBurst has: the first half IPv4, the other IPv6.
const flows = 48

// at is an address with a port, of either family.
func at(addr string, port int) string { return net.JoinHostPort(addr, strconv.Itoa(port)) }

// anyBurst is some packets of some flows.
func anyBurst(r *rand.Rand, packet func(*rand.Rand, int) []byte) (frames [][]byte) {
	for range r.IntN(60) {
		flow := r.IntN(flows)
		frames = append(frames, packet(r, flow))
	}
	return frames
}

// anyIn is a packet of a flow for eni-a1, nearly always in order.
func (x *rig) anyIn(r *rand.Rand, flow int) []byte {
	peer := []string{client, other}[flow%2]
	to := []string{"35.72.2.8", "10.0.1.5", "35.72.2.9", "10.0.9.9"}[flow/2%4*min(1, flow%24/16)]
	if flow >= flows/2 {
		peer = []string{client6, other6}[flow%2]
		to = []string{a1v6, "fd00::5", a2v6, a5v6}[flow/2%4*min(1, flow%24/16)]
	}
	frame := anyPacket(r, end2end{peer, 40000 + flow, to, []int{22, 80, 443}[flow%3]}, flow)
	frame = x.tunnelBytes([]string{edge, edge, edge, edge, serverY}[r.IntN(5)], "eni-a1", frame)
	frame[15] = byte(r.IntN(4) * r.IntN(2)) // a mark, half of the time
	return damaged(r, wiretest.Mend(frame))
}

// anyOut is a packet of such a flow from eni-a1.
func (x *rig) anyOut(r *rand.Rand, flow int) []byte {
	peer := []string{client, other, "10.0.1.6", "10.0.2.7"}[flow%4]
	from := []string{"10.0.1.5", "10.0.1.15"}[flow%24/18]
	if flow >= flows/2 {
		peer = []string{client6, other6, a2v6, "2001:db8:a:2::7"}[flow%4]
		from = []string{a1v6, "2001:db8:a:1::15"}[flow%24/18]
	}
	frame := anyPacket(r, end2end{from, []int{22, 80, 443}[flow%3], peer, 40000 + flow}, flow)
	a1 := x.eni("eni-a1")
	src := a1.MAC
	if r.IntN(40) == 0 {
		src[5]++
	}
	frame = wiretest.Put(wiretest.Put(frame, 0, a1.RouterMAC[:]...), 6, src[:]...)
	return damaged(r, frame)
}

// end2end is who sends to whom.
type end2end struct {
	from     string
	fromPort int
	to       string
	toPort   int
}

// anyPacket is a packet between two ends, of a protocol that follows from the
// flow.
func anyPacket(r *rand.Rand, e end2end, flow int) []byte {
	from, to := at(e.from, e.fromPort), at(e.to, e.toPort)
	six := strings.Contains(e.from, ":")
	var p wiretest.Packet
	switch {
	case flow%24 == 23 && six:
		p = wiretest.Query(e.from, e.to, []uint8{128, 129}[r.IntN(2)], uint16(flow))
	case flow%24 == 23:
		p = wiretest.Query(e.from, e.to, []uint8{8, 0, 13, 14}[r.IntN(4)], uint16(flow)).Code(uint8(r.IntN(2)))
	case flow%4 == 3:
		p = wiretest.UDP(from, to).Size(60 + r.IntN(100))
		if r.IntN(4) == 0 {
			p = p.NoChecksum()
		}
	default:
		flags := []uint8{wire.TCPSyn, wire.TCPSyn | wire.TCPAck, wire.TCPAck, wire.TCPAck, wire.TCPAck, wire.TCPFin | wire.TCPAck, wire.TCPRst}
		p = wiretest.TCP(from, to).Flags(flags[r.IntN(len(flags))]).Seq(uint32(r.IntN(2)), 1).Size(60 + r.IntN(100))
	}
	p = p.TOS(uint8(r.IntN(8) * r.IntN(2)))
	switch r.IntN(20) {
	case 0:
		if six {
			p = p.Extension([]uint8{0, 43, 60}[r.IntN(3)], 8*(1+r.IntN(3)))
		} else {
			p = p.Options(1, 1, 1, 0)
		}
	case 1:
		return p.Size(200).Fragments(64)[r.IntN(2)]
	case 2:
		p = p.TTL(uint8(r.Uint32()))
	}
	return p.Bytes()
}

// damaged is a frame in which now and then a byte is another.
func damaged(r *rand.Rand, frame []byte) []byte {
	if r.IntN(10) == 0 {
		frame[r.IntN(min(len(frame), 130))] ^= 1 << r.IntN(8)
	}
	return frame
}
