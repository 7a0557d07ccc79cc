package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
	"nitrocard/tables/oracle"
)

// toB1 is a segment that no rule of eni-b1 allows.
var toB1 = wiretest.TCP(client+":40000", "54.168.7.7:23").Flags(wire.TCPSyn)

// capture begins a capture at the rig's worker, of whole packets.
func (r *rig) capture(s Scope) *Capture {
	s.Snap = 1 << 17
	c := NewCapture(s)
	r.w.Capture(c)
	return c
}

// taken are the records of a capture in words, which are then done with: "in uplink 104 sent to
// eni-a1 at eni-a1 by tcp 22 from 203.0.113.9/32".
func taken(c *Capture) (all []string) {
	for r := c.First(); r != nil; r = c.First() {
		way, id := "in", ""
		if r.Out {
			way = "out"
		}
		text := fmt.Sprintf("%s %s %d %v", way, r.Interface(), len(r.Data), r.Verdict)
		if r.Verdict == Sent {
			text += " to " + r.To()
		}
		if id, _ = r.ENI(); id != "" {
			text += " at " + id
		}
		if r.Rule.Text != "" {
			text += " by " + r.Rule.Text
		}
		if r.Own {
			text += " own"
		}
		if r.Waits {
			text += " waits"
		}
		all = append(all, text)
		c.Done()
	}
	return all
}

// What passes is shown as it came, with its tunnel, and as it leaves; what is dropped, once; and what
// the card makes, as it leaves. The fast path's packets are shown with the rule of their connection.
func TestACaptureShowsWhatCameLeftAndFell(t *testing.T) {
	x := newRig(t)
	x.observe(nil)
	c := x.capture(Scope{})
	poll := func(port string, frame []byte) []string {
		require.True(t, x.ports[port].Inject(frame))
		x.Poll(x.now)
		return taken(c)
	}
	in := x.tunnel(edge, "eni-a1", syn)
	rule := "tcp 22 from 203.0.113.0/24"
	passed := []string{"in uplink 104 sent to eni-a1 at eni-a1 by " + rule, "out eni-a1 54 sent to eni-a1 at eni-a1 by " + rule}
	require.Equal(t, passed, poll(Uplink, in), "first packet")
	ack := x.tunnel(edge, "eni-a1", tcp("22", wire.TCPAck))
	require.Equal(t, passed, poll(Uplink, ack), "known packet")
	back := tcpBack("22", wire.TCPAck).MACs(x.eni("eni-a1").MAC, x.eni("eni-a1").RouterMAC).Bytes()
	for range 2 {
		require.Equal(t, []string{"in eni-a1 54 sent to uplink at eni-a1 by " + rule, "out uplink 104 sent to uplink at eni-a1 by " + rule}, poll("eni-a1", back))
	}
	require.Equal(t, []string{"in uplink 104 security_group_in at eni-a1"}, poll(Uplink, x.tunnel(edge, "eni-a1", tcp("23", wire.TCPSyn))))
	require.Equal(t, []string{"in uplink 13 ethernet_truncated"}, poll(Uplink, make([]byte, 13)))
	arp := wiretest.ARPRequest(macA1, "10.0.1.5", "10.0.1.1").Bytes()
	require.Equal(t, []string{"in eni-a1 42 consumed at eni-a1", "out eni-a1 42 sent to eni-a1 at eni-a1 own"}, poll("eni-a1", arp))
	x.attach("eni-a1", &full{mem.New(mem.Options{})})
	require.Equal(t, []string{"in uplink 104 tx_full at eni-a1 by " + rule, "out eni-a1 54 tx_full at eni-a1 by " + rule}, poll(Uplink, ack))
	x.w.EndCapture(c)
	require.Empty(t, poll(Uplink, in))
}

