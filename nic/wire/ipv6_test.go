package wire_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

var a6, b6 = wiretest.Addr("2001:db8::5"), wiretest.Addr("2001:db8::6")

func TestParseReadsIPv6(t *testing.T) {
	require.Equal(t, wire.Headers{
		Tuple: wire.Tuple{Src: a6, Dst: b6, SrcPort: 40000, DstPort: 80, Proto: wire.ProtoTCP},
		Flags: wire.TCPSyn, EtherType: wire.EtherTypeIPv6, L3: 14, L4: 54, End: 76,
	}, parse(t, tcp6.Flags(wire.TCPSyn).Payload("hi").Pad(90).Bytes()))
	require.Equal(t, wire.Headers{
		Tuple:     wire.Tuple{Src: a6, Dst: b6, SrcPort: 40000, DstPort: 53, Proto: wire.ProtoUDP},
		EtherType: wire.EtherTypeIPv6, Tagged: true, L3: 18, L4: 58, End: 66,
	}, parse(t, udp6.VLAN(7).Bytes()))
}

// Echoes alone have an identifier, and in the other family's ICMP they are none.
func TestParseReadsICMPv6(t *testing.T) {
	echo := parse(t, wiretest.Echo("2001:db8::5", "2001:db8::6", 700).Bytes())
	require.Equal(t, wire.Tuple{Src: a6, Dst: b6, SrcPort: 700, DstPort: 700, Proto: wire.ProtoICMPv6}, echo.Tuple)
	require.EqualValues(t, wire.ICMPv6Echo, echo.Query())
	reply := parse(t, wiretest.EchoReply("2001:db8::6", "2001:db8::5", 700).Bytes())
	require.EqualValues(t, 700, reply.SrcPort)
	require.EqualValues(t, wire.ICMPv6Echo, reply.Query())

	old := parse(t, wiretest.ICMP("2001:db8::5", "2001:db8::6", wire.ICMPEcho, 0).MTU(700).Bytes())
	require.Zero(t, old.SrcPort)
	require.Zero(t, old.Query())
	for _, strange := range []wiretest.Packet{wiretest.IP("2001:db8::5", "2001:db8::6", wire.ProtoICMP), wiretest.IP("10.0.1.5", "10.0.1.6", wire.ProtoICMPv6)} {
		h := parse(t, strange.Payload("\x80\x00____").Bytes())
		require.False(t, h.IsICMP())
		require.Zero(t, h.Query())
	}
}

// The transport header is found behind all extension headers that RFC 8200 section 4.1
// orders, and AH and ESP are protocols.
func TestParsePassesExtensionHeaders(t *testing.T) {
	h := parse(t, tcp6.Extension(0, 8).Extension(60, 24).Extension(43, 16).Extension(60, 8).Bytes())
	require.Equal(t, wire.Tuple{Src: a6, Dst: b6, SrcPort: 40000, DstPort: 80, Proto: wire.ProtoTCP}, h.Tuple)
	require.EqualValues(t, []uint16{54 + 56, 54 + 56 + 20}, []uint16{h.L4, h.End})
	parse(t, extended(tcp6, 8))
	for _, proto := range []uint8{50, 51} {
		h := parse(t, wiretest.IP("2001:db8::5", "2001:db8::6", proto).Payload("x").Bytes())
		require.EqualValues(t, proto, h.Proto)
	}
}

// Ports are the first fragment's; ID, which has 32 bits, is what leads later ones to it.
func TestParseTellsIPv6Fragments(t *testing.T) {
	frames := udp6.ID(9).Size(54+8+100).Extension(60, 8).Fragments(64)
	require.Len(t, frames, 2)
	first, later := parse(t, frames[0]), parse(t, wiretest.Put(frames[1], 66, 0xab))
	require.Equal(t, []wire.Frag{wire.FirstFragment, wire.LaterFragment}, []wire.Frag{first.Frag, later.Frag})
	require.EqualValues(t, 53, first.DstPort)
	require.Equal(t, wire.Tuple{Src: a6, Dst: b6, Proto: wire.ProtoUDP}, later.Tuple)
	require.EqualValues(t, []uint32{9, 0xab000009}, []uint32{first.ID, later.ID})

	whole := parse(t, udp6.Extension(44, 8).Bytes()) // RFC 6946
	require.Equal(t, wire.Whole, whole.Frag)
}

// The congestion mark lies across two bytes, between DSCP and flow label.
func TestIPv6ECN(t *testing.T) {
	ip := wire.IPv6(tcp6.TOS(0xb8 | byte(wire.ECT0)).Bytes()[14:])
	require.Equal(t, wire.ECT0, ip.ECN())
	ip[1] |= 0x0f // of the flow label
	ip.SetECN(wire.CE)
	require.Equal(t, []byte{0x6b, 0xbf}, []byte(ip[:2]))
}

// A packet of IPv6 is plain if it is TCP or UDP whole, untagged, without extension headers,
// and between addresses that are none of IPv4's.
func TestPlainIPv6(t *testing.T) {
	long := udp6.Size(80)
	for _, c := range []struct {
		what  string
		plain bool
		frame []byte
	}{
		{"TCP", true, tcp6.Bytes()},
		{"TCP, padded", true, tcp6.Pad(120).Bytes()},
		{"UDP", true, long.Bytes()},
		{"UDP without 12 bytes of data", false, udp6.Payload("short").Bytes()},
		{"IPv4", false, tcp.Bytes()},
		{"ICMPv6", false, ping6.Size(80).Bytes()},
		{"an extension header", false, tcp6.Extension(60, 8).Bytes()},
		{"a tag", false, tcp6.VLAN(7).Bytes()},
		{"a fragment", false, udp6.Size(300).Fragments(64)[0]},
		{"version 4", false, wiretest.Put(tcp6.Bytes(), 14, 0x40)},
		{"a payload beyond the frame", false, wiretest.Put(tcp6.Bytes(), 18, 0x7f)},
		{"a TCP header beyond the payload", false, wiretest.Put(tcp6.Bytes(), 66, 0xf0)},
		{"a TCP header of 16 bytes", false, wiretest.Put(tcp6.Bytes(), 66, 0x40)},
		{"a datagram beyond the payload", false, wiretest.Put(long.Bytes(), 58, 0x7f)},
		{"a datagram of 7 bytes", false, wiretest.Put(long.Bytes(), 58, 0, 7)},
		{"a source of IPv4", false, wiretest.Put(tcp6.Bytes(), 22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff)},
		{"a destination of IPv4", false, wiretest.Put(tcp6.Bytes(), 38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff)},
	} {
		require.Equal(t, c.plain, wire.PlainPacket6(c.frame) != nil, c.what)
		_, inner := wire.PlainTunnel6(wiretest.VXLAN("172.16.0.1", "172.16.0.2", 5001, c.frame).Bytes())
		require.Equal(t, c.plain, inner != nil, c.what)
	}
	sound := wiretest.VXLAN("172.16.0.1", "172.16.0.2", 5001, tcp6.Bytes()).Bytes()
	for _, at := range []int{14, 17, 20, 24, 36, 39, 40, 42} {
		tunnel, _ := wire.PlainTunnel6(wiretest.Put(sound, at, sound[at]^8))
		require.Nil(t, tunnel, "outer byte %d", at)
	}
}
