package wire_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

var a, b = wiretest.Addr("10.0.1.5"), wiretest.Addr("10.0.1.6")

// parse is Parse for frames that must be accepted. What h held before must
// not matter.
func parse(t testing.TB, frame []byte) wire.Headers {
	t.Helper()
	h := wire.Headers{Flags: 0xff, Frag: 0xff, Type: 0xff, Code: 0xff, Tagged: true, ID: 0xffff}
	f := wire.Parse(frame, &h)
	require.Equal(t, wire.NoFault, f, "%s: %x", f.Sentence(), frame)
	return h
}

func TestParseReadsTCP(t *testing.T) {
	frame := wiretest.TCP("10.0.1.5:40000", "10.0.1.6:80").Flags(wire.TCPSyn | wire.TCPEce).ID(77).Payload("hi").Bytes()
	require.Equal(t, wire.Headers{
		Tuple: wire.Tuple{Src: a, Dst: b, SrcPort: 40000, DstPort: 80, Proto: wire.ProtoTCP},
		Flags: wire.TCPSyn | wire.TCPEce, EtherType: wire.EtherTypeIPv4, ID: 77,
		L3: 14, L4: 34, End: 56,
	}, parse(t, frame))
}

func TestParseReadsUDP(t *testing.T) {
	frame := wiretest.UDP("10.0.1.5:5353", "10.0.1.6:53").Size(64).Bytes()
	require.Equal(t, wire.Headers{
		Tuple:     wire.Tuple{Src: a, Dst: b, SrcPort: 5353, DstPort: 53, Proto: wire.ProtoUDP},
		EtherType: wire.EtherTypeIPv4, ID: 1, L3: 14, L4: 34, End: 64,
	}, parse(t, frame))
}

// Request and reply of an echo have the same ports, so both find one
// connection; no other message has any.
func TestParseReadsICMP(t *testing.T) {
	echo := parse(t, wiretest.Echo("10.0.1.5", "10.0.1.6", 700).Bytes())
	require.Equal(t, wire.Tuple{Src: a, Dst: b, SrcPort: 700, DstPort: 700, Proto: wire.ProtoICMP}, echo.Tuple)
	require.EqualValues(t, wire.ICMPEcho, echo.Type)

	reply := parse(t, wiretest.EchoReply("10.0.1.6", "10.0.1.5", 700).Bytes())
	require.Equal(t, wire.Tuple{Src: b, Dst: a, SrcPort: 700, DstPort: 700, Proto: wire.ProtoICMP}, reply.Tuple)
	require.EqualValues(t, wire.ICMPEchoReply, reply.Type)

	full := parse(t, wiretest.ICMP("10.0.1.5", "10.0.1.6", wire.ICMPUnreachable, wire.ICMPFragNeeded).MTU(1500).Bytes())
	require.Equal(t, wire.Tuple{Src: a, Dst: b, Proto: wire.ProtoICMP}, full.Tuple)
	require.EqualValues(t, wire.ICMPFragNeeded, full.Code)
}

func TestParseSkipsTagsOptionsAndPadding(t *testing.T) {
	tcp := wiretest.TCP("10.0.1.5:1", "10.0.1.6:2")
	h := parse(t, tcp.VLAN(7).Bytes())
	require.True(t, h.Tagged)
	require.EqualValues(t, []uint16{18, 38, 58}, []uint16{h.L3, h.L4, h.End})

	h = parse(t, tcp.VLAN(0).Bytes())
	require.False(t, h.Tagged, "a priority names no VLAN")
	require.EqualValues(t, []uint16{18, 38}, []uint16{h.L3, h.L4})
	h = parse(t, tcp.VLAN(7).QinQ(0).Bytes())
	require.True(t, h.Tagged, "the inner tag names one")
	h = parse(t, tcp.VLAN(0).QinQ(4000).Bytes())
	require.True(t, h.Tagged, "the outer tag names one")

	h = parse(t, tcp.VLAN(7).QinQ(4000).Bytes())
	require.EqualValues(t, 22, h.L3)
	require.EqualValues(t, wire.EtherTypeIPv4, h.EtherType)

	h = parse(t, tcp.Options(1, 1, 1, 0).TCPOptions(1, 1, 1, 0).Bytes())
	require.EqualValues(t, []uint16{14, 38, 62}, []uint16{h.L3, h.L4, h.End})
	require.EqualValues(t, 2, h.DstPort)

	h = parse(t, tcp.Pad(60).Bytes())
	require.EqualValues(t, 54, h.End)
}

