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

// eni is the ID of ENI number i.
func (r Region) eni(i int) string { return fmt.Sprintf("eni-%d", i) }

// The card's address on the underlay, and the edge's inside tunnels.
var (
	uplinkMAC = wire.MAC{2, 0, 0, 0, 0xff, 1}
	edgeMAC   = wire.MAC{2, 0, 0, 0, 0xed, 0x9e}
)

// clientPort is the port that every client sends from.
const clientPort = 40000

// Where in a frame from the edge a flow's address lies, and the checksums
// over it; and the same in a frame from a guest.
var (
	fromEdge  = mem.Field(innerAt+14+12, innerAt+14+10, innerAt+14+20+16)
	fromGuest = mem.Field(14+16, 14+10, 14+20+16)
)

const (
	innerAt   = 50
	innerData = FrameSize - innerAt - 14 - 20 - 20
)

// segment is a TCP segment, in the order of the way it goes.
type segment struct {
	from, to         wire.MAC
	src, dst         net.IP
	srcPort, dstPort layers.TCPPort
	syn, ack         bool
}

// layers are the segment's, Ethernet first.
func (s segment) layers() ([]gopacket.SerializableLayer, error) {
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: s.src, DstIP: s.dst}
	tcp := &layers.TCP{SrcPort: s.srcPort, DstPort: s.dstPort, Window: 512, SYN: s.syn, ACK: s.ack}
	return []gopacket.SerializableLayer{
		&layers.Ethernet{SrcMAC: s.from[:], DstMAC: s.to[:], EthernetType: layers.EthernetTypeIPv4},
		ip, tcp, gopacket.Payload(make([]byte, innerData)),
	}, tcp.SetNetworkLayerForChecksum(ip)
}

func serialize(l ...gopacket.SerializableLayer) ([]byte, error) {
	b := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, l...)
	return b.Bytes(), err
}

// request is a segment from the edge to the public address of ENI i, in its
// tunnel.
func (r Region) request(p *vpc.Policy, i int, syn bool) ([]byte, error) {
	eni := p.ENI(r.eni(i))
	edge := p.VTEPs[p.Paths[eni.VPC.EdgePath()].VTEP].Addr
	inner, err := segment{edgeMAC, r.MAC(i), net.IP{1, 0, 0, 0}, ip(eni.Public), clientPort, Port, syn, !syn}.layers()
	if err != nil {
		return nil, err
	}
	return serialize(append([]gopacket.SerializableLayer{
		&layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0xff, 2}, DstMAC: uplinkMAC[:], EthernetType: layers.EthernetTypeIPv4},
		&layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: ip(edge), DstIP: ip(p.Card.VTEP)},
		&datagram{}, &layers.VXLAN{ValidIDFlag: true, VNI: eni.VNI},
	}, inner...)...)
}

// answer is ENI i's to the request of its first flow.
func (r Region) answer(p *vpc.Policy, i int, syn bool) ([]byte, error) {
	eni := p.ENI(r.eni(i))
	l, err := segment{r.MAC(i), eni.RouterMAC, ip(eni.Primary), net.IP{1, 0, byte(i >> 8), byte(i)}, Port, clientPort, syn, true}.layers()
	if err != nil {
		return nil, err
	}
	return serialize(l...)
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

// feed is a port whose source can be exchanged between two polls.
type feed struct{ pmd.Port }

// Bench is a card between an edge and its guests. Flow f belongs to ENI number
// f modulo their count.
type Bench struct {
	Card   *nic.Card
	region Region
	flows  int
	edge   *feed
	guests []*feed
}

// New makes a card in the region that may track so many connections, with
// ports that are idle.
func (r Region) New(flows, connections int) (*Bench, error) {
	cfg, err := r.Config()
	if err != nil {
		return nil, err
	}
	card, err := nic.New(cfg, nic.Options{MaxConnections: connections, Seed: 1})
	if err != nil {
		return nil, err
	}
	b := &Bench{Card: card, region: r, flows: flows, edge: &feed{&sink{mac: uplinkMAC}}}
	if err := card.Attach(nic.Uplink, func() (pmd.Port, error) { return b.edge, nil }); err != nil {
		return nil, err
	}
	for i := range r.ENIs {
		g := &feed{&sink{}}
		b.guests = append(b.guests, g)
		if err := card.Attach(r.eni(i), func() (pmd.Port, error) { return g, nil }); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// Requests makes the edge send each flow's request in turn, SYN or ACK, and
// the guests be silent.
func (b *Bench) Requests(syn bool) (err error) {
	templates := make([][]byte, b.region.ENIs)
	for i := range templates {
		if templates[i], err = b.region.request(b.Card.Policy(), i, syn); err != nil {
			return err
		}
		b.guests[i].Port = &sink{}
	}
	b.edge.Port = mem.NewSource(mem.Options{Name: "edge", MAC: uplinkMAC}, templates, b.flows, fromEdge)
	return nil
}

// Answers makes each guest send its flows' answers in turn, SYN and ACK or ACK
// alone, and the edge be silent.
func (b *Bench) Answers(syn bool) error {
	n := uint32(b.region.ENIs)
	for i, g := range b.guests {
		template, err := b.region.answer(b.Card.Policy(), i, syn)
		if err != nil {
			return err
		}
		g.Port = mem.NewSource(mem.Options{Name: "guest"}, [][]byte{template}, b.flows/int(n), fromGuest.Times(n))
	}
	b.edge.Port = &sink{mac: uplinkMAC}
	return nil
}

// Connect takes every flow through TCP's handshake.
func (b *Bench) Connect() error {
	steps := []func() error{
		func() error { return b.Requests(true) },
		func() error { return b.Answers(true) },
		func() error { return b.Requests(false) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
		for n := 0; n < b.flows+len(b.guests)*pmd.MaxBurst; {
			n += b.Card.Poll(0)
		}
	}
	return nil
}
