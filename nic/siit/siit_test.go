package siit

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
)

// The hosts of these tests: one of IPv6, for which the translator has the address nat, and one
// of IPv4.
const (
	six, nat, four = "2001:db8::7", "192.0.2.8", "203.0.113.9"
	four6          = "64:ff9b::cb00:7109"
)

var (
	out     = Ends{wiretest.Addr(nat), wiretest.Addr(four)}
	in      = Ends{wiretest.Addr(four6), wiretest.Addr(six)}
	outBack = Ends{wiretest.Addr(four), wiretest.Addr(nat)} // of what an error quotes
	inBack  = Ends{wiretest.Addr(six), wiretest.Addr(four6)}
)

// lent is a frame in memory with a driver's headroom.
func lent(b []byte) (f pmd.Frame) {
	f.Lend(append(make([]byte, pmd.Headroom), b...), pmd.Headroom, len(b))
	return f
}

// translated is what a frame becomes in the other family, nil if it has no form there.
func translated(t testing.TB, b []byte) []byte {
	f := lent(b)
	var h wire.Headers
	require.Equal(t, wire.NoFault, wire.Parse(f.Bytes(), &h))
	before := append([]byte{}, f.Bytes()...)
	ok := false
	switch {
	case h.IsICMPError():
		q, quotes := wire.Embedded(f.Bytes(), &h)
		if !quotes {
			return nil
		}
		if h.EtherType == wire.EtherTypeIPv6 {
			ok = ErrorTo4(&f, &ICMPError{&h, &q, out, outBack}, 1)
		} else {
			ok = ErrorTo6(&f, &ICMPError{&h, &q, in, inBack})
		}
	case h.EtherType == wire.EtherTypeIPv6:
		had := HasForm4(f.Bytes(), &h)
		ok = To4(&f, &h, out, 1)
		require.Equal(t, had, ok)
	default:
		ok = To6(&f, &h, in)
	}
	if !ok {
		require.Equal(t, before, f.Bytes(), "the frame is as it was")
		return nil
	}
	var again wire.Headers
	require.Equal(t, wire.NoFault, wire.Parse(f.Bytes(), &again))
	require.Equal(t, again, h, "the headers are those of the new frame")
	return f.Bytes()
}

// RFC 7915 sections 4.1, 4.5, 5.1 and 5.5: each packet of one family has its form in the other:
// traffic class and hop limit stay, fragments stay fragments, options and extension headers go,
// and so does padding.
func TestAPacketHasItsFormInTheOtherFamily(t *testing.T) {
	for _, c := range []struct {
		what     string
		from, to wiretest.Packet
	}{
		{"a segment", wiretest.TCP(at(six, 1), at(four6, 80)).TOS(0xb9).TTL(7).Payload("hi"), wiretest.TCP(nat+":1", four+":80").TOS(0xb9).TTL(7).Payload("hi")},
		{"a datagram", wiretest.UDP(at(six, 1), at(four6, 53)).Payload("odd"), wiretest.UDP(nat+":1", four+":53").Payload("odd")},
		{"a long one, which its sender can shorten", wiretest.UDP(at(six, 1), at(four6, 53)).Size(1316), wiretest.UDP(nat+":1", four+":53").Size(1296).ID(0).DF()},
		{"one of 1,280 bytes", wiretest.UDP(at(six, 1), at(four6, 53)).Size(1294), wiretest.UDP(nat+":1", four+":53").Size(1274)},
		{"options of a host", wiretest.UDP(at(six, 1), at(four6, 53)).Extension(0, 8).Extension(60, 16), wiretest.UDP(nat+":1", four+":53")},
		{"a fragment by itself", wiretest.UDP(at(six, 1), at(four6, 53)).Extension(44, 8), wiretest.UDP(nat+":1", four+":53").ID(0)},
		{"a ping", wiretest.Echo(six, four6, 7).Payload("ping"), wiretest.Echo(nat, four, 7).Payload("ping")},
		{"an answer to a ping", wiretest.EchoReply(six, four6, 7), wiretest.EchoReply(nat, four, 7)},

		{"a segment back", wiretest.TCP(four+":80", nat+":1").TOS(0xb9).TTL(7).DF().Payload("hi"), wiretest.TCP(at(four6, 80), at(six, 1)).TOS(0xb9).TTL(7).Payload("hi")},
		{"a datagram without checksum", wiretest.UDP(four+":53", nat+":1").NoChecksum().Payload("odd"), wiretest.UDP(at(four6, 53), at(six, 1)).Payload("odd")},
		{"a router's option", wiretest.UDP(four+":53", nat+":1").Options(148, 4, 0, 0), wiretest.UDP(at(four6, 53), at(six, 1))},
		{"as many options as there may be", wiretest.UDP(four+":53", nat+":1").Options(make([]byte, 40)...), wiretest.UDP(at(four6, 53), at(six, 1))},
		{"a ping back", wiretest.Echo(four, nat, 7).Payload("ping"), wiretest.Echo(four6, six, 7).Payload("ping")},
		{"an answer back", wiretest.EchoReply(four, nat, 7), wiretest.EchoReply(four6, six, 7)},
		{"a padded frame", wiretest.UDP(four+":53", nat+":1").Pad(60), wiretest.UDP(at(four6, 53), at(six, 1))},
	} {
		got := translated(t, c.from.Bytes())
		require.NoError(t, wiretest.Check(got), c.what)
		require.Equal(t, c.to.Bytes(), got, c.what)
	}
}

