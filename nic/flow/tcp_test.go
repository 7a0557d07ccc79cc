package flow

import (
	"fmt"
	"testing"

	"nitrocard/nic/wire"

	"github.com/stretchr/testify/require"
)

// guestOpened is a connection whose first packet the guest sent: Out is the
// initiator's direction.
func guestOpened(s State) *Conn { return conn(s, FlagInitiator) }

// A packet in a test is written as who sends it and its flags: ">S" is the
// initiator's SYN, "<SA" the answer. The guest is the initiator.
func way(packet string) wire.Direction {
	if packet[0] == '<' {
		return wire.In
	}
	return wire.Out
}

func bits(t *testing.T, packet string) (flags uint8) {
	t.Helper()
	for _, f := range packet[1:] {
		bit, ok := map[rune]uint8{'S': syn, 'A': ack, 'F': fin, 'R': rst, 'P': 0x08}[f]
		require.True(t, ok, packet)
		flags |= bit
	}
	return flags
}

// story plays segments from a first SYN on and tells where they lead.
func story(t *testing.T, segments ...string) State {
	t.Helper()
	c := guestOpened(SynSent)
	for _, s := range segments {
		c.TCP(way(s), bits(t, s))
	}
	return c.state()
}

// A reset connection is where it was when another segment follows.
func TestAResetConnectionComesBack(t *testing.T) {
	opened := []string{">S", "<SA", ">A"}
	for _, c := range []struct {
		want     State
		segments []string
	}{
		{Established, append(opened, "<R", ">A")},
		{Established, append(opened, "<R", "<PA")},
		{Established, append(opened, ">R", "<R", ">PA", "<A")},
		{FinWait, append(opened, "<R", ">FA")},
		{CloseWait, append(opened, "<FA", "<R", ">A")},
		{Closed, append(opened, "<R", ">A", "<R")},
		{Closed, append(opened, "<R", "<F")},
		{SynReceived, []string{">S", "<RA", "<SA"}},
		{SynSent, []string{">S", "<RA", ">A"}},
		{SynSent, []string{">S", "<RA", ">S"}},
	} {
		require.Equal(t, c.want, story(t, c.segments...), c.segments)
	}
}

func TestTCPStories(t *testing.T) {
	for _, c := range []struct {
		sentence string
		want     State
		segments []string
	}{
		{"a SYN", SynSent, []string{">S"}},
		{"a SYN sent again", SynSent, []string{">S", ">S"}},
		{"its answer", SynReceived, []string{">S", "<SA"}},
		{"an answer sent again", SynReceived, []string{">S", "<SA", "<SA"}},
		{"three steps", Established, []string{">S", "<SA", ">A"}},
		{"two ends that open at once", SynReceived, []string{">S", "<S"}},
		{"and answer each other", Established, []string{">S", "<S", ">SA", "<SA"}},
		{"and answer in the other order", Established, []string{">S", "<S", "<SA", ">SA"}},
		{"the initiator alone gets nowhere", SynSent, []string{">S", ">A", ">PA", ">SA", ">FA"}},
		{"an old end answers a SYN by a lone ACK", SynSent, []string{">S", "<A"}},
		{"nobody listens", Closed, []string{">S", "<RA"}},
		{"data", Established, []string{">S", "<SA", ">A", ">PA", "<PA", "<A"}},
		{"a SYN on a live connection", Established, []string{">S", "<SA", ">A", ">S", "<A"}},
		{"the initiator has finished", FinWait, []string{">S", "<SA", ">A", ">FA", "<A"}},
		{"the other side sends on", FinWait, []string{">S", "<SA", ">A", ">FA", "<A", "<PA", ">A"}},
		{"then both have finished", Closing, []string{">S", "<SA", ">A", ">FA", "<A", "<FA"}},
		{"and the initiator knows", TimeWait, []string{">S", "<SA", ">A", ">FA", "<A", "<FA", ">A"}},
		{"the last FIN sent again", TimeWait, []string{">S", "<SA", ">A", ">FA", "<FA", ">A", "<FA", ">A"}},
		{"the server finishes first", CloseWait, []string{">S", "<SA", ">A", "<FA", ">A"}},
		{"then the initiator", LastAck, []string{">S", "<SA", ">A", "<FA", ">A", ">FA"}},
		{"and the server knows", TimeWait, []string{">S", "<SA", ">A", "<FA", ">A", ">FA", "<A"}},
		{"both at once, FINs that cross", TimeWait, []string{">S", "<SA", ">A", ">FA", "<FA", ">A", "<A"}},
		{"a FIN rides on the third step", FinWait, []string{">S", "<SA", ">FA"}},
		{"a reset", Closed, []string{">S", "<SA", ">A", "<R"}},
		{"in-flight data after a reset", Established, []string{">S", "<SA", ">A", "<R", ">PA"}},
		{"and its answer", Closed, []string{">S", "<SA", ">A", "<R", ">PA", "<R"}},
		{"a Christmas tree", Established, []string{">S", "<SA", ">A", ">SFA"}},
	} {
		require.Equal(t, c.want, story(t, c.segments...), c.sentence)
	}
}

