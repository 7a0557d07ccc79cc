package pipeline

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// How a fuzzed frame is helped past the first checks, so that the fuzzer
// reaches the later ones.
const (
	mended   = 1 << iota // its IPv4 checksum is made right
	stamped              // it gets the MACs that it should have
	tunneled             // it comes in a tunnel from the edge
	overIPv6             // it comes to a card whose underlay is IPv6
)

// helped is the frame after that help.
func helped(frame []byte, how uint8, src, dst wire.MAC) []byte {
	if how&mended != 0 && len(frame) >= wire.EthernetLen+wire.IPv4Len && frame[12] == wire.EtherTypeIPv4>>8 {
		frame = wiretest.Mend(frame)
	}
	if how&stamped != 0 && len(frame) >= wire.EthernetLen {
		frame = wiretest.Put(wiretest.Put(frame, 0, dst[:]...), 6, src[:]...)
	}
	return frame
}

// seeded is a card, and the frames of the verdicts' cases for the uplink or
// for guests as seeds.
func seeded(f *testing.F, uplink bool) *rig {
	x := newRig(f)
	for _, c := range verdictCases {
		if c.setup == nil && (c.port == Uplink) == uplink {
			f.Add(c.frame(x), uint8(0))
		}
	}
	for _, frame := range malformedFrames {
		f.Add(frame, uint8(stamped|tunneled))
	}
	for _, p := range []wiretest.Packet{syn, out, ping, quoteOf(router, out, 28), wiretest.UDP(client+":9", "35.72.2.8:53"),
		tcp6("["+client6+"]:40000", "["+a1v6+"]:22", wire.TCPSyn), tcp6("["+a1v6+"]:40000", "["+client6+"]:443", wire.TCPSyn).Extension(60, 8), wiretest.Echo(client6, a1v6, 7)} {
		f.Add(p.Bytes(), uint8(mended|stamped|tunneled))
	}
	for _, p := range []wiretest.Packet{wiretest.UDP("10.0.1.5:40000", client+":60001"), wiretest.IP("10.0.1.5", client, 99), wiretest.TCP("10.0.1.5:40000", "10.0.1.6:5432").Flags(wire.TCPSyn)} {
		f.Add(p.Bytes(), uint8(mended|stamped)) // no rule allows them
	}
	f.Add(wiretest.UDP(client+":9", "35.72.2.8:53").Size(200).Fragments(64)[0], uint8(mended|stamped|tunneled))
	for _, piece := range tcp6("["+client6+"]:40000", "["+a1v6+"]:80", wire.TCPSyn).Size(400).Extension(60, 8).Fragments(64)[:2] {
		f.Add(piece, uint8(mended|stamped|tunneled|overIPv6))
	}
	for _, p := range []wiretest.Packet{out, out.DF(), ping.DF(), ping.Options(7, 3, 4, 0)} {
		f.Add(p.Size(3000).Bytes(), uint8(mended|stamped))
	}
	return x
}

// twice sends a frame as the first of its kind, and once more, since it may be
// known then. One card serves all inputs, or there would be few; it forgets
// each input's connections, fragments and verdicts before the next, so that its
// memory is bounded.
func (r *rig) twice(t *testing.T, port string, frame []byte, check func(end)) {
	defer func(f testing.TB) { r.TB = f }(r.TB)
	r.TB = t
	r.wait(11 * time.Minute) // longer than any that was not answered lives
	require.Zero(t, r.Flows.Len())
	require.Zero(t, r.w.early.n)
	check(r.send(port, frame))
	check(r.send(port, frame))
	r.account()
}

// Whatever comes from the underlay, which is IPv4 or IPv6: nothing panics, every
// packet ends once and is counted, a guest gets only what a rule allows and what
// carries its MAC and one of its private addresses, and the underlay only ARP and
// neighbor discovery.
func FuzzUplink(f *testing.F) {
	four, six := seeded(f, true), newRig6(f)
	f.Fuzz(func(t *testing.T, frame []byte, how uint8) {
		x, from := four, edge
		if how&overIPv6 != 0 {
			x, from = six, edge6
		}
		frame = helped(frame, how, edgeRouter, macA1)
		if how&tunneled != 0 {
			frame = x.outer(from, vniA, frame).Bytes()
		}
		if len(frame) > 9000 {
			return
		}
		x.twice(t, Uplink, frame, func(e end) {
			switch {
			case e.from == Uplink:
				h := header(t, e.frame)
				require.True(t, h.EtherType == wire.EtherTypeARP || h.IsND())
			case e.frame != nil:
				requireForGuest(x, e)
				requireAllowed(x, e.from, e.frame, wire.In)
			}
		})
	})
}

