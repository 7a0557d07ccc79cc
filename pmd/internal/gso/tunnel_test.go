package gso

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"nitrocard/nic/wire"
	"nitrocard/tables/oracle"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"
)

// stack is what lies around a transport header: for segment n, from the outside
// to the inside. It begins with an IP header of that version.
type stack struct {
	version int
	parts   func(n int) parts
}

func raw(b ...byte) gopacket.SerializableLayer { return gopacket.Payload(b) }

// around are the IP headers, which announce proto.
var around = map[string]func(proto layers.IPProtocol) stack{
	"IPv4": func(proto layers.IPProtocol) stack {
		return stack{4, func(n int) parts { return parts{ip(outer, proto, n)} }}
	},
	"IPv4 with options": func(proto layers.IPProtocol) stack {
		return stack{4, func(n int) parts {
			h := ip(outer, proto, n)
			h.Options = []layers.IPv4Option{{OptionType: 148, OptionLength: 4, OptionData: []byte{0, 0}}} // RFC 2113
			return parts{h}
		}}
	},
	"IPv6": func(proto layers.IPProtocol) stack { return stack{6, func(int) parts { return parts{v6(proto)} }} },
	"IPv6 with extension headers": func(proto layers.IPProtocol) stack {
		return stack{6, func(int) parts {
			return parts{v6(layers.IPProtocolIPv6HopByHop),
				raw(60, 0, 5, 2, 0, 0, 1, 0),                           // router alert
				raw(43, 1, 4, 1, 4, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0),   // tunnel encapsulation limit, padding
				raw(44, 2, 4, 0, 0, 0, 0, 0), raw(make([]byte, 16)...), // segment routing, at its end
				raw(byte(proto), 0, 0, 0, 0, 0, 0, 9)} // an atomic fragment
		}}
	},
}

func v6(proto layers.IPProtocol) *layers.IPv6 {
	h := *ip6
	h.NextHeader = proto
	return &h
}

// in puts headers that depend on no length before what a stack has.
func in(first func(n int) parts, s stack) func(n int) parts {
	return func(n int) parts { return append(first(n), s.parts(n)...) }
}

// ethernet is how a stack looks in Ethernet, perhaps with tags.
func (s stack) ethernet(tags ...uint16) func(n int) parts {
	return in(func(int) parts {
		e := *ether
		types := append(slices.Clone(tags), s.etherType())
		e.EthernetType = layers.EthernetType(types[0])
		p := parts{&e}
		for _, next := range types[1:] {
			p = append(p, raw(0, 7, byte(next>>8), byte(next)))
		}
		return p
	}, s)
}

func (s stack) etherType() uint16 {
	if s.version == 6 {
		return wire.EtherTypeIPv6
	}
	return wire.EtherTypeIPv4
}

func (s stack) proto() layers.IPProtocol {
	if s.version == 6 {
		return protoIPv6
	}
	return protoIPIP
}

// a tunnel over UDP, with a checksum.
func over(port int, ip string, head []byte, body func(n int) parts) stack {
	s := around[ip](layers.IPProtocolUDP)
	return stack{s.version, func(n int) parts {
		return append(append(s.parts(n), udp(port), raw(head...)), body(n)...)
	}}
}

func next16(head string, t uint16, rest ...byte) []byte {
	return append(append([]byte(head), byte(t>>8), byte(t)), rest...)
}

// greWith is a GRE header, whose checksum gopacket computes.
func greWith(sum, key, seq bool, etherType uint16) func(n int) parts {
	return func(n int) parts {
		return parts{&layers.GRE{ChecksumPresent: sum, KeyPresent: key, SeqPresent: seq, Key: 7, Seq: 0xffffffff + uint32(n),
			Protocol: layers.EthernetType(etherType)}}
	}
}

