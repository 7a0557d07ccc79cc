package nat

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// Two ends that open at once, by a SYN each, have a connection as any other (RFC 9293 section 3.5;
// RFC 5382 REQ-2). An ACK is no answer to a SYN but tells of another connection, so the handshake
// is not over, and is forgotten sooner.
func TestASYNOfTheOutsideAcceptsAConnection(t *testing.T) {
	for _, c := range []struct {
		answer uint8
		want   uint64 // established
	}{
		{wire.TCPSyn | wire.TCPAck, 1},
		{wire.TCPSyn, 1},
		{wire.TCPAck, 0},
	} {
		now := int64(1_780_000_000e9)
		a := insideOf(t, 100, 1, &now).Appliance(0)
		out := wiretest.TCP("10.0.2.8:40000", "203.0.113.9:443")
		h, _, _ := through(a, out.Flags(wire.TCPSyn))
		back := wiretest.TCP("203.0.113.9:443", end(h.Src, h.SrcPort))
		through(a, back.Flags(c.answer))
		through(a, out.Flags(wire.TCPSyn|wire.TCPAck))
		through(a, out.Flags(wire.TCPAck))
		require.Equal(t, c.want, a.metrics.ConnectionEstablishedCount, "answer %x", c.answer)

		now += int64(handshake + time.Second)
		a.gateway.Age()
		_, _, v := through(a, back.Flags(wire.TCPAck))
		require.Equal(t, c.want == 1, v == pipeline.Sent, "answer %x", c.answer)
	}
}

// A RST of the outside may be forged by who guesses a port, so a connection goes on where its host
// goes on, which knows the sequence numbers and believes no such RST. A host that is silent has
// four minutes to tell.
func TestAForgedResetEndsNoConnection(t *testing.T) {
	for silent, want := range map[time.Duration]pipeline.Verdict{time.Minute: pipeline.Sent, 5 * time.Minute: pipeline.NATUnknown} {
		now := int64(1_780_000_000e9)
		a := insideOf(t, 100, 1, &now).Appliance(0)
		out := wiretest.TCP("10.0.2.8:40000", "203.0.113.9:443")
		h, _, _ := through(a, out.Flags(wire.TCPSyn))
		back := wiretest.TCP("203.0.113.9:443", end(h.Src, h.SrcPort))
		through(a, back.Flags(wire.TCPSyn|wire.TCPAck))
		through(a, out.Flags(wire.TCPAck))
		_, _, v := through(a, back.Flags(wire.TCPRst))
		require.Equal(t, pipeline.Sent, v, "the host judges the RST")
		now += int64(silent)
		a.gateway.Age()
		through(a, out.Flags(wire.TCPAck)) // the host goes on, or is told by RST that it cannot
		now += int64(5 * time.Minute)
		a.gateway.Age()
		_, _, v = through(a, back.Flags(wire.TCPAck))
		require.Equal(t, want, v, "silent for %v", silent)
	}
}

// A RST that comes before the host's first ACK ends no connection either, if the host sends the ACK
// nevertheless.
func TestAForgedResetEndsNoHandshake(t *testing.T) {
	now := int64(1_780_000_000e9)
	a := insideOf(t, 100, 1, &now).Appliance(0)
	out := wiretest.TCP("10.0.2.8:40000", "203.0.113.9:443")
	h, _, _ := through(a, out.Flags(wire.TCPSyn))
	back := wiretest.TCP("203.0.113.9:443", end(h.Src, h.SrcPort))
	for _, p := range []wiretest.Packet{back.Flags(wire.TCPSyn | wire.TCPAck), back.Flags(wire.TCPRst), out.Flags(wire.TCPAck)} {
		through(a, p)
	}
	now += int64(doubted + time.Minute)
	a.gateway.Age()
	_, _, v := through(a, back.Flags(wire.TCPAck))
	require.Equal(t, pipeline.Sent, v)
}

// A RST from outside leaves doubt, one from inside leaves none, and neither outlasts a segment of the host's.
func TestWhoseResetEndsAConnection(t *testing.T) {
	now := int64(1_780_000_000e9)
	a := insideOf(t, 100, 1, &now).Appliance(0)
	out := wiretest.TCP("10.0.2.8:40000", "203.0.113.9:443")
	h, _, _ := through(a, out.Flags(wire.TCPSyn))
	back := wiretest.TCP("203.0.113.9:443", end(h.Src, h.SrcPort))
	through(a, back.Flags(wire.TCPSyn|wire.TCPAck))
	for _, c := range []struct {
		p             wiretest.Packet
		over, doubted bool
	}{
		{out.Flags(wire.TCPAck), false, false},
		{back.Flags(wire.TCPRst), true, true},
		{out.Flags(wire.TCPAck), false, false},
		{out.Flags(wire.TCPRst), true, false},
		{back.Flags(wire.TCPRst), true, false},
		{out.Flags(wire.TCPAck), false, false},
		{back.Flags(wire.TCPRst), true, true},
		{out.Flags(wire.TCPRst), true, false},
	} {
		_, _, v := through(a, c.p)
		require.Equal(t, pipeline.Sent, v)
		for at := range uint32(a.gateway.ways.Used()) {
			if state := a.gateway.ways.At(at).State; state&inside != 0 {
				require.Equal(t, []bool{c.over, c.doubted}, []bool{over(state), isDoubted(state)})
			}
		}
	}
}
