package wire_test

import (
	"bytes"
	"encoding/binary"
	"net"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// seedFrames adds a frame of each kind, whole and in a tunnel, and the
// malformed ones of the other tests.
func seedFrames(f *testing.F) {
	sound := []wiretest.Packet{
		tcp, tcp.Flags(wire.TCPSyn).TCPOptions(2, 4, 5, 0xb4), tcp.Options(1, 1, 1, 0), tcp.Size(100).Pad(120),
		udp, udp.Size(64), udp.NoChecksum(), ping, ping.Size(99), wiretest.IP("10.0.1.5", "10.0.1.6", 47),
		tcp.VLAN(7), udp.Size(80).VLAN(7).QinQ(8), tunnel, tunnel.Checksum(), tunnel.VLAN(2),
		wiretest.ARPRequest(wiretest.SrcMAC, "10.0.1.5", "10.0.1.6"),
		wiretest.Ethernet(0x88cc, make([]byte, 40)), wiretest.Ethernet(0x26, make([]byte, 0x26)),
		wiretest.ICMPError(wire.ICMPUnreachable, 4, "10.0.1.1", tcp.Bytes()),
		wiretest.ICMPError(wire.ICMPTimeExceeded, 0, "10.0.1.1", udp.Bytes()).Quote(28),
		tcp6, tcp6.Extension(0, 8).Extension(43, 24).Extension(60, 8), udp6.VLAN(7), ping6, wiretest.ICMPError(2, 0, "2001:db8::1", tcp6.Bytes()),
	}
	for _, p := range sound {
		f.Add(p.Bytes())
		f.Add(wiretest.VXLAN("172.16.0.1", "172.16.0.2", 5001, p.Bytes()).Bytes())
	}
	for _, p := range []wiretest.Packet{udp6.Size(80), tcp6.Size(90).Pad(120), tcp6.TCPOptions(2, 4, 5, 0xb4)} {
		f.Add(p.Bytes())
		f.Add(wiretest.VXLAN("172.16.0.1", "172.16.0.2", 5001, p.Bytes()).Bytes())
	}
	for _, piece := range append(udp.Size(300).Fragments(64), udp6.Size(300).Extension(60, 8).Fragments(64)...) {
		f.Add(piece)
	}
	for _, c := range append(faulty, faultyTunnels...) {
		f.Add(c.frame[:min(len(c.frame), 1000)])
	}
}

// What Parse and ParseVXLAN accept, gopacket decodes alike; offsets are in
// order; no frame is changed; and rewriting keeps right checksums right.
func FuzzParse(f *testing.F) {
	seedFrames(f)
	f.Fuzz(func(t *testing.T, frame []byte) {
		frame = mend(frame)
		before := bytes.Clone(frame)
		var h wire.Headers
		if wire.Parse(frame, &h) == wire.NoFault {
			require.LessOrEqual(t, h.L3, h.End)
			require.LessOrEqual(t, int(h.End), len(frame))
			compare(t, frame, &h)
			rewriteKeepsSums(t, frame)
		}
		var o wire.Outer
		if is, fault := wire.ParseVXLAN(frame, &o); is {
			require.Equal(t, wire.NoFault, fault)
			compareTunnel(t, frame, &h, &o)
		}
		require.Equal(t, before, frame)
	})
}

// mend makes the IPv4 header's checksum right in half of the frames, which
// the fuzzer would hardly ever find by itself.
func mend(frame []byte) []byte {
	if len(frame) < 34 || frame[5]&1 != 0 || binary.BigEndian.Uint16(frame[12:]) != wire.EtherTypeIPv4 {
		return frame
	}
	return wiretest.Mend(frame)
}

// compare checks h against gopacket's reading.
func compare(t *testing.T, frame []byte, h *wire.Headers) {
	var eth layers.Ethernet
	require.NoError(t, eth.DecodeFromBytes(frame, gopacket.NilDecodeFeedback))
	etherType, at, tagged := eth.EthernetType, 14, false
	if etherType == layers.EthernetTypeLLC {
		etherType = layers.EthernetType(eth.Length)
	}
	for etherType == layers.EthernetTypeDot1Q || etherType == layers.EthernetTypeQinQ {
		var tag layers.Dot1Q
		require.NoError(t, tag.DecodeFromBytes(frame[at:], gopacket.NilDecodeFeedback))
		tagged = tagged || tag.VLANIdentifier != 0 // a tag for a priority alone names no VLAN
		etherType, at = tag.Type, at+4
	}
	require.EqualValues(t, etherType, h.EtherType)
	require.EqualValues(t, at, h.L3)
	require.Equal(t, tagged, h.Tagged)
	switch etherType {
	case layers.EthernetTypeIPv4:
		compareIPv4(t, frame, h)
	case layers.EthernetTypeIPv6:
		compareIPv6(t, frame, h)
	case layers.EthernetTypeARP:
		var arp layers.ARP
		require.NoError(t, arp.DecodeFromBytes(frame[at:], gopacket.NilDecodeFeedback))
		ours := wire.ARP(frame[at:])
		sender := ours.SenderMAC()
		require.Equal(t, arp.Operation, ours.Op())
		require.Equal(t, arp.SourceHwAddress, sender[:])
		require.Equal(t, arp.SourceProtAddress, binary.BigEndian.AppendUint32(nil, ours.Sender().As4()))
		require.Equal(t, arp.DstProtAddress, binary.BigEndian.AppendUint32(nil, ours.Target().As4()))
		fallthrough
	default:
		require.Zero(t, h.Tuple)
		require.Zero(t, h.L4)
		require.EqualValues(t, len(frame), h.End)
	}
}

func compareIPv4(t *testing.T, frame []byte, h *wire.Headers) {
	var ip layers.IPv4
	if err := ip.DecodeFromBytes(frame[h.L3:], gopacket.NilDecodeFeedback); err != nil {
		require.Greater(t, h.L4-h.L3, uint16(20), "only over options may gopacket disagree: %v", err)
	}
	require.EqualValues(t, 4, ip.Version)
	require.Equal(t, []byte(ip.SrcIP), binary.BigEndian.AppendUint32(nil, h.Src.As4()))
	require.Equal(t, []byte(ip.DstIP), binary.BigEndian.AppendUint32(nil, h.Dst.As4()))
	require.EqualValues(t, ip.Protocol, h.Proto)
	require.EqualValues(t, ip.Id, h.ID)
	require.EqualValues(t, ip.Length, h.End-h.L3)
	require.EqualValues(t, ip.IHL*4, h.L4-h.L3)
	require.Equal(t, uint16(0xffff), wiretest.Sum(ip.Contents))
	switch {
	case ip.FragOffset != 0:
		require.Equal(t, wire.LaterFragment, h.Frag)
		require.Zero(t, [6]uint16{h.SrcPort, h.DstPort, uint16(h.Flags), uint16(h.Type), uint16(h.Code)})
		return
	case ip.Flags&layers.IPv4MoreFragments != 0:
		require.Equal(t, wire.FirstFragment, h.Frag)
	default:
		require.Equal(t, wire.Whole, h.Frag)
	}
	compareTransport(t, ip.Payload, h)
}

// compareIPv6 follows the headers by gopacket, which knows nothing of AH's place.
func compareIPv6(t *testing.T, frame []byte, h *wire.Headers) {
	var ip layers.IPv6
	if err := ip.DecodeFromBytes(frame[h.L3:], gopacket.NilDecodeFeedback); err != nil {
		return // it reads hop-by-hop options at once, and refuses some
	}
	require.EqualValues(t, 6, ip.Version)
	require.Equal(t, []net.IP{ip.SrcIP, ip.DstIP}, []net.IP{h.Src.Netip().AsSlice(), h.Dst.Netip().AsSlice()})
	require.EqualValues(t, 40+int(ip.Length), h.End-h.L3)
	next, b := layers.IPProtocol(frame[h.L3+6]), frame[h.L3+40:h.End]
	for h.Frag != wire.LaterFragment && (next == 0 || next == 43 || next == 44 || next == 60) {
		n := 8 + 8*int(b[1])
		if next == 44 {
			n = 8
		}
		next, b = layers.IPProtocol(b[0]), b[n:]
	}
	if h.Frag == wire.LaterFragment {
		require.Zero(t, [6]uint16{h.SrcPort, h.DstPort, uint16(h.Flags), uint16(h.Type), uint16(h.Code)})
		return
	}
	require.EqualValues(t, next, h.Proto)
	require.EqualValues(t, int(h.End)-len(b), h.L4)
	if next != wire.ProtoICMP {
		compareTransport(t, b, h)
	}
}

func compareTransport(t *testing.T, b []byte, h *wire.Headers) {
	var got, want wire.Headers // only what a transport header sets
	got.SrcPort, got.DstPort, got.Flags, got.Type, got.Code = h.SrcPort, h.DstPort, h.Flags, h.Type, h.Code
	switch h.Proto {
	case wire.ProtoTCP:
		var tcp layers.TCP
		if err := tcp.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
			require.Greater(t, tcp.DataOffset, uint8(5), "only over options may gopacket disagree: %v", err)
		}
		require.LessOrEqual(t, int(tcp.DataOffset)*4, len(b))
		want.SrcPort, want.DstPort = uint16(tcp.SrcPort), uint16(tcp.DstPort)
		for i, set := range []bool{tcp.FIN, tcp.SYN, tcp.RST, tcp.PSH, tcp.ACK, tcp.URG, tcp.ECE, tcp.CWR} {
			if set {
				want.Flags |= 1 << i
			}
		}
	case wire.ProtoUDP:
		var udp layers.UDP
		require.NoError(t, udp.DecodeFromBytes(b, gopacket.NilDecodeFeedback))
		require.GreaterOrEqual(t, udp.Length, uint16(8))
		if h.Frag == wire.Whole {
			require.LessOrEqual(t, int(udp.Length), len(b))
		}
		want.SrcPort, want.DstPort = uint16(udp.SrcPort), uint16(udp.DstPort)
	case wire.ProtoICMP:
		var icmp layers.ICMPv4
		require.NoError(t, icmp.DecodeFromBytes(b, gopacket.NilDecodeFeedback))
		want.Type, want.Code = icmp.TypeCode.Type(), icmp.TypeCode.Code()
		switch want.Type {
		case 0, 8, 13, 14, 15, 16, 17, 18, 42, 43: // echo, timestamp, information, address mask, extended echo
			want.SrcPort, want.DstPort = icmp.Id, icmp.Id
		}
	case wire.ProtoICMPv6:
		if h.EtherType != wire.EtherTypeIPv6 {
			break
		}
		var icmp layers.ICMPv6
		require.NoError(t, icmp.DecodeFromBytes(b, gopacket.NilDecodeFeedback))
		want.Type, want.Code = icmp.TypeCode.Type(), icmp.TypeCode.Code()
		if want.Type == 128 || want.Type == 129 {
			want.SrcPort = binary.BigEndian.Uint16(icmp.LayerPayload())
			want.DstPort = want.SrcPort
		}
	}
	require.Equal(t, want, got)
}

