package gso

import (
	"encoding/binary"
	"hash/crc32"
	"testing"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/serial"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"
)

var (
	ether = &layers.Ethernet{SrcMAC: []byte{2, 0, 0, 0, 0, 1}, DstMAC: []byte{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv4}
	outer = &layers.IPv4{Version: 4, TTL: 64, Id: 0xfffe, Protocol: layers.IPProtocolUDP, SrcIP: []byte{172, 16, 0, 1}, DstIP: []byte{172, 16, 0, 2}}
	inner = &layers.IPv4{Version: 4, TTL: 64, Id: 7, Flags: layers.IPv4DontFragment, SrcIP: []byte{10, 0, 0, 1}, DstIP: []byte{10, 0, 0, 2}}
	ip6   = &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolTCP, SrcIP: make([]byte, 16), DstIP: append(make([]byte, 15), 1)}
	vni   = &layers.VXLAN{ValidIDFlag: true, VNI: 5001}
)

// options are a TCP timestamp as Linux sends it.
var options = []layers.TCPOption{{OptionType: layers.TCPOptionKindNop}, {OptionType: layers.TCPOptionKindNop},
	{OptionType: layers.TCPOptionKindTimestamps, OptionLength: 10, OptionData: make([]byte, 8)}}

// build is oracle and test input: gopacket writes what we expect. Every
// header in parts is a copy, so cases may share them.
func build(t testing.TB, parts ...gopacket.SerializableLayer) []byte {
	t.Helper()
	frame, err := serial.Frame(parts...)
	require.NoError(t, err)
	return frame
}

func payload(n int) gopacket.Payload {
	b := make(gopacket.Payload, n)
	for i := range b {
		b[i] = byte(i * 31)
	}
	return b
}

// ip is an IPv4 header like h, with the ID of a later segment.
func ip(h *layers.IPv4, proto layers.IPProtocol, later int) *layers.IPv4 {
	c := *h
	c.Protocol = proto
	c.Id += uint16(later)
	return &c
}

func tcp(later int, flags uint8) *layers.TCP {
	return &layers.TCP{SrcPort: 1000, DstPort: 80, Seq: 0xffffff00 + uint32(later), Ack: 5, ACK: true, Options: options,
		FIN: flags&wire.TCPFin != 0, PSH: flags&wire.TCPPsh != 0, CWR: flags&wire.TCPCwr != 0}
}

func udp(port int) *layers.UDP {
	return &layers.UDP{SrcPort: 1000, DstPort: layers.UDPPort(port)}
}

type parts = []gopacket.SerializableLayer

func cutAll(c *Cutter) (segments [][]byte) {
	for c.Active() {
		buf := make([]byte, 2000)
		segments = append(segments, buf[:c.Next(buf)])
	}
	return segments
}

// Each case: what precedes the transport header of segment n, the same for
// all transports, and where that header starts.
func TestCut(t *testing.T) {
	const all = wire.TCPFin | wire.TCPPsh | wire.TCPCwr
	const size, last = 1000, 77
	type stack func(n int, proto layers.IPProtocol) parts
	plainly := func(n int, proto layers.IPProtocol) parts { return parts{ether, ip(inner, proto, n)} }
	tagged := func(n int, proto layers.IPProtocol) parts {
		e := *ether
		e.EthernetType = layers.EthernetTypeDot1Q
		return parts{&e, &layers.Dot1Q{VLANIdentifier: 7, Type: layers.EthernetTypeIPv4}, ip(inner, proto, n)}
	}
	tunnel := func(n int, proto layers.IPProtocol) parts {
		return parts{ether, ip(outer, layers.IPProtocolUDP, n), udp(4789), vni, ether, ip(inner, proto, n)}
	}
	v6 := func(int, layers.IPProtocol) parts {
		e := *ether
		e.EthernetType = layers.EthernetTypeIPv6
		return parts{&e, ip6}
	}
	for _, c := range []struct {
		name  string
		stack stack
		start int
		kind  uint8
	}{
		{"TCP", plainly, 34, tcp4},
		{"TCP with ECN", plainly, 34, tcp4 | ecn},
		{"TCP in a VLAN", tagged, 38, tcp4},
		{"TCP in a tunnel", tunnel, 84, tcp4},
		{"TCP over IPv6", v6, 54, tcp6},
		{"UDP", plainly, 34, udpL4},
		{"UDP in a tunnel", tunnel, 84, udpL4},
	} {
		t.Run(c.name, func(t *testing.T) {
			segment := func(n, from, to int, flags uint8) []byte {
				if c.kind == udpL4 {
					return build(t, append(c.stack(n, layers.IPProtocolUDP), udp(53), payload(3*size + last)[from:to])...)
				}
				return build(t, append(c.stack(n, layers.IPProtocolTCP), tcp(from, flags), payload(3*size + last)[from:to])...)
			}
			merged := segment(0, 0, 3*size+last, all)
			header := binary.NativeEndian.AppendUint16([]byte{needsSum, c.kind, 0, 0}, size)
			header = binary.NativeEndian.AppendUint16(header, uint16(c.start))
			header = binary.NativeEndian.AppendUint16(header, 16)
			h := Read(header)
			require.True(t, h.Merged())

			var cut Cutter
			require.True(t, cut.Start(merged, &h, 2000))
			require.Equal(t, [][]byte{
				segment(0, 0, size, wire.TCPCwr),
				segment(1, size, 2*size, 0),
				segment(2, 2*size, 3*size, 0),
				segment(3, 3*size, 3*size+last, wire.TCPFin|wire.TCPPsh),
			}, cutAll(&cut))
		})
	}
}

