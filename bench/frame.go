package bench

import (
	"encoding/binary"
	"fmt"
	"net"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/serial"
)

// MAC is the address of ENI number i.
func (r Region) MAC(i int) wire.MAC { return wire.MAC{2, 0, 0, 0, byte(i >> 8), byte(i)} }

// natMAC is the address of the NAT gateway's ENI in the VPC of ENI number i.
func (r Region) natMAC(i int) wire.MAC { return wire.MAC{2, 0, 0, 1, byte(i >> 8), byte(i)} }

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

// client is the client of flow f, which belongs to ENI number i.
func (r Region) client(i, f int) net.IP {
	if r.six(i) {
		addr := net.ParseIP("2001:db8:100::")
		binary.BigEndian.PutUint32(addr[12:], uint32(f))
		return addr
	}
	return binary.BigEndian.AppendUint32(nil, 1<<24+uint32(f))
}

// request is a segment from the edge to the ENI's public address, in its
// tunnel: the client's, SYN or ACK. Behind a NAT gateway the guest is the one
// that opens, and the segment, to port 0 of the gateway, is SYN+ACK or ACK.
func (r Region) request(p *vpc.Policy, t template) ([]byte, error) {
	eni, to := p.ENI(r.eni(t.eni)), r.MAC(t.eni)
	s := segment{edgeMAC, to, r.client(t.eni, 0), nil, clientPort, Port, t.syn, !t.syn}
	switch {
	case r.six(t.eni):
		s.dst = net.ParseIP(guest6)
	case r.translated(t.eni):
		eni = p.ENI(fmt.Sprintf("eni-nat-%d", t.eni))
		s.to, s.srcPort, s.dstPort, s.ack = eni.MAC, Port, 0, true
		fallthrough
	default:
		s.dst = eni.Public().Netip().AsSlice()
	}
	edge := p.Region.VTEPs()[vpc.Edge].Addr
	return serial.Frame(append(tunnel{wire.MAC{2, 0, 0, 0, 0xff, 2}, uplinkMAC, edge, p.Card.VTEP, eni.VNI}.layers(), s.layers(t.size)...)...)
}

// answer is the ENI's to the request of its first flow: SYN+ACK or ACK; the segment that
// opens, SYN or ACK, if the ENI opens its connections.
func (r Region) answer(p *vpc.Policy, t template) ([]byte, error) {
	eni, i := p.ENI(r.eni(t.eni)), t.eni
	s := segment{r.MAC(i), eni.RouterMAC, eni.Primary.Netip().AsSlice(), r.client(i, i), Port, clientPort, t.syn, true}
	if r.six(i) {
		s.src = net.ParseIP(guest6)
	}
	if r.outward(i) {
		s.srcPort, s.dstPort, s.ack = clientPort, Port, !t.syn
	}
	return serial.Frame(s.layers(t.size)...)
}

// segment is a TCP segment, in the order of the way it goes.
type segment struct {
	from, to         wire.MAC
	src, dst         net.IP
	srcPort, dstPort layers.TCPPort
	syn, ack         bool
}

// leastFrame and leastFrame6 are a tunnel around a TCP segment without data.
const (
	leastFrame  = wire.OuterLen + wire.EthernetLen + wire.IPv4Len + wire.TCPLen
	leastFrame6 = leastFrame - wire.IPv4Len + wire.IPv6Len
)

// layers are the segment's, Ethernet first, for a frame of so many bytes once
// it is in its tunnel; one of IPv6 has as many as it needs.
func (s segment) layers(size int) []gopacket.SerializableLayer {
	ethernet := &layers.Ethernet{SrcMAC: s.from[:], DstMAC: s.to[:], EthernetType: layers.EthernetTypeIPv4}
	tcp := &layers.TCP{SrcPort: s.srcPort, DstPort: s.dstPort, Window: 512, SYN: s.syn, ACK: s.ack}
	if s.src.To4() == nil {
		ethernet.EthernetType = layers.EthernetTypeIPv6
		ip := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolTCP, SrcIP: s.src, DstIP: s.dst}
		return []gopacket.SerializableLayer{ethernet, ip, tcp, gopacket.Payload(make([]byte, max(size-leastFrame6, 0)))}
	}
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: s.src, DstIP: s.dst}
	return []gopacket.SerializableLayer{ethernet, ip, tcp, gopacket.Payload(make([]byte, size-leastFrame))}
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
