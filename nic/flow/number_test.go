package flow

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

// header is a TCP header of a segment.
func header(flags uint8, seq, acked uint32) wire.TCP {
	h := wire.TCP(make([]byte, wire.TCPLen))
	h.SetSeq(seq)
	binary.BigEndian.PutUint32(h[8:], acked)
	h.SetFlags(flags)
	return h
}

// segment plays a segment as the card does that walks the stages for it if slow.
func (r *rig) segment(at uint32, d wire.Direction, h wire.TCP, bytes int, slow bool) (credible bool) {
	c := r.Conn(at)
	if slow {
		r.Hear(at, d, h)
	}
	c.Packet(d, bytes, uint32(r.tick()))
	credible = h.Flags()&(fin|rst) == 0 || r.Credible(at, d, h, bytes)
	if credible {
		c.TCP(d, h.Flags())
	}
	return credible
}

// Numbers in the tests below: the guest's first, and the remote side's.
const mine, theirs uint32 = 4_000_000_000, 4_294_967_000 // the remote side's go on at 0 soon

// after is the number so many bytes after the remote side's first.
func after(bytes uint32) uint32 { return theirs + bytes }

// handshake is a connection of either side's, all of whose numbers are heard.
func (r *rig) handshake(opened wire.Direction) (at uint32) {
	first := [...]uint32{wire.In: theirs, wire.Out: mine}
	d := opened
	at = r.open(Opening{Key: key(1, wire.ProtoTCP, int(opened)), Dir: d, TCPFlags: syn, First: first[d], Found: Found{Epoch: 1}, Walked: d})
	r.Hear(at, d, header(syn, first[d], 0))
	r.segment(at, d^1, header(syn|ack, first[d^1], first[d]+1), 60, true)
	r.Conn(at).Keep(d^1, Found{Epoch: 1})
	r.segment(at, d, header(ack, first[d]+1, first[d^1]+1), 52, false)
	require.Equal(r, Established, r.Conn(at).state())
	return at
}

// What the remote side cannot have sent ends nothing, whoever opened. Of 1,000 numbers
// that differ by a window each, one is right.
func TestANumberThatNobodyCanHaveSent(t *testing.T) {
	for _, opened := range []wire.Direction{wire.In, wire.Out} {
		r := newRig(t, 64)
		at := r.handshake(opened)
		for range 20 {
			r.segment(at, wire.In, header(ack, theirs+1, mine+1), 1500, false) // data
		}
		next := after(1 + 20*1460)
		for i := range uint32(1000) {
			for _, flags := range []uint8{rst, rst | ack, fin | ack} {
				want := i == 0
				got := r.Credible(at, wire.In, header(flags, next+i*65535*65, mine+1), 0)
				require.Equal(t, want, got, "%d, flags %#x", i, flags)
				require.True(t, r.Credible(at, wire.Out, header(flags, i*65535, i), 0), "a guest is believed")
			}
		}
	}
}

// A guest that connects, and whom nobody answered, takes only the refusal of its SYN.
func TestARefusedSYN(t *testing.T) {
	r := newRig(t, 64)
	at := r.open(Opening{Key: key(1, wire.ProtoTCP, 0), Dir: wire.Out, TCPFlags: syn, First: mine})
	r.Hear(at, wire.Out, header(syn, mine, 0))
	require.False(t, r.Credible(at, wire.In, header(rst, 0, 0), 0))
	require.False(t, r.Credible(at, wire.In, header(rst|ack, 0, 12345), 0))
	require.True(t, r.Credible(at, wire.In, header(rst|ack, 0, mine+1), 0))
}

// What is not tracked has nothing to lose.
func TestUntrackedResetsAreBelieved(t *testing.T) {
	r := newRig(t, 64)
	at := r.open(Opening{Key: key(1, wire.ProtoTCP, 0), TCPFlags: syn, First: theirs, Found: Found{Flags: FlagUntracked}})
	r.Hear(at, wire.In, header(syn, theirs, 0))
	require.True(t, r.Credible(at, wire.In, header(rst, 12345, 0), 0))
}