// Whatever a guest sends: it is answered, reaches a neighbor as above, or
// leaves in a sound tunnel with an address that is its own, if a rule allows it.
func FuzzGuest(f *testing.F) {
	x := seeded(f, false)
	x.mayNotAll()
	f.Fuzz(func(t *testing.T, frame []byte, how uint8) {
		frame = helped(frame, how, macA1, x.eni("eni-a1").RouterMAC)
		if len(frame) > 8900 {
			return
		}
		x.twice(t, "eni-a1", frame, func(e end) {
			switch {
			case e.Verdict == PacketTooBig:
				requireTold(x, e)
			case e.from == Uplink:
				for _, e.frame = range e.frames {
					requireFromGuest(x, e)
				}
				requireAllowed(x, "eni-a1", frame, wire.Out)
			case e.Verdict == Consumed && e.frame == nil:
				if h := header(t, frame); h.EtherType == wire.EtherTypeARP {
					arp := wire.ARP(frame[h.L3:])
					require.Equal(t, arp.Sender(), arp.Target(), "an announcement")
				} else {
					require.True(t, h.IsND(), "an announcement, or a look for duplicates")
				}
			case e.Verdict == Consumed:
				require.Equal(t, "eni-a1", e.from)
				h := header(t, e.frame)
				require.True(t, h.EtherType == wire.EtherTypeARP || h.IsND() || h.IsICMP() && h.Query() != 0, "an answer to ARP, to neighbor discovery or to a ping")
				// A ping that is damaged is answered with as much damage, so that its sender sees the damage.
				if !h.IsICMP() || h.IsND() || wiretest.Check(frame) == nil {
					require.NoError(t, wiretest.Check(e.frame))
				}
			case e.frame != nil:
				requireForGuest(x, e)
				requireAllowed(x, "eni-a1", frame, wire.Out)
				requireAllowed(x, e.from, e.frame, wire.In)
			}
		})
	})
}

// mayNotAll has the groups of a1 and a2 let out all but some UDP and some protocols.
func (r *rig) mayNotAll() {
	c := *r.config
	c.SecurityGroups = slices.Clone(c.SecurityGroups)
	everyone, everyone6 := []ec2.IpRange{{CidrIp: netip.MustParsePrefix("0.0.0.0/0")}}, []ec2.Ipv6Range{{CidrIpv6: netip.MustParsePrefix("::/0")}}
	c.SecurityGroups[0].IpPermissionsEgress = []ec2.IpPermission{
		{IpProtocol: "tcp", FromPort: new(0), ToPort: new(65535), IpRanges: everyone, Ipv6Ranges: everyone6},
		{IpProtocol: "udp", FromPort: new(0), ToPort: new(60000), IpRanges: everyone, Ipv6Ranges: everyone6},
		{IpProtocol: "icmp", FromPort: new(-1), ToPort: new(-1), IpRanges: everyone},
		{IpProtocol: "icmpv6", FromPort: new(-1), ToPort: new(-1), Ipv6Ranges: everyone6},
		{IpProtocol: "47", IpRanges: everyone, Ipv6Ranges: everyone6},
	}
	r.apply(&c)
}

// requireTold holds that the router of eni-a1's subnet told the guest an MTU.
func requireTold(x *rig, e end) {
	h, eni := header(x, e.frame), x.eni("eni-a1")
	require.Equal(x, "eni-a1", e.from)
	require.Equal(x, []any{"10.0.1.1", uint8(wire.ProtoICMP), eni.MAC}, []any{h.Src.String(), h.Proto, wire.Ethernet(e.frame).Dst()})
}

// requireForGuest holds that a frame that a guest got is its own.
func requireForGuest(x *rig, e end) {
	h, eni := header(x, e.frame), x.eni(e.from)
	require.Equal(x, e.To, e.from)
	require.Contains(x, []uint16{wire.EtherTypeIPv4, wire.EtherTypeIPv6}, h.EtherType)
	require.False(x, h.Tagged)
	require.Equal(x, eni.MAC, wire.Ethernet(e.frame).Dst())
	require.True(x, eni.Owns(h.Dst), "%s", h.Dst.String())
}

// requireFromGuest holds that what left by the uplink is a tunnel of this card
// that carries what eni-a1 may send.
func requireFromGuest(x *rig, e end) {
	var o wire.Outer
	is, fault := wire.ParseVXLAN(e.frame, &o)
	require.True(x, is, fault.Sentence())
	require.Equal(x, []any{serverX, uint32(vniA), len(e.frame)}, []any{o.Src.String(), o.VNI, int(o.End)})
	require.Contains(x, []string{edge, serverY}, o.Dst.String())
	require.Equal(x, stations[o.Dst.String()], wire.Ethernet(e.frame).Dst())
	h, eni := header(x, e.frame[o.Inner:]), x.eni("eni-a1")
	require.False(x, h.Tagged)
	if o.Dst.String() == edge && h.Src.Is4() {
		require.NotZero(x, eni.PrivateOf(h.Src), "the internet sees public addresses, not %s", h.Src.String())
	} else {
		require.True(x, eni.Owns(h.Src), "%s", h.Src.String())
	}
}

// Whatever comes in a burst, of both families, known or not: the fast path does what the
// stages do. A burst has a few frames of few flows, and edit changes their bytes: each three
// of its bytes are a frame, an offset and what is added there.
func FuzzBurst(f *testing.F) {
	w := newTwins(f)
	for seed := range uint64(16) {
		f.Add(seed, seed%2 == 0, []byte{})
		f.Add(seed, seed%2 == 0, []byte{0, 12, 1, 1, 62, 1, 2, 68, 0xff, 3, 70, 11})
	}
	f.Fuzz(func(t *testing.T, seed uint64, fromUplink bool, edit []byte) {
		for _, x := range w {
			defer func(f testing.TB) { x.TB = f }(x.TB)
			x.TB = t
		}
		r := rand.New(rand.NewPCG(seed, 0))
		port, packet := "eni-a1", w[0].anyOut
		if fromUplink {
			port, packet = Uplink, w[0].anyIn
		}
		var frames [][]byte
		for flow := r.IntN(flows); len(frames) < 8; {
			frames = append(frames, packet(r, []int{flow, flow, r.IntN(flows)}[r.IntN(3)]))
		}
		for ; len(edit) >= 3; edit = edit[3:] {
			frame := frames[edit[0]%8]
			frame[int(edit[1])%len(frame)] += edit[2]
		}
		w.burst(t, port, frames)
	})
}