// RFC 7915: a datagram's fragments keep their places and their identification, of which IPv4 has
// the lower half.
func TestFragmentsStayFragments(t *testing.T) {
	for _, c := range []struct{ from, to wiretest.Packet }{
		{wiretest.UDP(at(six, 1), at(four6, 53)).ID(77).Size(400), wiretest.UDP(nat+":1", four+":53").ID(77).Size(380)},
		{wiretest.UDP(four+":53", nat+":1").ID(77).Size(380), wiretest.UDP(at(four6, 53), at(six, 1)).ID(77).Size(400)},
	} {
		want := c.to.Fragments(104)
		for i, f := range c.from.Fragments(104) {
			require.Equal(t, want[i], translated(t, f), i)
		}
	}
}

// RFC 7915: what has no form in the other family is left as it is.
func TestWhatHasNoFormInTheOtherFamily(t *testing.T) {
	visits := wiretest.UDP(at(six, 1), at(four6, 53)).Extension(43, 8).Bytes()
	visits[14+40+3] = 1 // segments left
	inside := wiretest.UDP(at(six, 1), at(four6, 53)).Extension(44, 8).Extension(60, 8).Bytes()
	inside[14+40+3] = 1 // more fragments
	last := wiretest.UDP(at(six, 1), at(four6, 53)).ID(77).Size(14 + 40 + 64 + 8).Fragments(64)[1]
	copy(last[14+40+2:], []byte{0xff, 0xe8}) // which begins at 65,512, and has 8 bytes
	endless := append(wiretest.UDP(at(four6, 53), at(six, 1)).Bytes(), make([]byte, 0xffff)...)
	copy(endless[14+4:], []byte{0xff, 0xff})
	for what, b := range map[string][]byte{
		"a router of the packet's own":   visits,
		"an extension inside fragments":  inside,
		"a fragment of a ping":           wiretest.Echo(six, four6, 7).Size(200).Fragments(64)[0],
		"a listener report":              wiretest.ICMP(six, four6, 131, 0).Bytes(),
		"a router solicitation":          wiretest.ICMP(six, four6, wire.NDRouterSolicitation, 0).Bytes(),
		"ICMP of the other family":       wiretest.IP(six, four6, wire.ProtoICMP).Payload("12345678").Bytes(),
		"ICMPv6 in IPv4":                 wiretest.IP(four, nat, wire.ProtoICMPv6).Payload("12345678").Bytes(),
		"a time stamp":                   wiretest.Query(four, nat, wire.ICMPTimestamp, 7).Bytes(),
		"a route of the sender's":        wiretest.UDP(four+":53", nat+":1").Options(131, 7, 4, 1, 2, 3, 4, 0).Bytes(),
		"a fragment without checksum":    wiretest.UDP(four+":53", nat+":1").NoChecksum().Size(200).Fragments(64)[0],
		"a fragment at IPv6's end":       last,
		"a segment of a frame's length":  wiretest.TCP(four+":80", nat+":1").Size(0xffff).Bytes(),
		"a quote longer than IPv4 says":  wiretest.ICMPError(wire.ICMPv6Unreachable, 0, six, endless).Quote(100).Bytes(),
		"a quote without ports":          wiretest.ICMPError(wire.ICMPTimeExceeded, 0, four, wiretest.UDP(nat+":1", four+":53").Size(400).Bytes()).Rest(6 << 16).Bytes(),
		"an error with a wrong checksum": wrong(wiretest.ICMPError(wire.ICMPUnreachable, 1, four, wiretest.UDP(nat+":1", four+":53").Bytes())),
	} {
		require.Nil(t, translated(t, b), what)
	}
}