// tunnels are what an inner stack may be put into; ip names what is outside.
var tunnels = map[string]func(ip string, s stack) stack{
	"IP in IP": func(ip string, s stack) stack {
		o := around[ip](s.proto())
		return stack{o.version, in(o.parts, s)}
	},
	"VXLAN": func(ip string, s stack) stack { return over(4789, ip, []byte{8, 0, 0, 0, 0, 0, 7, 0}, s.ethernet()) },
	"VXLAN at a port of its own, group policy, a tag inside": func(ip string, s stack) stack {
		return over(9999, ip, []byte{0x88, 0, 1, 2, 0, 0, 7, 0}, s.ethernet(wire.EtherTypeVLAN))
	},
	"VXLAN-GPE": func(ip string, s stack) stack {
		return over(4790, ip, []byte{12, 0, 0, map[int]byte{4: 1, 6: 2}[s.version], 0, 0, 7, 0}, s.parts)
	},
	"VXLAN-GPE, Ethernet": func(ip string, s stack) stack { return over(4790, ip, []byte{12, 0, 0, 3, 0, 0, 7, 0}, s.ethernet()) },
	"VXLAN-GPE, a service header": func(ip string, s stack) stack {
		nsh := []byte{12, 0, 0, 4, 0, 0, 7, 0, 0x0f, 0xc6, 1, map[int]byte{4: 1, 6: 2}[s.version], 0, 0, 1, 255}
		return over(4790, ip, append(nsh, make([]byte, 16)...), s.parts)
	},
	"Geneve": func(ip string, s stack) stack {
		return over(6081, ip, next16("\x00\x00", etherTypeBridging, 0, 0, 7, 0), s.ethernet())
	},
	"Geneve with options, IP": func(ip string, s stack) stack {
		return over(6081, ip, next16("\x04\x40", s.etherType(), 0, 0, 7, 0, 1, 2, 0x80, 3, 8, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0), s.parts)
	},
	"GUE": func(ip string, s stack) stack { return over(6080, ip, []byte{0, byte(s.proto()), 0, 0}, s.parts) },
	"GUE with fields": func(ip string, s stack) stack {
		return over(5555, ip, []byte{2, byte(s.proto()), 0x80, 0, 1, 2, 3, 4, 5, 6, 7, 8}, s.parts)
	},
	"FOU": func(ip string, s stack) stack { return over(5555, ip, nil, s.parts) },
	"GRE in UDP": func(ip string, s stack) stack {
		return over(4754, ip, nil, in(greWith(false, true, false, s.etherType()), s))
	},
	"MPLS in UDP": func(ip string, s stack) stack {
		return over(6635, ip, []byte{0, 1, 0x20, 64, 0, 2, 0x21, 64}, s.parts)
	},
	"GRE": func(ip string, s stack) stack {
		o := around[ip](protoGRE)
		return stack{o.version, in(o.parts, stack{parts: in(greWith(false, false, false, s.etherType()), s)})}
	},
	"GRE with all, Ethernet": func(ip string, s stack) stack {
		o := around[ip](protoGRE)
		return stack{o.version, in(o.parts, stack{parts: in(greWith(true, true, true, etherTypeBridging), stack{parts: s.ethernet()})})}
	},
	"GRE with a sequence, MPLS": func(ip string, s stack) stack {
		o, labels := around[ip](protoGRE), func(int) parts { return parts{raw(0, 1, 0x21, 64)} }
		return stack{o.version, in(o.parts, stack{parts: in(greWith(false, false, true, etherTypeMPLS), stack{parts: in(labels, s)})})}
	},
	"ERSPAN": func(ip string, s stack) stack {
		o, head := around[ip](protoGRE), func(int) parts { return parts{raw(0x10, 7, 0, 1, 0, 0, 0, 0)} }
		return stack{o.version, in(o.parts, stack{parts: in(greWith(false, false, true, etherTypeERSPAN), stack{parts: in(head, stack{parts: s.ethernet()})})})}
	},
	"Ethernet in IP": func(ip string, s stack) stack {
		o := around[ip](protoEtherIP)
		return stack{o.version, in(o.parts, stack{parts: in(func(int) parts { return parts{raw(0x30, 0)} }, stack{parts: s.ethernet()})})}
	},
}

// each calls fn with every header around a transport, alone and in every
// tunnel over every IP header, and with many of several tunnels.
func each(t *testing.T, fn func(name string, around func(proto layers.IPProtocol) stack)) {
	r := oracle.Random(t)
	ips, kinds := sorted(around), sorted(tunnels)
	for _, inside := range ips {
		fn(inside, around[inside])
		for _, kind := range kinds {
			for _, ip := range ips {
				fn(kind+" over "+ip+", "+inside, func(p layers.IPProtocol) stack { return tunnels[kind](ip, around[inside](p)) })
			}
		}
	}
	for range 300 {
		inside := ips[r.IntN(len(ips))]
		var ks, is []string
		for range 2 + r.IntN(3) {
			ks, is = append(ks, kinds[r.IntN(len(kinds))]), append(is, ips[r.IntN(len(ips))])
		}
		fn(strings.Join(append(ks, is...), ", ")+", "+inside, func(p layers.IPProtocol) stack {
			s := around[inside](p)
			for i := range ks {
				s = tunnels[ks[i]](is[i], s)
			}
			return s
		})
	}
}

