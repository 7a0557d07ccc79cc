package wire_test

import (
	"net"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// layer is a layer of the frame as gopacket reads it.
func layer[L gopacket.Layer](t *testing.T, frame []byte) L {
	t.Helper()
	for _, l := range gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default).Layers() {
		if l, ok := l.(L); ok {
			return l
		}
	}
	require.Fail(t, "gopacket finds no such layer")
	panic("unreachable")
}

func TestEthernetView(t *testing.T) {
	frame := tcp.QinQ(0xabc).Bytes()
	frame[14] |= 5 << 5
	eth, tag := wire.Ethernet(frame), wire.VLAN(frame[14:])
	require.Equal(t, []wire.MAC{wiretest.SrcMAC, wiretest.DstMAC}, []wire.MAC{eth.Src(), eth.Dst()})
	require.EqualValues(t, wire.EtherTypeQinQ, eth.EtherType())
	want := layer[*layers.Dot1Q](t, frame)
	require.Equal(t, []uint16{want.VLANIdentifier, uint16(want.Priority), uint16(want.Type)},
		[]uint16{tag.ID(), uint16(tag.Priority()), tag.EtherType()})

	eth.SetSrc(guest)
	eth.SetDst(router)
	eth.SetEtherType(wire.EtherTypeVLAN)
	got := layer[*layers.Ethernet](t, frame)
	require.Equal(t, []net.HardwareAddr{guest[:], router[:]}, []net.HardwareAddr{got.SrcMAC, got.DstMAC})
	require.Equal(t, layers.EthernetTypeDot1Q, got.EthernetType)
}

func TestIPv4View(t *testing.T) {
	frame := tcp.TTL(9).ID(0x1234).DF().Options(1, 1, 1, 0).Bytes()
	view, want := wire.IPv4(frame[14:]), layer[*layers.IPv4](t, frame)
	require.Equal(t, int(want.IHL)*4, view.HeaderLen())
	require.EqualValues(t, want.Length, view.TotalLen())
	require.Equal(t, []uint16{want.Id, want.Checksum}, []uint16{view.ID(), view.Checksum()})
	require.Equal(t, []uint8{want.TTL, uint8(want.Protocol)}, []uint8{view.TTL(), view.Proto()})
	require.True(t, view.DontFragment())
	require.Equal(t, []uint32{a, b}, []uint32{view.Src(), view.Dst()})

	pieces := udp.Size(300).Fragments(64)
	first, second := wire.IPv4(pieces[0][14:]), wire.IPv4(pieces[1][14:])
	require.Equal(t, []bool{false, true, true}, []bool{first.DontFragment(), first.MoreFragments(), second.MoreFragments()})
	require.Equal(t, []int{0, 64}, []int{first.FragmentOffset(), second.FragmentOffset()})
	require.False(t, wire.IPv4(pieces[len(pieces)-1][14:]).MoreFragments())

	view.SetTotalLen(1000)
	view.SetID(77)
	view.SetChecksum(0xbeef)
	view.SetSrc(0x01020304)
	view.SetDst(0x05060708)
	got := layer[*layers.IPv4](t, frame)
	require.Equal(t, []uint16{1000, 77, 0xbeef}, []uint16{got.Length, got.Id, got.Checksum})
	require.Equal(t, []string{"1.2.3.4", "5.6.7.8"}, []string{got.SrcIP.String(), got.DstIP.String()})
}

func TestTCPView(t *testing.T) {
	frame := tcp.Seq(0x01020304, 0x05060708).Flags(wire.TCPCwr|wire.TCPFin).TCPOptions(1, 1, 1, 0).Bytes()
	view, want := wire.TCP(frame[34:]), layer[*layers.TCP](t, frame)
	require.EqualValues(t, []layers.TCPPort{want.SrcPort, want.DstPort}, []layers.TCPPort{layers.TCPPort(view.SrcPort()), layers.TCPPort(view.DstPort())})
	require.Equal(t, []uint32{want.Seq, want.Ack}, []uint32{view.Seq(), view.Ack()})
	require.Equal(t, []uint16{want.Window, want.Checksum}, []uint16{view.Window(), view.Checksum()})
	require.Equal(t, int(want.DataOffset)*4, view.HeaderLen())
	require.EqualValues(t, wire.TCPCwr|wire.TCPFin, view.Flags())

	view.SetSeq(99)
	view.SetFlags(wire.TCPRst)
	view.SetChecksum(0xbeef)
	got := layer[*layers.TCP](t, frame)
	require.Equal(t, []uint32{99, 0xbeef}, []uint32{got.Seq, uint32(got.Checksum)})
	require.Equal(t, []bool{true, false}, []bool{got.RST, got.FIN})
}

func TestUDPView(t *testing.T) {
	frame := udp.Size(64).Bytes()
	view, want := wire.UDP(frame[34:]), layer[*layers.UDP](t, frame)
	require.Equal(t, []uint16{40000, 53, want.Length, want.Checksum}, []uint16{view.SrcPort(), view.DstPort(), uint16(view.Length()), view.Checksum()})

	view.SetSrcPort(7)
	view.SetLength(9)
	view.SetChecksum(0)
	got := layer[*layers.UDP](t, frame)
	require.Equal(t, []uint16{7, 9, 0xffff}, []uint16{uint16(got.SrcPort), got.Length, got.Checksum})
}

func TestICMPView(t *testing.T) {
	frame := wiretest.EchoReply("10.0.1.5", "10.0.1.6", 0x1234).Bytes()
	view, want := wire.ICMP(frame[34:]), layer[*layers.ICMPv4](t, frame)
	require.Equal(t, []uint16{0x1234, 1, want.Checksum}, []uint16{view.ID(), view.Seq(), view.Checksum()})
	require.Equal(t, want.TypeCode, layers.CreateICMPv4TypeCode(view.Type(), view.Code()))
}

func TestProtocolName(t *testing.T) {
	require.Equal(t, []string{"icmp", "tcp", "udp", "47"},
		[]string{wire.ProtocolName(1), wire.ProtocolName(6), wire.ProtocolName(17), wire.ProtocolName(47)})
}