// A packet to a guest of the same card is shown at both, or once where the receiver denies it.
func TestACaptureShowsBothEndsOfAPacketWithinTheCard(t *testing.T) {
	x := newRig(t)
	all, receiver, sender, other := x.capture(Scope{}), x.capture(Scope{ENI: "eni-a1"}), x.capture(Scope{ENI: "eni-a2"}), x.capture(Scope{ENI: "eni-b1"})
	x.fromGuest("eni-a2", wiretest.TCP("10.0.1.6:1", "10.0.1.5:8080").Flags(wire.TCPSyn)).delivered("eni-a1")
	rule := " by tcp 8080 from 10.0.0.0/16"
	came, left := "in eni-a2 54 sent to eni-a1 at eni-a1"+rule, "out eni-a1 54 sent to eni-a1 at eni-a1"+rule
	require.Equal(t, []string{came, left}, taken(all))
	require.Equal(t, []string{left}, taken(receiver))
	require.Equal(t, []string{came, left}, taken(sender))
	x.fromGuest("eni-a2", wiretest.TCP("10.0.1.6:1", "10.0.1.5:8081")).dropped(SecurityGroupIn)
	fell := []string{"in eni-a2 54 security_group_in at eni-a1"}
	require.Equal(t, [][]string{fell, fell, fell}, [][]string{taken(all), taken(receiver), taken(sender)})
	require.Empty(t, taken(other))
}

// A capture of drops shows nothing else, and of each the tunnel that it came in.
func TestACaptureOfDropsShowsNothingElse(t *testing.T) {
	x := newRig(t)
	c, of := x.capture(Scope{Dropped: true}), x.capture(Scope{Dropped: true, ENI: "eni-a1"})
	x.fromInternet("eni-a1", syn).delivered("eni-a1")
	x.fromInternet("eni-a1", tcp("23", wire.TCPSyn)).dropped(SecurityGroupIn)
	x.fromGuest("eni-a1", wiretest.TCP("10.0.1.99:1", client+":1")).dropped(SpoofedAddress)
	want := []string{"in uplink 104 security_group_in at eni-a1", "in eni-a1 54 spoofed_address at eni-a1"}
	require.Equal(t, want, taken(of))
	x.fromInternet("eni-b1", toB1).dropped(SecurityGroupIn)
	require.Empty(t, taken(of))
	require.Equal(t, append(want, "in uplink 104 security_group_in at eni-b1"), taken(c))
	x.attach("eni-a1", &full{mem.New(mem.Options{})})
	x.fromInternet("eni-a1", syn).dropped(TxFull)
	require.Equal(t, []string{"out eni-a1 54 tx_full at eni-a1 by tcp 22 from 203.0.113.0/24"}, taken(c))
}

// A capture finds its ENI again under another number, and takes nothing while it is away.
func TestACaptureFollowsItsENI(t *testing.T) {
	x := newRig(t)
	c := x.capture(Scope{ENI: "eni-a1"})
	require.NotNil(t, c.queue)
	x.become(x.region)
	x.fromInternet("eni-a1", syn).delivered("eni-a1")
	require.Len(t, taken(c), 2)
	x.fromInternet("eni-b1", toB1).dropped(SecurityGroupIn)
	require.Empty(t, taken(c))
}

// With captures on, each packet is received, sent and dropped as without; and a capture of all
// packets has as many as the ports' counts.
func TestACaptureChangesNothing(t *testing.T) {
	r := oracle.Random(t)
	w := newTwins(t)
	w[1].w.fast.shut = false
	all := w[0].capture(Scope{})
	captures := []*Capture{all, w[0].capture(Scope{Dropped: true}), w[0].capture(Scope{ENI: "eni-a1"})}
	shown, left, dropped, waited := 0, 0, 0, 0
	before := w[0].allCounts()
	for range shorter(600) {
		if r.IntN(40) == 0 {
			port := []string{"22", "80", "443"}[r.IntN(3)]
			for _, x := range w {
				x.admits(permit("tcp", port, "203.0.113.0/24"), permit("udp", port, everyone), "{IpProtocol: '-1', Ipv6Ranges: [{CidrIpv6: '2001:db8::/32'}]}")
			}
		}
		if r.IntN(2) == 0 {
			w.burst(t, Uplink, anyBurst(r, w[0].anyIn))
		} else {
			w.burst(t, "eni-a1", anyBurst(r, w[0].anyOut))
		}
		for i, c := range captures {
			for rec := c.First(); rec != nil; rec = c.First() {
				switch {
				case i == 1:
					require.True(t, rec.Verdict.Dropped())
					dropped++
				case i == 0 && rec.Out:
					left++
				case i == 0:
					shown++
				}
				if i == 0 && rec.Verdict == early {
					waited++
				}
				c.Done()
			}
			require.Zero(t, c.Lost.Load())
		}
	}
	var received, delivered, fell uint64
	for name, n := range w[0].allCounts() {
		received += n.Received - before[name].Received
		delivered += n.Delivered - before[name].Delivered
		for v, ended := range n.Ends {
			if Verdict(v).Dropped() {
				fell += ended - before[name].Ends[v]
			}
		}
	}
	require.LessOrEqual(t, int(received)+w[0].w.early.n, shown, "what waits is counted as received later")
	require.LessOrEqual(t, shown, int(received)+waited, "what waited is shown again if it is dropped")
	require.EqualValues(t, delivered, left)
	require.EqualValues(t, fell, dropped)
	require.NotZero(t, fell)
}

