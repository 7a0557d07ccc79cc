package wiretest

import (
	"net"
	"slices"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

// What is built is what gopacket's serializer builds, apart from its padding.
func TestBytesAreThoseOfGopacket(t *testing.T) {
	eth := &layers.Ethernet{SrcMAC: SrcMAC[:], DstMAC: DstMAC[:], EthernetType: layers.EthernetTypeIPv4}
	ip := &layers.IPv4{Version: 4, TTL: 64, Id: 1, SrcIP: net.IP{10, 0, 1, 5}, DstIP: net.IP{10, 0, 1, 6}}
	tcp := &layers.TCP{SrcPort: 40000, DstPort: 80, Seq: 1, Ack: 1, ACK: true, Window: 0xffff}
	udp := &layers.UDP{SrcPort: 40000, DstPort: 53}
	icmp := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0), Id: 7, Seq: 1}
	require.NoError(t, tcp.SetNetworkLayerForChecksum(ip))
	require.NoError(t, udp.SetNetworkLayerForChecksum(ip))
	for _, c := range []struct {
		p  Packet
		l4 gopacket.SerializableLayer
	}{
		{TCP("10.0.1.5:40000", "10.0.1.6:80"), tcp},
		{UDP("10.0.1.5:40000", "10.0.1.6:53"), udp},
		{Echo("10.0.1.5", "10.0.1.6", 7), icmp},
	} {
		ip.Protocol = layers.IPProtocol(c.p.ip.proto)
		buf := gopacket.NewSerializeBuffer()
		fix := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
		require.NoError(t, gopacket.SerializeLayers(buf, fix, eth, ip, c.l4, gopacket.Payload("an odd payload!")))
		require.Equal(t, buf.Bytes(), c.p.Payload("an odd payload!").Pad(60).Bytes())
	}
}

// So it is over IPv6, with extension headers and in fragments.
func TestIPv6BytesAreThoseOfGopacket(t *testing.T) {
	eth := &layers.Ethernet{SrcMAC: SrcMAC[:], DstMAC: DstMAC[:], EthernetType: layers.EthernetTypeIPv6}
	ip := &layers.IPv6{Version: 6, HopLimit: 64, TrafficClass: 3, SrcIP: net.ParseIP("2001:db8::5"), DstIP: net.ParseIP("2001:db8::6")}
	tcp := &layers.TCP{SrcPort: 40000, DstPort: 80, Seq: 1, Ack: 1, ACK: true, Window: 0xffff}
	udp := &layers.UDP{SrcPort: 40000, DstPort: 53}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(128, 0)}
	require.NoError(t, tcp.SetNetworkLayerForChecksum(ip))
	require.NoError(t, udp.SetNetworkLayerForChecksum(ip))
	require.NoError(t, icmp.SetNetworkLayerForChecksum(ip))
	for _, c := range []struct {
		p  Packet
		l4 []gopacket.SerializableLayer
	}{
		{TCP("[2001:db8::5]:40000", "[2001:db8::6]:80"), []gopacket.SerializableLayer{tcp}},
		{UDP("[2001:db8::5]:40000", "[2001:db8::6]:53"), []gopacket.SerializableLayer{udp}},
		{Echo("2001:db8::5", "2001:db8::6", 7), []gopacket.SerializableLayer{icmp, &layers.ICMPv6Echo{Identifier: 7, SeqNumber: 1}}},
	} {
		ip.NextHeader = layers.IPProtocol(c.p.ip.proto)
		buf := gopacket.NewSerializeBuffer()
		fix := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
		all := append([]gopacket.SerializableLayer{eth, ip}, append(c.l4, gopacket.Payload("an odd payload!"))...)
		require.NoError(t, gopacket.SerializeLayers(buf, fix, all...))
		require.Equal(t, buf.Bytes(), c.p.TOS(3).Payload("an odd payload!").Bytes())
	}
}

