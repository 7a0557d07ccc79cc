//go:build !race

package pipeline

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// isSteady tells whether assembly serves a frame from the uplink.
func (r *rig) isSteady(frame []byte) bool {
	w, burst := r.w, lent([][]byte{frame})
	f, _ := w.gatherIn(burst)
	require.EqualValues(r, 1, w.lookUp(burst, f, wire.In))
	return w.steadyIn(burst, 1) == 1
}

// Assembly serves what moves no state, and only that.
func TestSteadyServesWhatChangesNoState(t *testing.T) {
	tcp, ack := wiretest.TCP(client+":40000", "35.72.2.8:80"), wiretest.TCP("10.0.1.5:80", client+":40000")
	ask, answer := wiretest.UDP(client+":40000", "35.72.2.8:53").Size(60), wiretest.UDP("10.0.1.5:53", client+":40000").Size(60)
	x := newRig(t)
	in := func(p wiretest.Packet) { x.fromInternet("eni-a1", p).delivered("eni-a1") }
	out := func(p wiretest.Packet) { x.fromGuest("eni-a1", p).tunneled(edge, vniA) }
	holds := func(want bool, state flow.State, p wiretest.Packet) {
		t.Helper()
		require.Equal(t, want, x.isSteady(x.tunnel(edge, "eni-a1", p)), state.String())
	}

	in(tcp.Flags(wire.TCPSyn))
	holds(false, flow.SynSent, tcp.Flags(wire.TCPAck))
	out(ack.Flags(wire.TCPSyn | wire.TCPAck))
	in(tcp.Flags(wire.TCPAck))
	for flags := range 256 {
		holds(flags&(wire.TCPFin|wire.TCPSyn|wire.TCPRst) == 0, flow.Established, tcp.Flags(uint8(flags)))
	}

	in(ask)
	holds(true, flow.UDPOneWay, ask)
	out(answer)
	holds(false, flow.UDPReplied, ask)
	in(ask)
	out(answer)
	holds(true, flow.UDPStream, ask)

	asked, replied := wiretest.UDP("10.0.1.5:40000", client+":53").Size(60), wiretest.UDP(client+":53", "35.72.2.8:40000").Size(60)
	out(asked)
	in(replied)
	out(asked)
	holds(false, flow.UDPAgain, replied)
}

// Marks of congestion are served as long as nothing inside changes: those of
// ordinary senders are, both ways.
func TestSteadyServesMarks(t *testing.T) {
	x := newRig(t)
	in, out := wiretest.UDP(client+":40000", "35.72.2.8:53").Size(60), wiretest.UDP("10.0.1.5:53", client+":40000").Size(60)
	for range 2 {
		x.fromInternet("eni-a1", in).delivered("eni-a1")
		x.fromGuest("eni-a1", out).tunneled(edge, vniA)
	}
	for inner := range uint8(4) {
		require.True(t, x.isSteadyOut("eni-a1", out.TOS(inner), pmd.Headroom))
		require.True(t, x.isSteady(x.marked(in.TOS(inner), wire.NotECT)))
		require.True(t, x.isSteady(x.marked(in.TOS(inner), wire.ECT0)))
	}
}

// What the stages of the other direction alone have seen is not known; and once
// it is, the first answer to a guest's question still changes the state.
func TestSteadyLeavesTheFirstAnswer(t *testing.T) {
	x := newRig(t)
	w := x.w
	ask := wiretest.UDP(client+":40000", "35.72.2.8:53").Size(60)
	x.fromInternet("eni-a1", ask).delivered("eni-a1")
	require.True(t, x.isSteady(x.tunnel(edge, "eni-a1", ask)))
	c := w.flows.Conn(w.fast.at[0])
	vtep := c.Status().VTEP()
	c.Keep(wire.Out, flow.Found{Epoch: w.epoch + 1, VTEP: vtep})
	c.Keep(wire.Out, flow.Found{Epoch: w.epoch, VTEP: vtep})
	require.False(t, x.isSteady(x.tunnel(edge, "eni-a1", ask)))

	x.fromGuest("eni-a1", wiretest.UDP("10.0.1.5:40000", client+":53").Size(60)).tunneled(edge, vniA)
	answer := x.tunnel(edge, "eni-a1", wiretest.UDP(client+":53", "35.72.2.8:40000").Size(60))
	require.False(t, x.isSteady(answer))
	c = w.flows.Conn(w.fast.at[0])
	c.Keep(wire.In, flow.Found{Epoch: w.epoch, VTEP: vtep})
	require.Equal(t, flow.UDPOneWay, c.Status().State())
	require.False(t, x.isSteady(answer))
}