func sorted[T any](m map[string]T) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// segments are what a merged frame stands for, as gopacket writes them, and
// merged is that frame.
type example struct {
	merged   []byte
	segments [][]byte
	start    int
	kind     uint8
}

func newExample(t testing.TB, s stack, kind uint8, size int) (x example) {
	const all = wire.TCPFin | wire.TCPPsh | wire.TCPCwr
	const count, last = 3, 77
	total := count*size + last
	frame := func(n, from, to int, flags uint8) []byte {
		p := s.ethernet(wire.EtherTypeQinQ, wire.EtherTypeVLAN)(n)
		if kind == udpL4 {
			return build(t, append(p, udp(53), payload(total)[from:to])...)
		}
		return build(t, append(p, tcp(from, flags), payload(total)[from:to])...)
	}
	x.merged, x.kind = frame(0, 0, total, all), kind
	for n := range count + 1 {
		flags := uint8(0)
		if n == 0 {
			flags |= wire.TCPCwr
		}
		if n == count {
			flags |= wire.TCPFin | wire.TCPPsh
		}
		x.segments = append(x.segments, frame(n, n*size, min((n+1)*size, total), flags))
	}
	x.start = len(x.merged) - total - wire.UDPLen
	if kind != udpL4 {
		x.start = len(x.merged) - total - wire.TCPLen - 12
	}
	return x
}

// header is the one that Linux puts before the merged frame.
func (x *example) header(size int) Header { return Read(x.bytes(size)) }

// bytes are the header's.
func (x *example) bytes(size int) []byte {
	b := binary.NativeEndian.AppendUint16([]byte{needsSum, x.kind, 0, 0}, uint16(size))
	b = binary.NativeEndian.AppendUint16(b, uint16(x.start))
	return binary.NativeEndian.AppendUint16(b, 16)
}

// unfinish leaves the innermost checksum to the hardware.
func (x *example) unfinish(frame []byte) []byte {
	f, offset := slices.Clone(frame), tcpSum
	if x.kind == udpL4 {
		offset = udpSum
	}
	field := f[x.start+offset:][:2]
	sum := binary.BigEndian.Uint16(field)
	clear(field)
	// What the checksum leaves of the whole is the pseudo-header's.
	binary.BigEndian.PutUint16(field, wire.Sum(f[x.start:], uint32(sum)))
	return f
}

// A merged frame in any tunnel, in tunnels in turn, is cut into what gopacket
// writes for each segment.
func TestCutInTunnels(t *testing.T) {
	const size = 500
	each(t, func(name string, around func(layers.IPProtocol) stack) {
		for kind, proto := range map[uint8]layers.IPProtocol{tcp4: layers.IPProtocolTCP, udpL4: layers.IPProtocolUDP} {
			x := newExample(t, around(proto), kind, size)
			h := x.header(size)
			var cut Cutter
			require.True(t, cut.Start(x.unfinish(x.merged), &h, 2000), name)
			same(t, x.segments, cutAll(&cut), name)
		}
	})
}

// Where nobody tells the place of the TCP header, right IP headers lead to it, in
// any tunnel. One cutter serves all frames, and padding is no payload.
func TestCutAStreamWhosePlaceNobodyTells(t *testing.T) {
	const size = 500
	var cut Cutter
	each(t, func(name string, around func(layers.IPProtocol) stack) {
		x := newExample(t, around(layers.IPProtocolTCP), tcp4, size)
		h := Stream(0, size)
		require.True(t, cut.Start(append(x.unfinish(x.merged), 0, 0, 0), &h, 2000), name)
		same(t, x.segments, cutAll(&cut), name)
		h = Stream(0, 0)
		require.False(t, cut.Start(x.merged, &h, 2000), name)
	})
}

// A captured frame with an unfinished checksum is finished in any tunnel.
func TestMendInTunnels(t *testing.T) {
	each(t, func(name string, around func(layers.IPProtocol) stack) {
		for kind, proto := range map[uint8]layers.IPProtocol{tcp4: layers.IPProtocolTCP, udpL4: layers.IPProtocolUDP} {
			x := newExample(t, around(proto), kind, 100)
			want := x.segments[0]
			got := x.unfinish(want)
			require.NotEqual(t, want, got)
			require.True(t, new(Cutter).Mend(got), name)
			require.Equal(t, want, got, name)
			require.False(t, new(Cutter).Mend(got), "%s: it is finished", name)
		}
	})
}