// A server's connection makes the same way with the directions exchanged.
func TestTCPOpenedFromOutside(t *testing.T) {
	c := conn(SynSent, 0) // no FlagInitiator: In is the initiator's direction
	c.TCP(wire.Out, syn|ack)
	require.Equal(t, SynReceived, c.state())
	c.TCP(wire.In, ack)
	require.Equal(t, Established, c.state())
	c.TCP(wire.In, fin|ack)
	require.Equal(t, FinWait, c.state())
}

// rfc9293 is figure 5 of the RFC written out by hand, as a middlebox sees it:
// what the table must say, derived another way. from is "initiator" or "other".
func rfc9293(s State, from string, flags uint8) State {
	has := func(f uint8) bool { return flags&f == f }
	fromInitiator := from == "initiator"
	switch {
	case has(rst): // any state but CLOSED: the connection is aborted
		return Closed
	case has(syn) && has(fin): // no stack sends it
		return s
	}
	switch s {
	case SynSent:
		// rcv SYN, with ACK or without: the answering end is in SYN-RECEIVED
		if has(syn) && !fromInitiator {
			return SynReceived
		}
	case SynReceived:
		// rcv ACK of SYN; CLOSE, snd FIN
		switch {
		case has(fin|ack) && fromInitiator:
			return FinWait
		case has(fin | ack):
			return CloseWait
		case has(ack) && fromInitiator:
			return Established
		}
	case Established:
		switch {
		case has(fin|ack) && fromInitiator:
			return FinWait
		case has(fin | ack):
			return CloseWait
		}
	case FinWait: // FIN-WAIT-1 and -2 of the initiator: rcv FIN
		if has(fin|ack) && !fromInitiator {
			return Closing
		}
	case CloseWait: // CLOSE, snd FIN
		if has(fin|ack) && fromInitiator {
			return LastAck
		}
	case Closing: // the initiator acknowledges the FIN
		if has(ack) && !has(syn) && !has(fin) && fromInitiator {
			return TimeWait
		}
	case LastAck: // rcv ACK of FIN
		if has(ack) && !has(syn) && !has(fin) && !fromInitiator {
			return TimeWait
		}
	}
	return s
}

// Each state, each of the 256 flag bytes, each side, whoever opened.
func TestTCPTableIsTheRFC(t *testing.T) {
	for s := SynSent; s < Closed; s++ {
		for flags := range 256 {
			for _, opened := range []wire.Direction{wire.In, wire.Out} {
				for _, d := range []wire.Direction{wire.In, wire.Out} {
					c := conn(s, FlagUntracked|Flags(opened))
					from := "other"
					if d == opened {
						from = "initiator"
					}
					want := rfc9293(s, from, uint8(flags))
					c.TCP(d, uint8(flags))
					require.Equal(t, want, c.state(), fmt.Sprintf("%v, flags %#02x from %s", s, flags, from))
				}
			}
		}
	}
}

