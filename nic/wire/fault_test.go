package wire_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

var (
	tcp  = wiretest.TCP("10.0.1.5:40000", "10.0.1.6:80")
	udp  = wiretest.UDP("10.0.1.5:40000", "10.0.1.6:53")
	ping = wiretest.Echo("10.0.1.5", "10.0.1.6", 1)
	ask  = wiretest.ARPRequest(wiretest.SrcMAC, "10.0.1.5", "10.0.1.6").Bytes()

	tcp6  = wiretest.TCP("[2001:db8::5]:40000", "[2001:db8::6]:80")
	udp6  = wiretest.UDP("[2001:db8::5]:40000", "[2001:db8::6]:53")
	ping6 = wiretest.Echo("2001:db8::5", "2001:db8::6", 1)

	tunnel = wiretest.VXLAN("172.16.0.1", "172.16.0.2", 5001, tcp.Bytes())
)

// ip makes a frame of an IPv4 packet of which only the first n bytes of
// payload are left, with the fragment word frag.
func ip(p wiretest.Packet, n int, frag uint16) []byte {
	frame := wiretest.Cut(p.Bytes(), 34+n)
	frame = wiretest.Put(frame, 16, 0, byte(20+n))
	return wiretest.Mend(wiretest.Put(frame, 20, byte(frag>>8), byte(frag)))
}

// ip6 makes a frame of an IPv6 packet of which only the first n bytes behind its header
// are left.
func ip6(p wiretest.Packet, n int) []byte {
	return wiretest.Put(wiretest.Cut(p.Bytes(), 54+n), 18, byte(n>>8), byte(n))
}

// extended is a packet with n extension headers.
func extended(p wiretest.Packet, n int) []byte {
	for range n {
		p = p.Extension(60, 8)
	}
	return p.Bytes()
}

// fragmentWithin is a first fragment behind whose fragment header stands half of another
// extension header.
func fragmentWithin() []byte {
	return wiretest.IP("2001:db8::5", "2001:db8::6", 60).Payload("\x06\x01______________________").Fragments(8)[0]
}

// fragment6 is a fragment of UDP over IPv6 with n bytes of payload and a word of offset and
// flags.
func fragment6(n int, word uint16) []byte {
	frame := wiretest.Cut(udp6.Size(200).Fragments(64)[0], 62+n)
	frame = wiretest.Put(frame, 18, 0, byte(8+n))
	return wiretest.Put(frame, 56, byte(word>>8), byte(word))
}

