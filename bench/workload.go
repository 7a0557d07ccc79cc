package bench

import (
	"fmt"
	"net"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// MAC is the address of ENI number i.
func (r Region) MAC(i int) wire.MAC { return wire.MAC{2, 0, 0, 0, byte(i >> 8), byte(i)} }

// FrameSize is the length of a benchmark's frame: 64 bytes, in a tunnel.
const FrameSize = 114

// uplinkMAC is the card's address on the underlay of a benchmark.
var uplinkMAC = wire.MAC{2, 0, 0, 0, 0xff, 1}

// Where in a frame a flow's source address lies, and the checksums over it.
const (
	innerAt   = 50
	sourceAt  = innerAt + 14 + 12
	ipSumAt   = innerAt + 14 + 10
	tcpSumAt  = innerAt + 14 + 20 + 16
	innerData = FrameSize - innerAt - 14 - 20 - 20
)

// frame is a TCP segment from the edge to the public address of ENI i.
func (r Region) frame(p *vpc.Policy, i int, syn bool) ([]byte, error) {
	eni := p.ENI(fmt.Sprintf("eni-%d", i))
	edge := p.VTEPs[p.Paths[eni.VPC.EdgePath()].VTEP].Addr
	mac := r.MAC(i)
	inner := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: net.IP{1, 0, 0, 0}, DstIP: ip(eni.Public)}
	segment := &layers.TCP{SrcPort: 40000, DstPort: Port, Window: 512, SYN: syn, ACK: !syn}
	outer := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: ip(edge), DstIP: ip(p.Card.VTEP)}
	if err := segment.SetNetworkLayerForChecksum(inner); err != nil {
		return nil, err
	}
	b := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		&layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0xff, 2}, DstMAC: uplinkMAC[:], EthernetType: layers.EthernetTypeIPv4},
		outer, &datagram{}, &layers.VXLAN{ValidIDFlag: true, VNI: eni.VNI},
		&layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0xed, 0x9e}, DstMAC: mac[:], EthernetType: layers.EthernetTypeIPv4},
		inner, segment, gopacket.Payload(make([]byte, innerData)))
	return b.Bytes(), err
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

func ip(a uint32) net.IP { return net.IP{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)} }

// Bench is a card between a source of frames and sinks.
type Bench struct {
	Card   *nic.Card
	Source *mem.Source
}

// New makes a card in the region, an uplink on which flows connections arrive
// in turn, all segments SYN or none, and a guest behind each ENI that takes
// what it gets.
func (r Region) New(flows, connections int, syn bool) (*Bench, error) {
	cfg, err := r.Config()
	if err != nil {
		return nil, err
	}
	card, err := nic.New(cfg, nic.Options{MaxConnections: connections, Seed: 1})
	if err != nil {
		return nil, err
	}
	templates := make([][]byte, r.ENIs)
	for i := range templates {
		if templates[i], err = r.frame(card.Policy(), i, syn); err != nil {
			return nil, err
		}
	}
	b := &Bench{card, mem.NewSource(mem.Options{Name: "source", MAC: uplinkMAC}, templates, flows, mem.Field(sourceAt, ipSumAt, tcpSumAt))}
	if err := card.Attach(nic.Uplink, func() (pmd.Port, error) { return b.Source, nil }); err != nil {
		return nil, err
	}
	for i := range r.ENIs {
		if err := card.Attach(fmt.Sprintf("eni-%d", i), func() (pmd.Port, error) { return &sink{}, nil }); err != nil {
			return nil, err
		}
	}
	return b, nil
}
