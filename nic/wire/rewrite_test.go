package wire_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// text is an address that wiretest reads.
func text(addr uint32) string {
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, addr))).String()
}

// kinds is how many kinds of packets between makes. The last has a tag, which
// no quote has.
const kinds = 10

// between makes the same packet between any two addresses.
func between(kind uint8, payload []byte) func(src, dst uint32) wiretest.Packet {
	return func(src, dst uint32) wiretest.Packet {
		p := [...]wiretest.Packet{
			wiretest.TCP(text(src)+":40000", text(dst)+":80"),
			wiretest.UDP(text(src)+":40000", text(dst)+":53"),
			wiretest.UDP(text(src)+":40000", text(dst)+":53").NoChecksum(),
			wiretest.Echo(text(src), text(dst), 9),
			wiretest.IP(text(src), text(dst), 47),
			wiretest.UDPLite(text(src)+":40000", text(dst)+":80"),
			wiretest.UDPLite(text(src)+":40000", text(dst)+":80").Coverage(8),
			wiretest.DCCP(text(src)+":40000", text(dst)+":80"),
			wiretest.DCCP(text(src)+":40000", text(dst)+":80").Coverage(2),
			wiretest.TCP(text(src)+":40000", text(dst)+":80").Options(1, 1, 1, 0).VLAN(8),
		}[kind%kinds]
		return p.Payload(string(payload))
	}
}

// noise is a payload of fewer than limit bytes. Fuzz targets take a seed for
// it, as Go's fuzzer would spend its time on making payloads shorter.
func noise(seed uint64, limit int) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	b := make([]byte, r.IntN(limit))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// addresses are seeds: the ends of the number range and of each word, where
// carries go wrong.
var addresses = []uint32{0, 1, 0xffff, 0x10000, 0xfffe0001, 0xffff0000, 0xffffffff, 0x0a000105, 0x23480208}

func seedRewrites(f *testing.F) {
	for kind := range uint8(kinds) {
		for i, from := range addresses {
			f.Add(kind, uint64(i), from, addresses[(i+1)%len(addresses)])
		}
	}
}

// A rewritten packet is, bit by bit, the one that its new address's owner
// would have sent. So are its fragments.
func FuzzRewrite(f *testing.F) {
	seedRewrites(f)
	f.Fuzz(func(t *testing.T, kind uint8, seed uint64, from, to uint32) {
		const peer = 0xc6336407
		packet := between(kind, noise(seed, 1000))
		sent, came := packet(from, peer), packet(peer, from)
		rewritten(t, sent.Bytes(), packet(to, peer).Bytes(), to, wire.RewriteSrc)
		rewritten(t, came.Bytes(), packet(peer, to).Bytes(), to, wire.RewriteDst)
		plainRewritten(t, sent.Bytes(), packet(to, peer).Bytes(), wire.PlainSrc, to)
		plainRewritten(t, came.Bytes(), packet(peer, to).Bytes(), wire.PlainDst, to)
		want := packet(to, peer).Fragments(24)
		for i, piece := range sent.Fragments(24) {
			rewritten(t, piece, want[i], to, wire.RewriteSrc)
		}
	})
}

func plainRewritten(t *testing.T, frame, want []byte, at int, to uint32) {
	t.Helper()
	if p := wire.PlainPacket(frame); p != nil {
		p.SetAddr(at, to)
		require.Equal(t, want, frame)
	}
}

func rewritten(t *testing.T, frame, want []byte, to uint32, rewrite func([]byte, *wire.Headers, wire.Addr)) {
	t.Helper()
	h := parse(t, frame)
	rewrite(frame, &h, wire.AddrFrom4(to))
	require.Equal(t, want, frame)
	require.Equal(t, parse(t, want), h, "the headers follow")
}