// A captured merged frame is cut into segments as long as allowed.
func TestCutCapturedInTunnels(t *testing.T) {
	const size = 500
	each(t, func(name string, around func(layers.IPProtocol) stack) {
		x := newExample(t, around(layers.IPProtocolTCP), tcp4, size)
		longest := x.start + wire.TCPLen + 12 + size
		var cut Cutter
		require.True(t, cut.StartCaptured(x.unfinish(x.merged), len(x.merged), longest), name)
		same(t, x.segments, cutAll(&cut), name)
		require.False(t, cut.StartCaptured(x.merged, len(x.merged), longest), "%s: it is short enough", name)
		datagrams := newExample(t, around(layers.IPProtocolUDP), udpL4, size)
		require.False(t, cut.StartCaptured(datagrams.unfinish(datagrams.merged), longest, longest), "%s: how long each datagram is, nobody knows", name)
	})
}

func TestCutRefusesATunnelThatItDoesNotKnow(t *testing.T) {
	x := newExample(t, around["IPv4"](layers.IPProtocolTCP), tcp4, 500)
	inner := x.merged[14+8:]
	for name, head := range map[string]parts{
		"ESP":                   {ether, ip(outer, layers.IPProtocolESP, 0), raw(make([]byte, 8)...)},
		"a tunnel over UDP":     {ether, ip(outer, layers.IPProtocolUDP, 0), udp(1701), raw(2, 2, 0, 1, 0, 1, 255, 3)},
		"PPTP":                  {ether, ip(outer, layers.IPProtocolGRE, 0), raw(0x30, 1, 0x88, 0x0b, 0, 0, 0, 1)},
		"a fragment":            {ether, &layers.IPv4{Version: 4, Protocol: protoIPIP, Flags: layers.IPv4MoreFragments, SrcIP: outer.SrcIP, DstIP: outer.DstIP}},
		"an EtherType":          {&layers.Ethernet{SrcMAC: ether.SrcMAC, DstMAC: ether.DstMAC, EthernetType: 0x88b5}},
		"GRE of a later time":   {ether, ip(outer, layers.IPProtocolGRE, 0), raw(0, 2, 8, 0)},
		"GUE that is a command": {ether, ip(outer, layers.IPProtocolUDP, 0), udp(6080), raw(0x20, 4, 0, 0)},
	} {
		f := build(t, append(head, gopacket.Payload(inner))...)
		h := Header{kind: tcp4, size: 500, start: len(f) - len(inner) + wire.IPv4Len}
		var cut Cutter
		require.False(t, cut.Start(f, &h, 2000), name)
		require.False(t, cut.Active(), name)
	}
}

// A checksum that a tunnel's far end computes (remote checksum offload) stays
// the pseudo-header's, and a captured one is not unfinished.
func TestARemoteChecksumStaysRemote(t *testing.T) {
	s := around["IPv4"](layers.IPProtocolTCP)
	for name, tunnel := range map[string]stack{
		"GUE":   over(6080, "IPv4", []byte{2, 4, 0, 1, 0x80, 0, 0, 0, 0, 20, 0, 36}, s.parts),
		"VXLAN": over(4789, "IPv4", []byte{8, 0x20, 0, 0, 0, 0, 7, (14 + 20) / 2}, s.ethernet()),
	} {
		x := newExample(t, tunnel, tcp4, 500)
		h := x.header(500)
		var cut Cutter
		require.True(t, cut.Start(x.unfinish(x.merged), &h, 2000), name)
		for i, got := range cutAll(&cut) {
			want := x.unfinish(x.segments[i])
			require.Equal(t, want[x.start:], got[x.start:], name)
			udp := got[14+8+20:]
			require.Zero(t, wire.Sum(udp, wire.PseudoSum(wire.AddrFrom4(0xac100001), wire.AddrFrom4(0xac100002), wire.ProtoUDP, len(udp))), "%s: the outer checksum covers it as it is", name)
			require.False(t, new(Cutter).Mend(got), name)
		}
	}
}