// errorForm is an error of one family, and what it is in the other; -1: it is none.
type errorForm struct {
	six        bool
	kind, code uint8
	rest       uint32
	to, toCode int
	toRest     uint32
}

// errorForms are RFC 7915's, sections 4.2 and 5.2.
var errorForms = []errorForm{
	{false, 3, 0, 0, 1, 0, 0}, {false, 3, 1, 0, 1, 0, 0}, {false, 3, 2, 0, 4, 1, 6}, {false, 3, 3, 0, 1, 4, 0},
	{false, 3, 4, 1400, 2, 0, 1420}, {false, 3, 4, 576, 2, 0, 1280}, {false, 3, 4, 0, 2, 0, 1280},
	{false, 3, 5, 0, 1, 0, 0}, {false, 3, 9, 0, 1, 1, 0}, {false, 3, 10, 0, 1, 1, 0}, {false, 3, 12, 0, 1, 0, 0}, {false, 3, 13, 0, 1, 1, 0},
	{false, 3, 14, 0, -1, 0, 0}, {false, 3, 15, 0, 1, 1, 0}, {false, 3, 16, 0, -1, 0, 0},
	{false, 11, 0, 0, 3, 0, 0}, {false, 11, 1, 0, 3, 1, 0}, {false, 12, 0, 8 << 24, 4, 0, 7}, {false, 12, 2, 16 << 24, 4, 0, 24}, {false, 12, 1, 0, -1, 0, 0},
	{false, 12, 0, 5 << 24, -1, 0, 0}, {false, 4, 0, 0, -1, 0, 0},

	{true, 1, 0, 0, 3, 1, 0}, {true, 1, 1, 0, 3, 10, 0}, {true, 1, 2, 0, 3, 1, 0}, {true, 1, 3, 0, 3, 1, 0}, {true, 1, 4, 0, 3, 3, 0}, {true, 1, 5, 0, -1, 0, 0},
	{true, 2, 0, 1420, 3, 4, 1400}, {true, 2, 0, 1, 3, 4, 1260}, {true, 3, 1, 0, 11, 1, 0},
	{true, 4, 0, 7, 12, 0, 8 << 24}, {true, 4, 0, 25, 12, 0, 16 << 24}, {true, 4, 0, 2, -1, 0, 0}, {true, 4, 1, 6, 3, 2, 0}, {true, 4, 2, 0, -1, 0, 0},
}

// Each error has its form in the other family, with the packet that it quotes.
func TestErrorsHaveTheirFormInTheOtherFamily(t *testing.T) {
	quote4, quote6 := wiretest.UDP(nat+":1", four+":53").Size(600).DF().Bytes(), wiretest.UDP(at(four6, 53), at(six, 1)).Size(600).Bytes()
	for _, c := range errorForms {
		p := wiretest.ICMPError(c.kind, c.code, "198.51.100.3", quote4)
		if c.six {
			p = wiretest.ICMPError(c.kind, c.code, six, quote6)
		}
		got := translated(t, p.Rest(c.rest).Bytes())
		if c.to < 0 {
			require.Nil(t, got, c)
			continue
		}
		require.NoError(t, wiretest.Check(got), c)
		var h wire.Headers
		wire.Parse(got, &h)
		m := messageOf(got[h.L4:])
		require.Equal(t, message{uint8(c.to), uint8(c.toCode), c.toRest}, m, c)
		q, ok := wire.Embedded(got, &h)
		require.True(t, ok)
		if c.six {
			require.Equal(t, fmt.Sprintln(four, nat, 53, 1), fmt.Sprintln(q.Src, q.Dst, q.SrcPort, q.DstPort))
		} else {
			require.Equal(t, fmt.Sprintln(six, four6, 1, 53), fmt.Sprintln(q.Src, q.Dst, q.SrcPort, q.DstPort))
		}
	}
}