func TestCheckFindsEachWrongChecksum(t *testing.T) {
	tcp, udp := TCP("10.0.1.5:1", "10.0.1.6:2").Payload("x"), UDP("10.0.1.5:1", "10.0.1.6:2").Payload("x")
	lite, dccp := UDPLite("10.0.1.5:1", "10.0.1.6:2").Payload("x"), DCCP("10.0.1.5:1", "10.0.1.6:2").Payload("x")
	fault := ICMPError(wire.ICMPUnreachable, 1, "10.0.1.1", udp.Bytes())
	tunnel := VXLAN("172.16.0.1", "172.16.0.2", 1, tcp.Bytes())
	for _, c := range []struct {
		want string
		p    Packet
		at   int // a byte that only the last of the wrong sums covers
	}{
		{"the IPv4 header checksum is wrong", tcp, 22},
		{"the TCP checksum is wrong", tcp, 54},
		{"the TCP checksum is wrong", tcp.VLAN(1).QinQ(2), 62},
		{"the UDP checksum is wrong", udp, 42},
		{"the UDP-Lite checksum is wrong", lite, 42},
		{"the UDP-Lite checksum is wrong", lite.Coverage(8), 35},
		{"the DCCP checksum is wrong", dccp, 46},
		{"the DCCP checksum is wrong", dccp.Coverage(1), 45},
		{"the ICMP checksum is wrong", Echo("10.0.1.5", "10.0.1.6", 1), 40},
		{"the ICMP checksum is wrong", fault, 70},
		{"in the tunnel: the TCP checksum is wrong", tunnel, 50 + 54},
		{"the UDP checksum is wrong", tunnel.Checksum(), 50 + 54},
		{"the TCP checksum is wrong", TCP("[2001:db8::5]:1", "[2001:db8::6]:2").Payload("x"), 74},
		{"the ICMPv6 checksum is wrong", Echo("2001:db8::5", "2001:db8::6", 1).Extension(60, 8), 66},
		{"the ICMPv6 checksum is wrong", ICMPError(2, 0, "2001:db8::1", UDP("[2001:db8::5]:1", "[2001:db8::6]:2").Bytes()), 60},
	} {
		require.NoError(t, Check(c.p.Bytes()))
		require.EqualError(t, Check(Put(c.p.Bytes(), c.at, 0xbd)), c.want)
	}
	inQuote := fault.Bytes()
	inQuote[70]++ // the quote's payload up, the message's checksum down
	inQuote[36]--
	require.EqualError(t, Check(inQuote), "in the quote: the UDP checksum is wrong")
	require.NoError(t, Check(udp.NoChecksum().Bytes()))
	require.NoError(t, Check(fault.Quote(28).Bytes()))
	require.NoError(t, Check(Put(lite.Coverage(8).Bytes(), 42, 0xbd)), "which no checksum covers")
	require.NoError(t, Check(Put(dccp.Coverage(1).Bytes(), 46, 0xbd)), "which no checksum covers")
	require.NoError(t, Check(ARPRequest(SrcMAC, "10.0.1.5", "10.0.1.6").Bytes()))
}

// What cannot be checked is an error, never a panic.
func TestCheckTakesAnything(t *testing.T) {
	for _, p := range []Packet{
		TCP("10.0.1.5:1", "10.0.1.6:2").VLAN(3), UDP("10.0.1.5:1", "10.0.1.6:2"), Echo("10.0.1.5", "10.0.1.6", 1),
		VXLAN("172.16.0.1", "172.16.0.2", 1, ICMPError(3, 1, "10.0.1.1", TCP("10.0.1.5:1", "10.0.1.6:2").Bytes()).Bytes()),
	} {
		frame := p.Bytes()
		for n := range frame {
			_ = Check(frame[:n])
			for _, v := range []byte{0, 1, 0xff} {
				_ = Check(Put(frame, n, v))
			}
		}
		require.Error(t, Check(frame[:13]))
	}
}

func TestFragmentsAreThePacket(t *testing.T) {
	whole := UDP("10.0.1.5:1", "10.0.1.6:2").Size(211)
	pieces := whole.Fragments(64)
	var payload []byte
	for _, f := range pieces {
		require.NoError(t, Check(f))
		require.Len(t, payload, wire.IPv4(f[14:]).FragmentOffset())
		payload = slices.Concat(payload, f[34:])
	}
	require.Equal(t, whole.Bytes()[34:], payload)
	require.Panics(t, func() { whole.Fragments(63) })
}

// A packet is a value: what starts from it leaves it as it was.
func TestPacketsShareNothing(t *testing.T) {
	p := TCP("10.0.1.5:1", "10.0.1.6:2").Payload("abc").VLAN(1)
	before := p.Bytes()
	p.VLAN(2).Size(200).Payload("x").Bytes()
	p.Size(100).Bytes()[70] = 1
	require.Equal(t, before, p.Bytes())
}

func TestNonsensePanics(t *testing.T) {
	for what, f := range map[string]func(){
		"no port":         func() { TCP("10.0.1.5", "10.0.1.6:2") },
		"no address":      func() { Echo("10.0.1", "10.0.1.6", 1) },
		"half an option":  func() { TCP("10.0.1.5:1", "10.0.1.6:2").Options(1).Bytes() },
		"too many of all": func() { TCP("10.0.1.5:1", "10.0.1.6:2").Size(70000).Bytes() },
	} {
		require.Panics(t, f, what)
	}
}
