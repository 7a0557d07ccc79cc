package bench

import (
	"fmt"
	"net"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// MAC is the address of ENI number i.
func (r Region) MAC(i int) wire.MAC { return wire.MAC{2, 0, 0, 0, byte(i >> 8), byte(i)} }

// eni is the ID of ENI number i.
func (r Region) eni(i int) string { return fmt.Sprintf("eni-%d", i) }

// The card's address on the underlay, and the edge's inside tunnels.
var (
	uplinkMAC = wire.MAC{2, 0, 0, 0, 0xff, 1}
	edgeMAC   = wire.MAC{2, 0, 0, 0, 0xed, 0x9e}
)

// clientPort is the port that every client sends from.
const clientPort = 40000

// template is what the frames of ENI i's flows have in common.
type template struct {
	eni  int
	syn  bool
	size int // of the frame in its tunnel, whether it is in one or not
}

// request is a segment from the edge to the ENI's public address, in its
// tunnel.
func (r Region) request(p *vpc.Policy, t template) ([]byte, error) {
	eni := p.ENI(r.eni(t.eni))
	edge := p.Region.VTEPs()[vpc.Edge].Addr
	inner, err := segment{edgeMAC, r.MAC(t.eni), net.IP{1, 0, 0, 0}, eni.Public().Netip().AsSlice(), clientPort, Port, t.syn, !t.syn}.layers(t.size)
	if err != nil {
		return nil, err
	}
	return serialize(append(tunnel{wire.MAC{2, 0, 0, 0, 0xff, 2}, uplinkMAC, edge, p.Card.VTEP, eni.VNI}.layers(), inner...)...)
}

// answer is the ENI's to the request of its first flow.
func (r Region) answer(p *vpc.Policy, t template) ([]byte, error) {
	eni, i := p.ENI(r.eni(t.eni)), t.eni
	l, err := segment{r.MAC(i), eni.RouterMAC, eni.Primary.Netip().AsSlice(), net.IP{1, 0, byte(i >> 8), byte(i)}, Port, clientPort, t.syn, true}.layers(t.size)
	if err != nil {
		return nil, err
	}
	return serialize(l...)
}

// segment is a TCP segment, in the order of the way it goes.
type segment struct {
	from, to         wire.MAC
	src, dst         net.IP
	srcPort, dstPort layers.TCPPort
	syn, ack         bool
}

// leastFrame is a tunnel around a TCP segment without data.
const leastFrame = wire.OuterLen + wire.EthernetLen + wire.IPv4Len + wire.TCPLen

// layers are the segment's, Ethernet first, for a frame of so many bytes once
// it is in its tunnel.
func (s segment) layers(size int) ([]gopacket.SerializableLayer, error) {
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: s.src, DstIP: s.dst}
	tcp := &layers.TCP{SrcPort: s.srcPort, DstPort: s.dstPort, Window: 512, SYN: s.syn, ACK: s.ack}
	return []gopacket.SerializableLayer{
		&layers.Ethernet{SrcMAC: s.from[:], DstMAC: s.to[:], EthernetType: layers.EthernetTypeIPv4},
		ip, tcp, gopacket.Payload(make([]byte, size-leastFrame)),
	}, tcp.SetNetworkLayerForChecksum(ip)
}

// tunnel is VXLAN over the underlay.
type tunnel struct {
	from, to wire.MAC
	src, dst wire.Addr
	vni      uint32
}

// layers are the tunnel's, Ethernet first.
func (t tunnel) layers() []gopacket.SerializableLayer {
	return []gopacket.SerializableLayer{
		&layers.Ethernet{SrcMAC: t.from[:], DstMAC: t.to[:], EthernetType: layers.EthernetTypeIPv4},
		&layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: t.src.Netip().AsSlice(), DstIP: t.dst.Netip().AsSlice()},
		&datagram{}, &layers.VXLAN{ValidIDFlag: true, VNI: t.vni},
	}
}

// datagram is a UDP header without a checksum, as VXLAN has it (RFC 7348
// section 5); gopacket would compute one.
type datagram struct{ layers.UDP }

func (*datagram) SerializeTo(b gopacket.SerializeBuffer, _ gopacket.SerializeOptions) error {
	length := len(b.Bytes()) + 8
	h, err := b.PrependBytes(8)
	if err != nil {
		return err
	}
	copy(h, []byte{0xc0, 1, wire.PortVXLAN >> 8, wire.PortVXLAN & 0xff, byte(length >> 8), byte(length), 0, 0})
	return nil
}

func serialize(l ...gopacket.SerializableLayer) ([]byte, error) {
	b := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, l...)
	return b.Bytes(), err
}