// RFC 4443 section 2.4: an error of IPv6 has 1,280 bytes at most. RFC 4884: what stands behind
// the quote is no part of it.
func TestErrorsAreCut(t *testing.T) {
	long := wiretest.ICMPError(wire.ICMPUnreachable, 1, four, wiretest.UDP(nat+":1", four+":53").Size(1500).Bytes()).Bytes()
	got := translated(t, long)
	require.Len(t, got, wire.EthernetLen+1280)
	require.Zero(t, wire.Sum(got[54:], wire.PseudoSum(in.Src, in.Dst, wire.ProtoICMPv6, 1240)))

	extended := wiretest.ICMPError(wire.ICMPTimeExceeded, 0, four, wiretest.UDP(nat+":1", four+":53").Size(400).Bytes()).Rest(32 << 16).Bytes()
	got = translated(t, extended)
	require.Len(t, got, wire.EthernetLen+wire.IPv6Len+wire.ICMPLen+wire.IPv6Len+128-wire.IPv4Len)
	require.Zero(t, messageOf(got[54:]).rest, "an extension that is not there is not said to be")
}

// at is an end of IPv6.
func at(addr string, port int) string { return fmt.Sprintf("[%s]:%d", addr, port) }

// wrong is a frame whose last byte, which a checksum covers, is another.
func wrong(p wiretest.Packet) []byte {
	b := p.Bytes()
	b[len(b)-1]++
	return b
}

// Whatever is translated has right checksums if it had, and is translated back to what it was,
// but for what one of the families lacks; and no input breaks the package.
func FuzzTranslate(f *testing.F) {
	for _, p := range []wiretest.Packet{
		wiretest.TCP(at(six, 1), at(four6, 80)), wiretest.UDP(at(six, 1), at(four6, 53)).Extension(60, 8), wiretest.Echo(six, four6, 7),
		wiretest.ICMPError(2, 0, six, wiretest.UDP(at(four6, 53), at(six, 1)).Bytes()),
		wiretest.TCP(four+":80", nat+":1"), wiretest.UDP(four+":53", nat+":1").NoChecksum(), wiretest.EchoReply(four, nat, 7),
		wiretest.ICMPError(3, 4, four, wiretest.TCP(nat+":1", four+":80").Bytes()),
	} {
		f.Add(p.Bytes())
	}
	f.Add(wiretest.UDP(at(six, 1), at(four6, 53)).NoChecksum().Size(200).Fragments(64)[0])
	f.Fuzz(func(t *testing.T, b []byte) {
		var h, again wire.Headers
		if len(b) > pmd.MaxFrame || wire.Parse(b, &h) != wire.NoFault || h.EtherType != wire.EtherTypeIPv4 && h.EtherType != wire.EtherTypeIPv6 {
			return
		}
		right := wiretest.Check(b) == nil
		got := translated(t, b)
		if got == nil {
			return
		}
		if right && !h.IsICMPError() { // a quote that is cut has a checksum of its own, which says nothing
			require.NoError(t, wiretest.Check(got))
		}
		require.Equal(t, wire.NoFault, wire.Parse(got, &again))
		require.Equal(t, []any{h.SrcPort, h.DstPort, h.Flags, h.Frag}, []any{again.SrcPort, again.DstPort, again.Flags, again.Frag})
		unsummed := again.Frag == wire.FirstFragment && again.Proto == wire.ProtoUDP && wire.UDP(got[again.L4:]).Checksum() == 0
		if !h.IsICMPError() && !unsummed { // IPv6 demands a checksum, which takes the whole datagram
			require.NotNil(t, translated(t, got), "what has a form there has one here")
		}
	})
}