func compareTunnel(t *testing.T, frame []byte, h *wire.Headers, o *wire.Outer) {
	var udp layers.UDP
	var vxlan layers.VXLAN
	require.NoError(t, udp.DecodeFromBytes(frame[h.L4:h.End], gopacket.NilDecodeFeedback))
	require.NoError(t, vxlan.DecodeFromBytes(udp.Payload, gopacket.NilDecodeFeedback))
	require.Equal(t, layers.LayerTypeVXLAN, udp.NextLayerType())
	require.True(t, vxlan.ValidIDFlag)
	require.Equal(t, wire.Whole, h.Frag)
	require.Equal(t, vxlan.Payload, frame[o.Inner:o.End])
	require.Equal(t, wire.Outer{
		Station: wire.Ethernet(frame).Dst().Bits(), Src: h.Src, Dst: h.Dst, VNI: vxlan.VNI, SrcPort: uint16(udp.SrcPort),
		Inner: o.Inner, End: o.End, ECN: wire.ECN(frame[h.L3+1] & 3), Tagged: h.Tagged, SentOn: udp.Payload[7]&1 != 0,
	}, *o)
}

// rewriteKeepsSums works on a copy of a frame that Parse accepts.
func rewriteKeepsSums(t *testing.T, frame []byte) {
	frame = bytes.Clone(frame)
	var h wire.Headers
	wire.Parse(frame, &h)
	if h.EtherType != wire.EtherTypeIPv4 {
		return
	}
	right := wiretest.Check(frame) == nil
	wire.RewriteSrc(frame, &h, wire.AddrFrom4(h.Src.As4()^0x00ff01ff))
	wire.RewriteDst(frame, &h, wire.AddrFrom4(^h.Dst.As4()))
	if q, ok := wire.Embedded(frame, &h); ok {
		require.LessOrEqual(t, h.L4+8, q.L3)
		require.LessOrEqual(t, q.L4, q.End)
		require.LessOrEqual(t, q.End, h.End)
		wire.RewriteEmbeddedSrc(frame, &h, &q, wire.AddrFrom4(q.Src.As4()+0x00ff01ff))
		wire.RewriteEmbeddedDst(frame, &h, &q, wire.AddrFrom4(^q.Dst.As4()))
	}
	if right {
		require.NoError(t, wiretest.Check(frame))
	}
}