var faulty = []struct {
	what  string
	frame []byte
	want  wire.Fault
}{
	// Every header must be there as a whole.
	{"nothing", nil, wire.FaultEthernetTruncated},
	{"13 bytes", make([]byte, 13), wire.FaultEthernetTruncated},
	{"65536 bytes", make([]byte, 65536), wire.FaultFrameOversize},
	{"65536 bytes of TCP", tcp.Pad(65536).Bytes(), wire.FaultFrameOversize},
	{"half a tag", wiretest.Cut(tcp.VLAN(7).Bytes(), 17), wire.FaultVLANTruncated},
	{"half a second tag", wiretest.Cut(tcp.VLAN(7).QinQ(8).Bytes(), 21), wire.FaultVLANTruncated},
	{"three tags", tcp.VLAN(1).VLAN(2).QinQ(3).Bytes(), wire.FaultVLANDepth},
	{"ARP of 27 bytes", wiretest.Cut(ask, -1), wire.FaultARPTruncated},
	{"IPv4 of 19 bytes", wiretest.Cut(tcp.Bytes(), 33), wire.FaultIPv4Truncated},
	{"options past the frame", wiretest.Put(wiretest.Cut(tcp.Bytes(), 34), 14, 0x46), wire.FaultIPv4Truncated},
	{"UDP of 7 bytes", ip(udp, 7, 0), wire.FaultUDPTruncated},
	{"TCP of 19 bytes", ip(tcp, 19, 0), wire.FaultTCPTruncated},
	{"ICMP of 7 bytes", ip(ping, 7, 0), wire.FaultICMPTruncated},

	// ARP is about IPv4 over Ethernet.
	{"ARP over Token Ring", wiretest.Put(ask, 14, 0, 6), wire.FaultARPFormat},
	{"ARP about Chaosnet", wiretest.Put(ask, 16, 8, 4), wire.FaultARPFormat},
	{"ARP with MACs of 8 bytes", wiretest.Put(ask, 18, 8), wire.FaultARPFormat},
	{"ARP with addresses of 16 bytes", wiretest.Put(ask, 19, 16), wire.FaultARPFormat},

	// IPv4 says what it is and how long, and its sum is right.
	{"version 6", wiretest.Mend(wiretest.Put(tcp.Bytes(), 14, 0x65)), wire.FaultIPv4Version},
	{"a header of 16 bytes", wiretest.Mend(wiretest.Put(tcp.Bytes(), 14, 0x44)), wire.FaultIPv4HeaderLength},
	{"a total of 19 bytes", wiretest.Mend(wiretest.Put(tcp.Bytes(), 16, 0, 19)), wire.FaultIPv4LengthShort},
	{"a total of 0, as merged segments have", wiretest.Mend(wiretest.Put(tcp.Bytes(), 16, 0, 0)), wire.FaultIPv4LengthShort},
	{"a total below options", wiretest.Mend(wiretest.Put(tcp.Options(1, 1, 1, 1).Bytes(), 16, 0, 23)), wire.FaultIPv4LengthShort},
	{"a total past the frame", wiretest.Cut(tcp.Bytes(), -1), wire.FaultIPv4LengthBeyond},
	{"a wrong checksum", wiretest.Put(tcp.Bytes(), 24, 0xba, 0xad), wire.FaultIPv4Checksum},
	{"a wrong option", wiretest.Put(tcp.Options(1, 1, 1, 1).Bytes(), 34, 0), wire.FaultIPv4Checksum},
	{"a checksum of 0 that is wrong", wiretest.Put(tcp.Bytes(), 24, 0, 0), wire.FaultIPv4Checksum},

	// Fragments are not made to slip past a filter.
	{"a packet of 65536 bytes", ip(udp, 4, 65512/8), wire.FaultFragmentOverrun},
	{"TCP in two", ip(tcp, 16, 0x2000), wire.FaultFragmentTiny},
	{"TCP without its options", ip(tcp.TCPOptions(1, 1, 1, 1), 20, 0x2000), wire.FaultFragmentTiny},
	{"UDP in two", ip(udp, 7, 0x2000), wire.FaultFragmentTiny},
	{"ICMP in two", ip(ping, 7, 0x2000), wire.FaultFragmentTiny},
	{"TCP from its 8th byte, over the flags", ip(tcp, 16, 1), wire.FaultFragmentTiny},

	// IPv6 says what it is and how long, and so do its extension headers.
	{"IPv6 of 39 bytes", wiretest.Cut(tcp6.Bytes(), 53), wire.FaultIPv6Truncated},
	{"IPv6 of version 4", wiretest.Put(tcp6.Bytes(), 14, 0x40), wire.FaultIPv6Version},
	{"IPv6 past the frame", wiretest.Cut(tcp6.Bytes(), -1), wire.FaultIPv6LengthBeyond},
	{"from an IPv4 address", wiretest.TCP("[::ffff:10.0.1.5]:1", "[2001:db8::6]:2").Bytes(), wire.FaultIPv6Mapped},
	{"to an IPv4 address", wiretest.TCP("[2001:db8::6]:1", "[::ffff:10.0.1.5]:2").Bytes(), wire.FaultIPv6Mapped},
	{"an extension header of 7 bytes", ip6(tcp6.Extension(60, 8), 7), wire.FaultIPv6Extension},
	{"an extension header of 1 byte", ip6(tcp6.Extension(60, 8), 1), wire.FaultIPv6Extension},
	{"an extension header past the packet", wiretest.Put(tcp6.Extension(60, 8).Bytes(), 55, 255), wire.FaultIPv6Extension},
	{"hop-by-hop options and no packet, as jumbograms", wiretest.Put(tcp6.Extension(0, 8).Bytes(), 18, 0, 0), wire.FaultIPv6Extension},
	{"half a fragment header", ip6(udp6.Extension(44, 8), 7), wire.FaultIPv6Extension},
	{"nine extension headers", extended(tcp6, 9), wire.FaultIPv6Extensions},
	{"an IPv6 payload of 65536 bytes", wiretest.Put(udp6.Size(78).Fragments(8)[1], 56, 0xff, 0xf8), wire.FaultFragmentOverrun},
	{"TCP over IPv6 in two", tcp6.Fragments(16)[0], wire.FaultFragmentTiny},
	{"a first fragment that ends within its extension headers", fragmentWithin(), wire.FaultFragmentTiny},
	{"a first fragment of a first fragment", wiretest.Put(fragment6(40, 0x0001), 54, 44, 0, 0, 1, 0, 0, 0, 1, 17, 0, 0, 1), wire.FaultFragmentTiny},
	{"a first fragment of a later fragment", wiretest.Put(fragment6(40, 0x0001), 54, 44, 0, 0, 1, 0, 0, 0, 1, 17, 0, 0, 9), wire.FaultFragmentTiny},
	{"TCP over IPv6 from its 8th byte", tcp6.Fragments(8)[1], wire.FaultFragmentTiny},
	{"a first fragment without its transport header", tcp6.Fragments(8)[0], wire.FaultFragmentTiny},
	{"TCP over IPv6 of 19 bytes", ip6(tcp6, 19), wire.FaultTCPTruncated},
	{"UDP over IPv6 of 7 bytes", ip6(udp6, 7), wire.FaultUDPTruncated},
	{"ICMPv6 of 7 bytes", ip6(ping6, 7), wire.FaultICMPTruncated},

	// Fragments have the lengths that put the next one where the receiver sees it.
	{"a first fragment of 9 bytes", ip(udp.Payload("0123"), 9, 0x2000), wire.FaultFragmentLength},
	{"a later fragment of 12 bytes, and more follow", ip(udp.Payload("0123"), 12, 0x2001), wire.FaultFragmentLength},
	{"a last fragment of nothing", ip(udp, 0, 1), wire.FaultFragmentLength},
	{"a first fragment of IPv6 of 9 bytes", fragment6(9, 0x0001), wire.FaultFragmentLength},
	{"a later fragment of IPv6 of 12 bytes, and more follow", fragment6(12, 0x0009), wire.FaultFragmentLength},
	{"a last fragment of IPv6 of nothing", fragment6(0, 0x0008), wire.FaultFragmentLength},

	// Transport headers say how long they are.
	{"UDP of 7 bytes, it says", wiretest.Put(udp.Bytes(), 38, 0, 7), wire.FaultUDPLengthShort},
	{"UDP of 0 bytes, it says", wiretest.Put(udp.Size(64).Bytes(), 38, 0, 0), wire.FaultUDPLengthShort},
	{"a UDP fragment of 7 bytes, it says", wiretest.Put(ip(udp, 8, 0x2000), 38, 0, 7), wire.FaultUDPLengthShort},
	{"UDP past its packet", wiretest.Put(udp.Pad(60).Bytes(), 38, 0, 9), wire.FaultUDPLengthBeyond},
	{"UDP past its packet, in a long frame", wiretest.Put(udp.Size(64).Pad(70).Bytes(), 38, 0, 31), wire.FaultUDPLengthBeyond},
	{"TCP of 16 bytes, it says", wiretest.Put(tcp.Bytes(), 46, 0x40), wire.FaultTCPOffsetShort},
	{"TCP past its packet", wiretest.Put(tcp.Pad(60).Bytes(), 46, 0x60), wire.FaultTCPOffsetBeyond},
}