// After much data the next segment of each side takes the stages once more, and tells
// where the remote side is. One that does not follow from the last note tells nothing:
// anybody may forge one.
func TestTheNoteIsRenewed(t *testing.T) {
	r := newRig(t, 64)
	at := r.handshake(wire.Out)
	c := r.Conn(at)
	data := func(n int) {
		for range n {
			r.segment(at, wire.In, header(ack, 0, 0), 1500, false)
		}
	}
	data(40)
	r.wait(20 * second)
	require.True(t, c.Status().Walked(wire.In), "60,000 bytes leave few numbers to guess")
	data(1000)
	r.wait(20 * second)
	require.False(t, c.Status().Walked(wire.In))
	require.False(t, c.Status().Walked(wire.Out))
	now := after(1 + 1040*1460)
	require.True(t, r.Credible(at, wire.In, header(rst, now-1_000_000, 0), 0), "too much is possible")
	slow := func(d wire.Direction, h wire.TCP) {
		c.Keep(d, Found{Epoch: 1})
		r.segment(at, d, h, 52, true)
	}
	slow(wire.In, header(ack, 1<<30, 0))
	require.False(t, r.Credible(at, wire.In, header(rst, 1<<30, 0), 0))
	slow(wire.In, header(ack, now, 0))
	slow(wire.Out, header(ack, mine, now-3*1460))
	require.True(t, r.Credible(at, wire.In, header(rst, now, 0), 0))
	for _, wrong := range []uint32{now + 10_000, now - 10_000, now - 1_000_000, 1 << 30} {
		require.False(t, r.Credible(at, wire.In, header(rst, wrong, 0), 0))
	}
	r.wait(20 * second)
	require.True(t, c.Status().Walked(wire.In), "once")
}

// However many segments a stranger sends, they make no number right for him: wrong RSTs and
// FINs do not count, and what else he sends the guest's next segment sets right.
func TestGuessesDoNotAddUp(t *testing.T) {
	r := newRig(t, 64)
	at := r.handshake(wire.Out)
	c := r.Conn(at)
	for i := range uint32(100_000) {
		require.False(t, r.segment(at, wire.In, header(rst, 1<<20+i*21_000, 0), 40, false), i)
	}
	require.False(t, r.Credible(at, wire.In, header(rst, after(10_000), 0), 0))
	for range 1000 {
		r.segment(at, wire.In, header(ack, 1<<30, 0), 1500, false)
	}
	r.wait(20 * second)
	require.False(t, c.Status().Walked(wire.Out))
	c.Keep(wire.Out, Found{Epoch: 1})
	r.segment(at, wire.Out, header(ack, mine+1, after(1)), 40, true)
	require.False(t, r.Credible(at, wire.In, header(rst, after(10_000), 0), 0))
	require.True(t, r.Credible(at, wire.In, header(rst, after(1), 0), 0))
}

// Where the last note tells nothing any more the guest's acknowledgment counts, and then
// the remote side's next segment.
func TestTheGuestTellsWhereTheRemoteSideIs(t *testing.T) {
	r := newRig(t, 64)
	at := r.handshake(wire.Out)
	c := r.Conn(at)
	for range 4000 {
		r.segment(at, wire.In, header(ack, 0, 0), 1500, false)
	}
	now := after(1 + 4000*1460)
	require.False(t, r.Credible(at, wire.In, header(rst, now, 0), 0), "nor is what is right")
	c.Keep(wire.Out, Found{Epoch: 1})
	r.segment(at, wire.Out, header(ack, mine, now-100_000), 52, true)
	require.False(t, c.Status().Walked(wire.In))
	c.Keep(wire.In, Found{Epoch: 1})
	require.True(t, r.segment(at, wire.In, header(fin|ack, now, mine), 52, true))
	require.True(t, r.Credible(at, wire.In, header(rst, now, 0), 0))
	require.False(t, r.Credible(at, wire.In, header(rst, now+10_000, 0), 0))
}

// A remote side that sent megabytes since may be at any number: its RST ends nothing.
func TestWhereNumbersTellNothing(t *testing.T) {
	for _, opened := range []wire.Direction{wire.In, wire.Out} {
		r := newRig(t, 64)
		at := r.handshake(opened)
		for range 100 {
			r.segment(at, wire.In, header(ack, 0, 0), 1<<16-1, false)
		}
		require.False(t, r.segment(at, wire.In, header(rst, theirs, 0), 40, false))
		require.True(t, r.segment(at, wire.In, header(fin|ack, theirs, 0), 40, false))
	}
}