func TestATunnelWithoutChecksumStaysWithout(t *testing.T) {
	merged := build(t, ether, ip(outer, layers.IPProtocolUDP, 0), udp(4789), vni, ether, ip(inner, layers.IPProtocolTCP, 0), tcp(0, 0), payload(2000))
	clear(merged[40:42])
	var cut Cutter
	require.True(t, cut.Start(merged, &Header{kind: tcp4, size: 1000, start: 84}, 2000))
	segments := cutAll(&cut)
	require.Len(t, segments, 2)
	for _, s := range segments {
		require.Equal(t, []byte{0, 0}, s[40:42])
	}
}

func TestCutRefusesWhatItDoesNotUnderstand(t *testing.T) {
	merged := build(t, ether, ip(inner, layers.IPProtocolTCP, 0), tcp(0, 0), payload(2000))
	good := Header{kind: tcp4, size: 1000, start: 34}
	for name, spoil := range map[string]func(f []byte, h *Header) []byte{
		"segments longer than a port carries": func(f []byte, h *Header) []byte { h.size = 1950; return f },
		"no size":                             func(f []byte, h *Header) []byte { h.size = 0; return f },
		"transport elsewhere":                 func(f []byte, h *Header) []byte { h.start = 38; return f },
		"transport beyond the end":            func(f []byte, h *Header) []byte { h.start = 60000; return f },
		"UDP said, TCP there":                 func(f []byte, h *Header) []byte { h.kind = udpL4; return f },
		"no IP":                               func(f []byte, _ *Header) []byte { f[14] = 0; return f },
		"TCP header of less than itself":      func(f []byte, _ *Header) []byte { f[46] = 0x40; return f },
		"headers cut":                         func(f []byte, _ *Header) []byte { return f[:50] },
		"headers only":                        func(f []byte, _ *Header) []byte { return f[:66] },
		"nothing":                             func([]byte, *Header) []byte { return nil },
	} {
		frame, h := append([]byte(nil), merged...), good
		var cut Cutter
		require.False(t, cut.Start(spoil(frame, &h), &h, 2000), name)
		require.False(t, cut.Active(), name)
	}
}

// unfinished is a frame whose checksum holds only the pseudo-header's sum, as
// Linux leaves it.
func unfinished(frame []byte, start, offset int, proto uint32) []byte {
	sum := proto + uint32(len(frame)-start)
	for i := start - 8; i < start; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(frame[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	f := append([]byte(nil), frame...)
	binary.BigEndian.PutUint16(f[start+offset:], uint16(sum))
	return f
}

func TestSum(t *testing.T) {
	for _, n := range []int{20, 21, 1400} {
		for _, c := range []struct {
			frame         []byte
			start, offset int
			proto         uint32
		}{
			{build(t, ether, ip(inner, layers.IPProtocolTCP, 0), tcp(0, 0), payload(n)), 34, 16, 6},
			{build(t, ether, ip(inner, layers.IPProtocolUDP, 0), udp(53), payload(n)), 34, 6, 17},
			{build(t, ether, ip(outer, layers.IPProtocolUDP, 0), udp(4789), vni, ether, ip(inner, layers.IPProtocolTCP, 0), tcp(0, 0), payload(n)), 84, 16, 6},
		} {
			f := unfinished(c.frame, c.start, c.offset, c.proto)
			require.NotEqual(t, c.frame, f)
			require.True(t, Sum(f, &Header{flags: needsSum, start: c.start, offset: c.offset}))
			require.Equal(t, c.frame, f)
		}
	}
}

func TestSumOfUDPIsNeverZero(t *testing.T) {
	f := make([]byte, 60)
	copy(f[34:], "\xff\xff")
	require.True(t, Sum(f, &Header{flags: needsSum, start: 34, offset: 6}))
	require.Equal(t, []byte{0xff, 0xff}, f[40:42])
}

func TestSumOfSCTPIsACRC(t *testing.T) {
	f := append(make([]byte, 34), "\x10\x00\x20\x00tag!\x00\x00\x00\x00chunk and more"...)
	want := crc32.Checksum(f[34:], crc32.MakeTable(crc32.Castagnoli))
	require.True(t, Sum(f, &Header{flags: needsSum, start: 34, offset: 8}))
	require.Equal(t, want, binary.LittleEndian.Uint32(f[42:]))
}

func TestSumRefusesAHeaderThatDoesNotFit(t *testing.T) {
	for _, h := range []Header{{start: 59, offset: 0}, {start: 60, offset: 16}, {start: 50, offset: 9}, {start: 65535, offset: 65535}, {start: 50, offset: 8}} {
		require.False(t, Sum(make([]byte, 60), &h), h)
	}
}

// A merged datagram whose header names no transport header, and that ends
// where a tunnel's inner frame would begin, has nothing to be cut by.
func TestCutRefusesAFrameWithoutAStart(t *testing.T) {
	frame := build(t, ether, ip(inner, layers.IPProtocolUDP, 0), udp(5), payload(8))
	header := []byte{0, udpL4, 0, 0, 4, 0, 0, 0, 0, 0}
	for n := range len(frame) + 1 {
		h := Read(header)
		require.False(t, new(Cutter).Start(frame[:n], &h, 2000), "%d bytes", n)
	}
}