// A ring that nobody reads takes what it has room for and counts the rest, by the place where it was
// lost; and every packet goes its way.
func TestARingThatNobodyReadsLosesAndCounts(t *testing.T) {
	x := newRig(t)
	x.observe(nil)
	c := x.capture(Scope{ENI: "eni-a1"})
	frame := x.tunnel(edge, "eni-a1", syn)
	const packets = CaptureRecords
	for range packets {
		require.True(t, x.ports[Uplink].Inject(frame))
		x.Poll(x.now)
		x.ports["eni-a1"].Drain(func([]byte) {})
	}
	require.EqualValues(t, packets, x.counts("eni-a1").Delivered)
	require.Len(t, taken(c), CaptureRecords)
	require.EqualValues(t, 2*packets-CaptureRecords, c.Lost.Load())
	require.Equal(t, map[string]uint64{Uplink: packets - CaptureRecords/2, "eni-a1": packets - CaptureRecords/2}, c.LostAt())
	lost := c.LostAt()
	x.admits(permit("tcp", "22", everyone))
	x.Poll(x.now)
	require.Equal(t, lost, c.LostAt(), "also under the next configuration")
	x.ports[Uplink].Inject(frame)
	x.Poll(x.now)
	require.Len(t, taken(c), 2, "there is room again")
}

// A packet that found no room and is then dropped is lost once.
func TestAPacketIsLostOnce(t *testing.T) {
	x := newRig(t)
	c := x.capture(Scope{})
	const packets = CaptureRecords + 904
	for range packets {
		x.ports[Uplink].Inject(x.tunnel(edge, "eni-a1", tcp("23", wire.TCPSyn)))
		x.Poll(x.now)
	}
	require.EqualValues(t, 904, c.Lost.Load())
	require.Len(t, taken(c), CaptureRecords)
}

// Records bring the frames that were laid down, whatever their lengths, round and round.
func TestRecordsKeepTheirBytes(t *testing.T) {
	r := oracle.Random(t)
	c := NewCapture(Scope{Snap: 1 << 16})
	var laid [][]byte
	for range 20_000 {
		frame := make([]byte, r.IntN(1<<r.IntN(17)))
		for i := range min(len(frame), 8) {
			frame[i] = byte(r.Uint32())
		}
		if rec := c.lay(frame); rec != nil {
			laid = append(laid, frame)
		}
		if r.IntN(2) == 0 {
			c.publish()
		}
		for n := r.IntN(3); n > 0 && c.First() != nil; n-- {
			rec := c.First()
			require.Equal(t, len(laid[0]), rec.Length)
			require.Equal(t, laid[0][:min(len(laid[0]), 1<<16)], rec.Data)
			laid = laid[1:]
			c.Done()
		}
	}
}