// A SYN begins another connection unless it is the one that began this, sent
// again, or crosses it.
func TestBegins(t *testing.T) {
	const isn, another = 77, 78
	for _, c := range []struct {
		state State
		d     wire.Direction
		seq   uint32
		want  bool
	}{
		// after the end, from either side
		{Closing, wire.Out, isn, true},
		{LastAck, wire.Out, another, true},
		{TimeWait, wire.Out, isn, true},
		{TimeWait, wire.In, another, true},
		// in its life: from the initiator with another number, from the other side always
		{SynReceived, wire.Out, isn, false},
		{SynReceived, wire.Out, another, true},
		{SynReceived, wire.In, isn, true},
		{Established, wire.Out, isn, false},
		{Established, wire.Out, another, true},
		{Established, wire.In, isn, true},
		{FinWait, wire.Out, isn, false},
		{FinWait, wire.Out, another, true},
		{FinWait, wire.In, another, true},
		{CloseWait, wire.Out, another, true},
		{CloseWait, wire.In, another, true},
		// while it opens, both sides may send one
		{SynSent, wire.Out, isn, false},
		{SynSent, wire.Out, another, true},
		{SynSent, wire.In, another, false},
	} {
		r := newRig(t, 16)
		at := r.open(Opening{Key: key(1, wire.ProtoTCP, 1), Dir: wire.Out, TCPFlags: syn | 0xc0, First: isn})
		r.Conn(at).update(statusState, Status(c.state))
		require.Equal(t, c.want, r.Begins(at, c.d, c.seq), c)
	}
}

// Of a connection that was taken up in mid-stream no SYN is known: every one
// begins another.
func TestBeginsAfterMidStream(t *testing.T) {
	r := newRig(t, 16)
	at := r.open(Opening{Key: key(1, wire.ProtoTCP, 1), Dir: wire.Out, TCPFlags: ack, First: 77})
	require.True(t, r.Begins(at, wire.Out, 77))
	require.True(t, r.Begins(at, wire.Out, 0))
	again := Opening{Key: key(1, wire.ProtoTCP, 1), Dir: wire.Out, TCPFlags: syn, First: 78, Limit: 9, Now: r.tick()}
	require.Equal(t, Opened, r.Restart(at, &again))
	require.False(t, r.Begins(at, wire.Out, 78))
	require.True(t, r.Begins(at, wire.Out, 77), "which was the old one's")
}

func TestOpens(t *testing.T) {
	for _, c := range []struct {
		sentence     string
		proto, flags uint8
		want         bool
		first        State
	}{
		{"a SYN", wire.ProtoTCP, syn, true, SynSent},
		{"data in mid-stream", wire.ProtoTCP, ack | 0x08, true, Established},
		{"a FIN in mid-stream", wire.ProtoTCP, fin | ack, true, FinWait},
		{"an answer to no question", wire.ProtoTCP, syn | ack, false, Established},
		{"a reset", wire.ProtoTCP, rst, false, Established},
		{"a reset with ACK", wire.ProtoTCP, rst | ack, false, Established},
		{"a null scan", wire.ProtoTCP, 0, false, Established},
		{"a FIN scan", wire.ProtoTCP, fin, false, Established},
		{"a SYN with FIN", wire.ProtoTCP, syn | fin, false, Established},
		{"UDP", wire.ProtoUDP, 0, true, UDPOneWay},
		{"ICMP", wire.ProtoICMP, 0, true, ICMP},
		{"GRE", 47, 0, true, Other},
	} {
		require.Equal(t, c.want, Opens(c.proto, c.flags), c.sentence)
		k := makeKey(1, c.proto, Ends{2, 3, 4, 5})
		require.Equal(t, c.first, first(&k, c.flags), c.sentence)
		k = k.Fragment(9)
		require.Equal(t, Fragmented, first(&k, c.flags), c.sentence)
	}
}