// Ports are the first fragment's; ID is what leads later ones to it.
func TestParseTellsFragments(t *testing.T) {
	frames := wiretest.UDP("10.0.1.5:1", "10.0.1.6:2").ID(9).Size(14 + 20 + 8 + 100).Fragments(64)
	require.Len(t, frames, 2)
	first, later := parse(t, frames[0]), parse(t, frames[1])
	require.Equal(t, []wire.Frag{wire.FirstFragment, wire.LaterFragment}, []wire.Frag{first.Frag, later.Frag})
	require.EqualValues(t, 2, first.DstPort)
	require.Equal(t, wire.Tuple{Src: a, Dst: b, Proto: wire.ProtoUDP}, later.Tuple)
	require.Equal(t, first.ID, later.ID)
}

func TestParseTakesTheFarthestFragments(t *testing.T) {
	parse(t, ip(udp, 3, 65512/8)) // ends at 65535
	parse(t, ip(tcp, 16, 2))      // starts after the flags
	parse(t, ip(ping, 7, 1))
}

func TestParseNamesWhatItDoesNotRead(t *testing.T) {
	gre := parse(t, wiretest.IP("10.0.1.5", "10.0.1.6", 47).Payload("x").Bytes())
	require.Equal(t, wire.Tuple{Src: a, Dst: b, Proto: 47}, gre.Tuple)
	require.EqualValues(t, 34, gre.L4)

	lldp := wiretest.Ethernet(0x88cc, make([]byte, 40))
	require.Equal(t, wire.Headers{EtherType: 0x88cc, L3: 14, End: 54}, parse(t, lldp.Bytes()))
	require.Equal(t, wire.Headers{EtherType: 0x88cc, L3: 18, End: 58}, parse(t, lldp.VLAN(0).Bytes()))

	arp := parse(t, wiretest.ARPRequest(wiretest.SrcMAC, "10.0.1.5", "10.0.1.1").Bytes())
	require.Equal(t, wire.Headers{EtherType: wire.EtherTypeARP, L3: 14, End: 42}, arp)
}

// A UDP datagram may end before its packet does. It may not end after it,
// unless the packet is only the first fragment.
func TestParseTakesUDPShorterThanItsPacket(t *testing.T) {
	frame := wiretest.UDP("10.0.1.5:1", "10.0.1.6:2").Payload("0123456789012345").Bytes()
	parse(t, wiretest.Put(frame, 38, 0, 8))
}

func TestPacketPathDoesNotAllocate(t *testing.T) {
	inner := wiretest.TCP("10.0.1.5:1", "10.0.1.6:2").VLAN(3).Size(64).Bytes()
	tunnel := wiretest.VXLAN("172.16.0.1", "172.16.0.2", 5, inner).Checksum().Bytes()
	failed := wiretest.ICMPError(wire.ICMPUnreachable, 1, "10.0.1.1", wiretest.UDP("10.0.1.5:1", "10.0.1.6:2").Bytes()).Bytes()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		var o wire.Outer
		var h wire.Headers
		is, f := wire.ParseVXLAN(tunnel, &o)
		if f |= wire.Parse(inner, &h); !is || f != wire.NoFault {
			panic(f.Sentence())
		}
		wire.RewriteSrc(inner, &h, h.Dst)
		if f := wire.Parse(failed, &h); f != wire.NoFault {
			panic(f.Sentence())
		}
		q, _ := wire.Embedded(failed, &h)
		wire.RewriteEmbeddedSrc(failed, &h, &q, h.Src)
	}))
}