// Assembly leaves what only the stages may judge: what came from another
// tunnel end, is for a port that cannot take it, or was known to an earlier
// policy.
func TestSteadyLeavesWhatItCannotJudge(t *testing.T) {
	x := newRig(t)
	ask := wiretest.UDP(client+":40000", "35.72.2.8:53").Size(60)
	frame := x.tunnel(edge, "eni-a1", ask)
	x.fromInternet("eni-a1", ask).delivered("eni-a1")
	require.True(t, x.isSteady(frame))
	require.False(t, x.isSteady(x.tunnel(serverY, "eni-a1", ask)))

	longest := int(x.Setup().parts[0].queues[x.eni("eni-a1").Number].longest)
	require.True(t, x.isSteady(x.tunnel(edge, "eni-a1", ask.Size(longest))))
	require.False(t, x.isSteady(x.tunnel(edge, "eni-a1", ask.Size(longest+1))))

	x.ports["eni-a1"].SetLink(pmd.ErrDown)
	x.checkLinks()
	require.False(t, x.isSteady(frame))
	x.ports["eni-a1"].SetLink(nil)
	x.checkLinks()
	require.True(t, x.isSteady(frame))

	x.w.epoch++
	require.False(t, x.isSteady(frame))
}

// isSteadyOut tells whether assembly serves what a guest sends, with so much
// room before the frame.
func (r *rig) isSteadyOut(eni string, p wiretest.Packet, headroom int) bool {
	e := r.eni(eni)
	frame := p.MACs(e.MAC, e.RouterMAC).Bytes()
	w, g, burst := r.w, r.Setup().guest(e.Number), make([]pmd.Frame, 1)
	burst[0].Lend(append(make([]byte, headroom), frame...), headroom, len(frame))
	f, _ := w.gatherOut(g, burst)
	require.EqualValues(r, 1, w.lookUp(burst, f, wire.Out))
	return w.steadyOut(g, burst, 1) == 1
}

// The same of guests: assembly serves what leaves by a tunnel and moves no
// state.
func TestSteadyOutServesTunnels(t *testing.T) {
	x := newRig(t)
	in, out := wiretest.TCP(client+":40000", "35.72.2.8:80"), wiretest.TCP("10.0.1.5:80", client+":40000")
	x.fromInternet("eni-a1", in.Flags(wire.TCPSyn)).delivered("eni-a1")
	x.fromGuest("eni-a1", out.Flags(wire.TCPSyn|wire.TCPAck)).tunneled(edge, vniA)
	require.False(t, x.isSteadyOut("eni-a1", out.Flags(wire.TCPAck), pmd.Headroom))
	x.fromInternet("eni-a1", in.Flags(wire.TCPAck)).delivered("eni-a1")
	for flags := range 256 {
		moves := flags&(wire.TCPFin|wire.TCPSyn|wire.TCPRst) != 0
		require.Equal(t, !moves, x.isSteadyOut("eni-a1", out.Flags(uint8(flags)), pmd.Headroom), "flags %#x", flags)
	}
	out = out.Flags(wire.TCPAck)
	require.True(t, x.isSteadyOut("eni-a1", out, wire.OuterLen))
	require.False(t, x.isSteadyOut("eni-a1", out, wire.OuterLen-1))

	longest := wire.EthernetLen + int(vpc.InternetMTU)
	require.True(t, x.isSteadyOut("eni-a1", out.Size(longest), pmd.Headroom))
	require.False(t, x.isSteadyOut("eni-a1", out.Size(longest+1), pmd.Headroom))
	x.attach(Uplink, mem.New(mem.Options{MTU: 1000}))
	x.fromGuest("eni-a1", out).tunneled(edge, vniA)
	longest = int(x.w.uplink.longest) - wire.OuterLen
	require.True(t, x.isSteadyOut("eni-a1", out.Size(longest), pmd.Headroom))
	require.False(t, x.isSteadyOut("eni-a1", out.Size(longest+1), pmd.Headroom))

	w := x.w
	c := w.flows.Conn(w.fast.at[0])
	c.Keep(wire.In, flow.Found{Epoch: w.epoch + 1, VTEP: c.Status().VTEP()})
	require.False(t, x.isSteadyOut("eni-a1", out, pmd.Headroom), "of another policy")
	c.Keep(wire.In, flow.Found{Epoch: w.epoch, VTEP: c.Status().VTEP()})
	require.False(t, x.isSteadyOut("eni-a1", out, pmd.Headroom), "walked in alone")
	x.fromGuest("eni-a1", out).tunneled(edge, vniA)
	require.True(t, x.isSteadyOut("eni-a1", out, pmd.Headroom))

	hops := x.Setup().underlay.hops
	for i := range hops {
		hops[i].mac.Store(unresolved)
	}
	require.False(t, x.isSteadyOut("eni-a1", out, pmd.Headroom))
}