// The short way accepts nothing that the judges would not, and reads the same.
func FuzzPlain(f *testing.F) {
	seedFrames(f)
	f.Fuzz(func(t *testing.T, frame []byte) {
		frame = mend(frame)
		var short, long wire.Headers
		require.Equal(t, wire.ParseAny(frame, &long), wire.Parse(frame, &short))
		require.Equal(t, long, short)
		if p := wire.PlainPacket(frame); p != nil {
			requireReads(t, &long, p)
		}
		if p := wire.PlainPacket6(frame); p != nil {
			requireReads6(t, &long, p)
		}
		var o wire.Outer
		tunnel, inner := wire.PlainTunnel(frame), (*wire.Plain6)(nil)
		if tunnel == nil {
			tunnel, inner = wire.PlainTunnel6(frame)
		}
		if tunnel == nil {
			return
		}
		is, fault := wire.ParseVXLAN(frame, &o)
		require.Equal(t, []any{true, wire.NoFault}, []any{is, fault})
		require.Equal(t, []any{uint16(wire.OuterLen), uint16(len(frame))}, []any{o.Inner, o.End})
		require.Equal(t, []any{o.Station, o.Src, o.Dst}, []any{tunnel.Station(), wire.AddrFrom4(tunnel.Src()), wire.AddrFrom4(tunnel.Dst())})
		require.Equal(t, wire.TargetOf(o.VNI, wire.Ethernet(frame[o.Inner:]).DstBits()), tunnel.Target())
		require.Equal(t, wire.NoFault, wire.ParseAny(frame[o.Inner:o.End], &long))
		if inner != nil {
			requireReads6(t, &long, inner)
		} else {
			requireReads(t, &long, tunnel.Inner())
		}
	})
}

// requireReads6 holds that p says what the judges found.
func requireReads6(t *testing.T, h *wire.Headers, p *wire.Plain6) {
	t.Helper()
	var described wire.Headers
	p.Describe(&described)
	require.Equal(t, *h, described)
	require.Equal(t, int(h.End-h.L3), p.Len())
}

// requireReads holds that p says what the judges found.
func requireReads(t *testing.T, h *wire.Headers, p *wire.Plain) {
	t.Helper()
	require.Equal(t, h.Tuple, wire.Tuple{Src: wire.AddrFrom4(p.Src()), Dst: wire.AddrFrom4(p.Dst()), SrcPort: p.SrcPort(), DstPort: p.DstPort(), Proto: p.Proto()})
	require.Equal(t, []any{h.Flags, h.Frag, h.Tagged, int(h.End - h.L3)}, []any{p.Flags(), wire.Whole, false, p.Len()})
	require.Equal(t, wire.Ethernet(p[:]).DstBits(), p.DstBits())
	require.Equal(t, wire.Ethernet(p[:]).SrcBits(), p.SrcBits())
}
