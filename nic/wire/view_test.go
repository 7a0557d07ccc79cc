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
	eth := wire.Ethernet(frame)
	require.Equal(t, []wire.MAC{wiretest.SrcMAC, wiretest.DstMAC}, []wire.MAC{eth.Src(), eth.Dst()})
	require.EqualValues(t, wire.EtherTypeQinQ, eth.EtherType())

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
	require.EqualValues(t, want.Protocol, view.Proto())
	require.Equal(t, []uint32{a.As4(), b.As4()}, []uint32{view.Src(), view.Dst()})

	pieces := udp.Size(300).Fragments(64)
	first, second := wire.IPv4(pieces[0][14:]), wire.IPv4(pieces[1][14:])
	require.Equal(t, []bool{true, true}, []bool{first.MoreFragments(), second.MoreFragments()})
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
	require.Equal(t, want.Seq, view.Seq())
	require.Equal(t, int(want.DataOffset)*4, view.HeaderLen())
	require.EqualValues(t, wire.TCPCwr|wire.TCPFin, view.Flags())

	view.SetSeq(99)
	view.SetFlags(wire.TCPRst)
	got := layer[*layers.TCP](t, frame)
	require.EqualValues(t, 99, got.Seq)
	require.Equal(t, []bool{true, false}, []bool{got.RST, got.FIN})
}

func TestUDPView(t *testing.T) {
	frame := udp.Size(64).Bytes()
	view, want := wire.UDP(frame[34:]), layer[*layers.UDP](t, frame)
	require.Equal(t, []uint16{53, want.Length, want.Checksum}, []uint16{view.DstPort(), uint16(view.Length()), view.Checksum()})

	view.SetSrcPort(7)
	view.SetLength(9)
	got := layer[*layers.UDP](t, frame)
	require.Equal(t, []uint16{7, 9}, []uint16{uint16(got.SrcPort), got.Length})
}

func TestProtocolName(t *testing.T) {
	require.Equal(t, []string{"icmp", "tcp", "udp", "47"},
		[]string{wire.ProtocolName(1), wire.ProtocolName(6), wire.ProtocolName(17), wire.ProtocolName(47)})
}