// A checksum covers the final destination, which is in the routing header while
// the packet is under way (RFC 8200 section 8.1).
func TestAChecksumCoversTheFinalDestination(t *testing.T) {
	segments := raw(append([]byte{6, 4, 4, 1, 1, 0, 0, 0}, append(slices.Clone(ip6.SrcIP), ip6.DstIP...)...)...)
	under := func(dst []byte, route ...gopacket.SerializableLayer) stack {
		return stack{6, func(int) parts {
			h := v6(layers.IPProtocolTCP)
			if h.DstIP = dst; len(route) > 0 {
				h.NextHeader = routing
			}
			return append(parts{h}, route...)
		}}
	}
	x, direct := newExample(t, under(ip6.DstIP, segments), tcp4, 500), newExample(t, under(ip6.SrcIP), tcp4, 500)
	h := x.header(500)
	var cut Cutter
	require.True(t, cut.Start(x.merged, &h, 2000))
	for i, got := range cutAll(&cut) {
		want := direct.segments[i]
		require.Equal(t, want[direct.start:], got[x.start:])
	}
}

// above64KB is a merged frame of one IPv6 packet, which tells its length in an
// option, so many times.
func above64KB(t testing.TB, times, total int) example {
	merged := build(t, &layers.Ethernet{SrcMAC: ether.SrcMAC, DstMAC: ether.DstMAC, EthernetType: layers.EthernetTypeIPv6}, v6(6), tcp(0, 0), payload(1))
	clear(merged[14+4 : 14+6])
	merged[14+6] = hopOptions
	option := binary.BigEndian.AppendUint32([]byte{hopOptions, 0, 0xc2, 4}, uint32(8*times+32+total))
	options := slices.Repeat(option, times)
	options[8*(times-1)] = 6
	frame := slices.Concat(merged[:54], options, merged[54:54+32], payload(total))
	return example{merged: frame, kind: tcp6, start: 54 + len(options)}
}

// A packet above 64 KB tells its length in an option, which its segments have
// no use for, merged by a sender's link or captured there.
func TestCutAPacketAbove64KB(t *testing.T) {
	const size, total = 9000, 200_000
	x := above64KB(t, 1, total)
	h := x.header(size)
	captured := slices.Clone(x.merged)
	pseudo := wire.Sum(captured[14+8:54], 6+32+total) // of addresses and length; the option is not covered
	binary.BigEndian.PutUint16(captured[x.start+tcpSum:], ^pseudo)
	for name, start := range map[string]func(*Cutter) bool{
		"merged":   func(c *Cutter) bool { return c.Start(x.merged, &h, 9100) },
		"captured": func(c *Cutter) bool { return c.StartCaptured(captured, 86+size, 86+size) },
	} {
		var cut Cutter
		require.True(t, start(&cut), name)
		var got []byte
		buf := make([]byte, 9100)
		for cut.Active() {
			seg := buf[:cut.Next(buf)]
			want := build(t, &layers.Ethernet{SrcMAC: ether.SrcMAC, DstMAC: ether.DstMAC, EthernetType: layers.EthernetTypeIPv6},
				v6(6), tcp(len(got), 0), gopacket.Payload(seg[86:]))
			require.Equal(t, want, slices.Clone(seg), name)
			got = append(got, seg[86:]...)
		}
		require.Equal(t, []byte(payload(total)), got, name)
	}
}

// A frame that has such an option hundreds of times is made to cost as many
// searches; all of them share the steps of one.
func TestManyLengthsOfAPacketCostOneSearch(t *testing.T) {
	x := above64KB(t, 400, 1000)
	h := x.header(500)
	require.False(t, new(Cutter).Start(x.merged, &h, 9100))
}

// A datagram without a checksum stays without, as its tunnel does.
func TestADatagramWithoutChecksumStaysWithout(t *testing.T) {
	x := newExample(t, around["IPv4"](layers.IPProtocolUDP), udpL4, 500)
	clear(x.merged[x.start+udpSum:][:2])
	h := x.header(500)
	var cut Cutter
	require.True(t, cut.Start(x.merged, &h, 2000))
	for _, s := range cutAll(&cut) {
		require.Equal(t, []byte{0, 0}, s[x.start+udpSum:][:2])
	}
}

// same is Equal for frames, which says which one differs.
func same(t *testing.T, want, got [][]byte, name string) {
	t.Helper()
	require.Len(t, got, len(want), name)
	for i := range want {
		if !slices.Equal(want[i], got[i]) {
			require.Fail(t, name, "segment %d: want %x\ngot %x", i, want[i][:200], got[i][:200])
		}
	}
}