// The same holds for a packet that an ICMP error quotes, wherever the quote
// ends: the router that sent the error saw the other address.
func FuzzRewriteEmbedded(f *testing.F) {
	seedRewrites(f)
	f.Fuzz(func(t *testing.T, kind uint8, seed uint64, from, to uint32) {
		const peer = 0xc6336407
		packet := between(kind%(kinds-1), noise(seed, 500))
		fault := func(src, dst uint32, n int) []byte {
			quote := string(packet(src, dst).Bytes()[wire.EthernetLen:])
			return wiretest.ICMP("192.0.2.1", "192.0.2.9", wire.ICMPTimeExceeded, 0).Payload(quote).Quote(n).Bytes()
		}
		total := len(packet(from, peer).Bytes()) - wire.EthernetLen
		for _, n := range []int{28, 29, 36, 38, 39, 40, 41, total} { // 37 ends within TCP's checksum
			if n <= total {
				rewrittenQuote(t, fault(from, peer, n), fault(to, peer, n), to, wire.RewriteEmbeddedSrc)
				rewrittenQuote(t, fault(peer, from, n), fault(peer, to, n), to, wire.RewriteEmbeddedDst)
			}
		}
	})
}

func rewrittenQuote(t *testing.T, frame, want []byte, to uint32, rewrite func([]byte, *wire.Headers, *wire.Headers, wire.Addr)) {
	t.Helper()
	h := parse(t, frame)
	q, ok := wire.Embedded(frame, &h)
	require.True(t, ok)
	rewrite(frame, &h, &q, wire.AddrFrom4(to))
	require.Equal(t, want, frame)
	wanted, _ := wire.Embedded(want, &h)
	require.Equal(t, wanted, q, "the headers follow")
}

// Half a checksum cannot follow the address. The error's own still does.
func TestRewriteEmbeddedLeavesHalfAChecksum(t *testing.T) {
	frame := wiretest.ICMPError(wire.ICMPTimeExceeded, 0, "192.0.2.1", tcp.Bytes()).Quote(37).Bytes()
	h, half := parse(t, frame), frame[len(frame)-1]
	q, _ := wire.Embedded(frame, &h)
	wire.RewriteEmbeddedSrc(frame, &h, &q, wire.AddrFrom4(0x01020304))
	require.Equal(t, half, frame[len(frame)-1])
	require.NoError(t, wiretest.Check(frame))
}

// Whoever rewrites a wrong checksum keeps it as wrong, so that the receiver
// still sees that the packet was damaged.
func TestRewriteHidesNoDamage(t *testing.T) {
	frame := wiretest.Put(tcp.Payload("damaged").Bytes(), 54, 'D')
	h := parse(t, frame)
	wire.RewriteDst(frame, &h, wire.AddrFrom4(0x01020304))
	require.ErrorContains(t, wiretest.Check(frame), "TCP checksum is wrong")
}

// A sum of 0 is 0xffff in UDP and UDP-Lite, where 0 says that there is none, and 0
// in TCP and DCCP.
func TestRewriteTellsNoSumFromZero(t *testing.T) {
	for _, c := range []struct {
		p    wiretest.Packet
		at   int
		want []byte
	}{
		{udp, 40, []byte{0xff, 0xff}},
		{wiretest.UDPLite("10.0.1.5:40000", "10.0.1.6:53"), 40, []byte{0xff, 0xff}},
		{wiretest.DCCP("10.0.1.5:40000", "10.0.1.6:53"), 40, []byte{0, 0}},
		{tcp, 50, []byte{0, 0}},
	} {
		frame := zeroSum(c.p, c.at).Bytes() // from 10.0.1.5 the sum is 0
		require.Equal(t, c.want, frame[c.at:c.at+2])
		h := parse(t, frame)
		wire.RewriteSrc(frame, &h, wire.AddrFrom4(0x0a000106))
		require.NotEqual(t, c.want, frame[c.at:c.at+2])
		wire.RewriteSrc(frame, &h, wire.AddrFrom4(0x0a000105))
		require.Equal(t, c.want, frame[c.at:c.at+2])
	}
	frame := udp.NoChecksum().Bytes()
	h := parse(t, frame)
	wire.RewriteSrc(frame, &h, wire.AddrFrom4(0x0a000106))
	require.Equal(t, []byte{0, 0}, frame[40:42])
}