// No packet costs an allocation with a capture, either, whether there is room or not.
func TestACaptureDoesNotAllocate(t *testing.T) {
	for _, c := range []struct {
		what string
		p    wiretest.Packet
	}{{"known", tcp("22", wire.TCPAck)}, {"opening", syn}, {"dropped", tcp("23", wire.TCPSyn)}} {
		for _, read := range []bool{true, false} {
			x := newRig(t)
			x.observe(nil)
			for name := range x.ports {
				x.attach(name, mem.New(mem.Options{Queue: 2}))
			}
			caps := []*Capture{x.capture(Scope{}), x.capture(Scope{Dropped: true}), x.capture(Scope{ENI: "eni-a1"})}
			x.ports[Uplink].Inject(x.tunnel(edge, "eni-a1", syn))
			x.Poll(x.now)
			frame := x.tunnel(edge, "eni-a1", c.p)
			require.Zero(t, allocations(func() {
				x.ports[Uplink].Inject(frame)
				x.Poll(x.now)
				x.ports["eni-a1"].Drain(func([]byte) {})
				for _, c := range caps {
					for read && c.First() != nil {
						c.Done()
					}
				}
			}), "%s, read: %v", c.what, read)
		}
	}
}

// A capture of a Translator's ENI sees what comes to it and goes on; without one, known packets go
// through in one step, and are shown as they came and left the card.
func TestACaptureOfATranslatorSeesEachStep(t *testing.T) {
	for _, of := range []string{"", "eni-a2"} {
		t.Run(of, func(t *testing.T) {
			x := newRig(t)
			s, at := x.translator(Socket{wiretest.Addr("10.0.2.7"), 40000}, "10.0.2.8")
			pass := func() {
				s.passages.At(at).Touch(x.w.tick)
				p := wiretest.TCP("10.0.2.7:40000", "10.0.1.6:80").Flags(wire.TCPAck).Size(20)
				require.True(t, x.ports[Uplink].Inject(x.tunnel(serverY, "eni-a2", p)))
				x.Poll(x.now)
			}
			for range 3 {
				pass()
			}
			seen, c := s.seen, x.capture(Scope{ENI: of})
			pass()
			var where []string
			for _, text := range taken(c) {
				where = append(where, strings.Join(strings.Fields(text)[:2], " "))
			}
			if of == "" {
				require.Equal(t, seen, s.seen)
				require.Equal(t, []string{"in uplink", "out eni-a4"}, where)
			} else {
				require.Equal(t, seen+1, s.seen)
				require.Equal(t, []string{"in uplink", "out eni-a2", "in eni-a2", "out eni-a4"}, where)
			}
			x.w.EndCapture(c)
			seen = s.seen
			pass()
			require.Equal(t, seen, s.seen)
			x.observe(func(*Event) {})
		})
	}
}

// Merged frames are shown whole, whether a port takes them so or as the packets they stand for.
func TestACaptureShowsMergedFramesWhole(t *testing.T) {
	for _, takes := range []bool{false, true} {
		x := newRig(t)
		for _, name := range []string{Uplink, "eni-a1"} {
			plenty := 1000
			x.attach(name, bulk{x.ports[name], takes, &plenty, new(int)})
		}
		x.connect("80")
		x.observe(nil)
		c := x.capture(Scope{})
		out := tcpBack("80", wire.TCPAck).Size(8*bulkSegment+300).MACs(x.eni("eni-a1").MAC, x.eni("eni-a1").RouterMAC)
		x.give("eni-a1", out.Bytes(), true)
		by := " sent to uplink at eni-a1 by tcp 80 from 0.0.0.0/0"
		require.Equal(t, []string{"in eni-a1 8300" + by, "out uplink 8350" + by}, taken(c))
	}
}

// A capture of an edge names its two ports; packets take the fast way still.
func TestACaptureOfAnEdge(t *testing.T) {
	x := newEdgeRig(t)
	x.observe(nil)
	c := x.capture(Scope{})
	for _, p := range []struct {
		port  string
		frame []byte
		want  []string
	}{
		{toInternet, outside(request), []string{"in internet 54 sent to uplink", "out uplink 104 sent to uplink"}},
		{Uplink, x.inside(serverX, vniA, response), []string{"in uplink 104 sent to internet", "out internet 54 sent to internet"}},
		{toInternet, outside(wiretest.TCP("35.72.2.9:1", "35.72.2.8:80")), []string{"in internet 54 spoofed_source"}},
	} {
		require.True(t, x.ports[p.port].Inject(p.frame))
		x.Poll(x.now)
		require.Equal(t, p.want, taken(c))
	}
}

// full is a port that takes no frame.
type full struct{ *mem.Port }

func (full) Tx([]*pmd.Frame) int { return 0 }
