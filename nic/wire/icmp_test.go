package wire_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// A router on the way to a server tells the guest that its packet was too
// big. The quote leads to the connection.
func TestEmbeddedFindsTheConnection(t *testing.T) {
	sent := tcp.Flags(wire.TCPSyn).ID(5).Size(1500)
	e := wiretest.ICMPError(wire.ICMPUnreachable, wire.ICMPFragNeeded, "192.0.2.1", sent.Bytes()).MTU(1400)
	frame := e.Bytes()
	h := parse(t, frame)
	require.True(t, h.IsICMPError())

	q, ok := wire.Embedded(frame, &h)
	require.True(t, ok)
	require.Equal(t, wire.Headers{
		Tuple: wire.Tuple{Src: a, Dst: b, SrcPort: 40000, DstPort: 80, Proto: wire.ProtoTCP},
		Flags: wire.TCPSyn, EtherType: wire.EtherTypeIPv4, ID: 5, L3: 42, L4: 62, End: 42 + 1486,
	}, q)

	// Most routers quote 8 bytes of the transport header: no flags in it.
	short := e.Quote(28).Bytes()
	h = parse(t, short)
	q, ok = wire.Embedded(short, &h)
	require.True(t, ok)
	require.Equal(t, parse(t, sent.Bytes()).Tuple, q.Tuple)
	require.Zero(t, q.Flags)
	require.EqualValues(t, len(short), q.End)
}

func TestEmbeddedReadsEveryProtocol(t *testing.T) {
	for what, p := range map[string]wiretest.Packet{
		"UDP": udp.Size(99), "ping": ping.Size(99), "GRE": wiretest.IP("10.0.1.5", "10.0.1.6", 47), "options": tcp.Options(1, 1, 1, 0),
	} {
		t.Run(what, func(t *testing.T) {
			frame := wiretest.ICMPError(wire.ICMPTimeExceeded, 0, "192.0.2.1", p.Bytes()).Bytes()
			h := parse(t, frame)
			q, ok := wire.Embedded(frame, &h)
			require.True(t, ok)
			want := parse(t, p.Bytes())
			require.Equal(t, want.Tuple, q.Tuple)
			require.Equal(t, want.Flags, q.Flags)
		})
	}
}

func TestEmbeddedTellsFragments(t *testing.T) {
	for i, piece := range udp.Size(200).Fragments(64)[:2] {
		frame := wiretest.ICMPError(wire.ICMPTimeExceeded, 1, "192.0.2.1", piece).Bytes()
		h := parse(t, frame)
		q, ok := wire.Embedded(frame, &h)
		require.True(t, ok)
		require.Equal(t, wire.FirstFragment+wire.Frag(i), q.Frag)
		require.EqualValues(t, []uint16{53, 0}[i], q.DstPort)
	}
}

// A quote that leads to no connection is none.
func TestEmbeddedRefuses(t *testing.T) {
	e := wiretest.ICMPError(wire.ICMPUnreachable, 1, "192.0.2.1", tcp.Bytes())
	of := func(p wiretest.Packet) wiretest.Packet {
		return wiretest.ICMPError(wire.ICMPUnreachable, 1, "192.0.2.1", p.Bytes())
	}
	for what, frame := range map[string][]byte{
		"a ping":                    ping.Bytes(),
		"a ping that quotes":        wiretest.Put(e.Bytes(), 34, wire.ICMPEcho),
		"TCP":                       tcp.Bytes(),
		"a later fragment":          e.Fragments(24)[1],
		"19 bytes of IPv4":          e.Quote(19).Bytes(),
		"7 bytes of TCP":            e.Quote(27).Bytes(),
		"7 bytes of UDP":            of(udp).Quote(27).Bytes(),
		"7 bytes of ICMP":           of(ping).Quote(27).Bytes(),
		"IPv6":                      wiretest.Put(e.Bytes(), 42, 0x65),
		"a header of 16 bytes":      wiretest.Put(e.Bytes(), 42, 0x44),
		"a header past the quote":   wiretest.Put(e.Quote(28).Bytes(), 42, 0x48),
		"a total below the header":  wiretest.Put(e.Bytes(), 44, 0, 19),
		"a total below the 8 bytes": wiretest.Put(e.Bytes(), 44, 0, 27),
	} {
		t.Run(what, func(t *testing.T) {
			h := parse(t, frame)
			_, ok := wire.Embedded(frame, &h)
			require.False(t, ok)
		})
	}
}

// The addresses of a quote are there, and can be changed, however little else
// is: options that are cut, less than 8 bytes of what follows, lengths that the
// router had changed.
func TestAQuoteNeedsNoMoreThanAddresses(t *testing.T) {
	options := tcp.Options(1, 1, 1, 0)
	e := wiretest.ICMPError(wire.ICMPUnreachable, 1, "192.0.2.1", tcp.Bytes())
	cut := wiretest.ICMPError(wire.ICMPUnreachable, 1, "192.0.2.1", options.Bytes())
	for what, frame := range map[string][]byte{
		"no more":                   e.Quote(20).Bytes(),
		"7 bytes of TCP":            e.Quote(27).Bytes(),
		"options alone":             cut.Quote(24).Bytes(),
		"half of the options":       cut.Quote(22).Bytes(),
		"a total below the header":  resummed(wiretest.Put(e.Bytes(), 44, 0, 2)),
		"a total below the 8 bytes": resummed(wiretest.Put(e.Bytes(), 44, 0, 27)),
		"a header of 16 bytes":      resummed(wiretest.Put(e.Bytes(), 42, 0x44)),
	} {
		t.Run(what, func(t *testing.T) {
			h := parse(t, frame)
			q, ok := wire.Quote(frame, &h)
			require.True(t, ok)
			require.Equal(t, []wire.Addr{a, b}, []wire.Addr{q.Src, q.Dst})
			wire.RewriteEmbeddedSrc(frame, &h, &q, wire.AddrFrom4(0x01020304))
			wire.RewriteEmbeddedDst(frame, &h, &q, wire.AddrFrom4(0x05060708))
			require.Equal(t, []byte{1, 2, 3, 4, 5, 6, 7, 8}, frame[54:62])
			require.EqualValues(t, 0xffff, wiretest.Sum(frame[34:]), "the error's checksum")
		})
	}
	for what, frame := range map[string][]byte{
		"a ping":           ping.Bytes(),
		"a later fragment": e.Fragments(24)[1],
		"19 bytes of IPv4": e.Quote(19).Bytes(),
		"IPv6":             wiretest.Put(e.Bytes(), 42, 0x65),
	} {
		h := parse(t, frame)
		_, ok := wire.Quote(frame, &h)
		require.False(t, ok, what)
	}
}

// resummed is an ICMP error whose quote was changed, with the error's checksum
// right again.
func resummed(frame []byte) []byte {
	binary.BigEndian.PutUint16(frame[36:], 0)
	binary.BigEndian.PutUint16(frame[36:], ^wiretest.Sum(frame[34:]))
	return frame
}