func TestParseNamesEachFault(t *testing.T) {
	for _, c := range faulty {
		t.Run(c.what, func(t *testing.T) {
			var h wire.Headers
			f := wire.Parse(c.frame, &h)
			require.Equal(t, c.want.String(), f.String())
		})
	}
}

var faultyTunnels = []struct {
	what  string
	frame []byte
	want  wire.Fault
}{
	{"a header of 7 bytes", wiretest.UDP("172.16.0.1:1", "172.16.0.2:4789").Payload("1234567").Bytes(), wire.FaultVXLANTruncated},
	{"UDP ends before VXLAN does", wiretest.Put(tunnel.Bytes(), 38, 0, 15), wire.FaultVXLANTruncated},
	{"no I flag", wiretest.Put(tunnel.Bytes(), 42, 0xf7), wire.FaultVXLANFlags},
	{"a wrong UDP checksum", wiretest.Put(tunnel.Bytes(), 40, 0xba, 0xad), wire.FaultOuterChecksum},
	{"a byte changed on the way", wiretest.Put(tunnel.Checksum().Bytes(), 60, 0xff), wire.FaultOuterChecksum},
	{"a first fragment", tunnel.Fragments(32)[0], wire.FaultOuterFragment},
	{"a first fragment that looks whole", tunnel.Fragments(48)[0], wire.FaultOuterFragment},
	{"a later fragment", tunnel.Fragments(32)[1], wire.FaultOuterFragment},
	{"a wrong IPv4 checksum", wiretest.Put(tunnel.Bytes(), 24, 0xba, 0xad), wire.FaultIPv4Checksum},
	{"a frame cut short", wiretest.Cut(tunnel.Bytes(), -1), wire.FaultIPv4LengthBeyond},
	{"65536 bytes", wiretest.VXLAN("172.16.0.1", "172.16.0.2", 1, make([]byte, 65536-50)).Bytes(), wire.FaultFrameOversize},
	{"UDP past its packet, not its frame", wiretest.Mend(wiretest.Put(tunnel.Bytes(), 16, 0, 89)), wire.FaultUDPLengthBeyond},
	{"UDP past its packet", wiretest.Put(tunnel.Bytes(), 39, 71), wire.FaultUDPLengthBeyond},
}

func TestParseVXLANNamesEachFault(t *testing.T) {
	for _, c := range faultyTunnels {
		t.Run(c.what, func(t *testing.T) {
			var o wire.Outer
			is, f := wire.ParseVXLAN(c.frame, &o)
			require.False(t, is)
			require.Equal(t, c.want.String(), f.String())
		})
	}
}

// A fault without a case, a name of its own and a sentence is none.
func TestEveryFaultIsTestedAndNamed(t *testing.T) {
	seen := map[wire.Fault]bool{wire.NoFault: true}
	for _, c := range append(faulty, faultyTunnels...) {
		seen[c.want] = true
	}
	names := map[string]bool{}
	for f := range wire.FaultCount {
		require.True(t, seen[f], "no test frame has the fault %s", f)
		require.Regexp(t, regexp.MustCompile(`^[a-z][a-z0-9_]+$`), f.String())
		require.False(t, names[f.String()], "two faults are named %s", f)
		require.NotEmpty(t, f.Sentence())
		names[f.String()] = true
	}
	require.Equal(t, "unknown", wire.FaultCount.String())
	require.Equal(t, "unknown fault", wire.FaultCount.Sentence())
}