// UDP to a stream's or a silent peer; and a neighbor on the card, which is in
// no tunnel.
func TestSteadyOutKnowsPeers(t *testing.T) {
	x := newRig(t)
	ask, answer := wiretest.UDP("10.0.1.5:40000", client+":53").Size(60), wiretest.UDP(client+":53", "35.72.2.8:40000").Size(60)
	for i := range 3 {
		x.fromGuest("eni-a1", ask).tunneled(edge, vniA)
		require.Equal(t, i != 1, x.isSteadyOut("eni-a1", ask, pmd.Headroom), "question %d", i)
		x.fromInternet("eni-a1", answer).delivered("eni-a1")
	}

	next, back := wiretest.TCP("10.0.1.5:40000", "10.0.1.6:8080"), wiretest.TCP("10.0.1.6:8080", "10.0.1.5:40000")
	a1, a2 := x.eni("eni-a1"), x.eni("eni-a2")
	x.send("eni-a1", next.Flags(wire.TCPSyn).MACs(a1.MAC, a1.RouterMAC).Bytes()).delivered("eni-a2")
	x.send("eni-a2", back.Flags(wire.TCPSyn|wire.TCPAck).MACs(a2.MAC, a2.RouterMAC).Bytes()).delivered("eni-a1")
	x.send("eni-a1", next.Flags(wire.TCPAck).MACs(a1.MAC, a1.RouterMAC).Bytes()).delivered("eni-a2")
	require.Equal(t, "ESTABLISHED", x.flows("eni-a2")[0].State)
	require.False(t, x.isSteadyOut("eni-a1", next.Flags(wire.TCPAck), pmd.Headroom))
}

// The same of IPv6, both ways: assembly serves what moves no state.
func TestSteadyServesIPv6(t *testing.T) {
	x := newRig(t)
	in, out := tcp6(at(client6, 40000), at(a1v6, 22), wire.TCPAck), tcp6(at(a1v6, 22), at(client6, 40000), wire.TCPAck)
	holds := func(want bool, in, out wiretest.Packet) {
		t.Helper()
		require.Equal(t, want, x.isSteady(x.tunnel(edge, "eni-a1", in)))
		require.Equal(t, want, x.isSteadyOut("eni-a1", out, pmd.Headroom))
	}
	x.fromInternet("eni-a1", in.Flags(wire.TCPSyn)).delivered("eni-a1")
	x.fromGuest("eni-a1", out.Flags(wire.TCPSyn|wire.TCPAck)).tunneled(edge, vniA)
	holds(false, in, out)
	x.fromInternet("eni-a1", in).delivered("eni-a1")
	for flags := range 256 {
		holds(flags&(wire.TCPFin|wire.TCPSyn|wire.TCPRst) == 0, in.Flags(uint8(flags)), out.Flags(uint8(flags)))
	}
	require.False(t, x.isSteady(x.tunnel(serverY, "eni-a1", in)))
	longest := int(x.places["eni-a1"][0].longest)
	holds(true, in.Size(longest), out.Size(int(vpc.InternetMTU)+wire.EthernetLen))
	holds(false, in.Size(longest+1), out.Size(int(vpc.InternetMTU)+wire.EthernetLen+1))

	ask, answer := wiretest.UDP(at(a1v6, 40000), at(client6, 53)).Size(80), wiretest.UDP(at(client6, 53), at(a1v6, 40000)).Size(80)
	for i := range 3 {
		x.fromGuest("eni-a1", ask).tunneled(edge, vniA)
		require.Equal(t, i != 1, x.isSteadyOut("eni-a1", ask, pmd.Headroom), "question %d", i)
		require.Equal(t, i > 1, i > 0 && x.isSteady(x.tunnel(edge, "eni-a1", answer)), "answer %d", i)
		x.fromInternet("eni-a1", answer).delivered("eni-a1")
	}
}

// The edge speaks for no address of IPv6 that is not global, though a connection of that
// address is known.
func TestSteadyLeavesPrivateIPv6(t *testing.T) {
	x := newRig(t)
	known := tcp6(at(client6, 40000), at(a1v6, 80), wire.TCPAck)
	for range 2 {
		x.fromInternet("eni-a1", known).delivered("eni-a1")
	}
	frame := x.tunnel(edge, "eni-a1", known)
	require.True(t, x.isSteady(frame))
	for first, want := range map[byte]bool{0x20: true, 0xfb: true, 0xfc: false, 0xfd: false, 0xfe: false} {
		burst := lent([][]byte{wiretest.Put(frame, wire.OuterLen+wire.EthernetLen+24, first)})
		require.Equal(t, want, x.w.steadyIn(burst, 1) == 1, "%#x", first) // with the key and the connection of the frame before
		p := wiretest.Put(frame, wire.OuterLen+wire.EthernetLen+24, first)[wire.OuterLen:]
		require.Equal(t, !want, unpublished(&x.w.fast.keys[0], (*wire.Plain)(p)), "%#x", first)
	}
}

// What assembly and Go count and write of a steady packet of IPv6 is what the stages do,
// whatever mark of congestion the packet has (TestFastPathAsTheStages holds the rest).
func TestSteadyCopiesMarksOfIPv6(t *testing.T) {
	w := newTwins(t)
	out := tcp6(at(a1v6, 80), at(client6, 40000), wire.TCPAck)
	for range 3 {
		var frames [][]byte
		for tos := range 256 {
			frames = append(frames, out.TOS(uint8(tos)).MACs(macA1, w[0].eni("eni-a1").RouterMAC).Bytes())
		}
		for burst := range slices.Chunk(frames, 32) {
			w.burst(t, "eni-a1", burst)
		}
	}
}
