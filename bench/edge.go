package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"nitrocard/nic"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/serial"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// edgeServers is how many servers are behind an edge, each with the ENIs of a VPC of its own.
const edgeServers = 16

// MostAddresses is how many public addresses an edge may have. A server's are in one subnet.
const MostAddresses = 1_000_000

// addressesPerENI is EC2's quota for its largest instances (EC2 User Guide, "IP addresses per
// network interface").
const addressesPerENI = 50

// The edge's links: to the underlay, where servers have 198.18.0.1 and so on, and to the internet.
var (
	edgeVTEP     = netip.MustParseAddr("198.18.0.254")
	edgeLink     = netip.MustParsePrefix("203.0.113.1/24")
	edgeGateway  = netip.MustParseAddr("203.0.113.254")
	edgeLink6    = netip.MustParsePrefix("2a01::1/64")
	edgeGateway6 = netip.MustParseAddr("2a01::fe")
	internetMAC  = wire.MAC{2, 0, 0, 0, 0xff, 4} // of the edge's port to the internet
	gatewayMAC   = wire.MAC{2, 0, 0, 0, 0xff, 5}
)

// edge is an edge with public addresses, and its traffic: flow f is between a client and public
// address f, which is on server f modulo their count.
type edge struct {
	*Options
	addresses int
	flows     int // a multiple of servers, sizes and cores
	region    *vpc.Region
}

// edge sets up the mode: a rig for each of the edge's workers.
func (o *Options) edge() ([]*rig, error) {
	step := edgeServers * len(o.Sizes) * o.cores()
	e := &edge{Options: o, flows: (o.Flows + step - 1) / step * step}
	e.addresses = max(o.Addresses, e.flows)
	config := e.config()
	card, err := nic.New(config, nic.Options{
		MaxConnections: 1, Seed: o.Seed, Workers: o.cores(),
		Edge: &pipeline.Internet{Addresses: []netip.Prefix{edgeLink, edgeLink6}, Gateways: []netip.Addr{edgeGateway, edgeGateway6}},
	})
	if err != nil {
		return nil, err
	}
	e.region = card.Policy().Region
	b := &Bench{Card: card, traffic: &traffic{flows: e.flows}}
	err = e.plug(b)
	if err == nil {
		err = e.resolve(b)
	}
	if err != nil {
		return nil, errors.Join(err, card.Close())
	}
	return b.rigs(), nil
}

// plug gives each worker its queues.
func (e *edge) plug(b *Bench) error {
	for core := range e.cores() {
		toServers, toClients := fromGuest, fromEdge // where the address lies
		if e.IPv6 {
			toServers, toClients = fromGuest6, fromEdge6
		}
		servers, err := e.source("mem:servers", uplinkMAC, part{core, e.cores()}, toClients, e.fromServer)
		if err != nil {
			return err
		}
		internet, err := e.source("mem:internet", internetMAC, part{core, e.cores()}, toServers, e.fromInternet)
		if err != nil {
			return err
		}
		b.queues = append(b.queues, []*port{e.port(0, servers), e.port(1, internet)})
	}
	return errors.Join(b.plug(nic.Uplink, 0), b.plug(nic.Internet, 1))
}

// source is a port that sends the flows of a part in turn, each as frame makes it for a server
// and stamp for an address.
func (e *edge) source(name string, mac wire.MAC, p part, stamp mem.Stamp, frame func(server, size int) ([]byte, error)) (*mem.Source, error) {
	var frames [][]byte
	first, n := p.of(e.flows)
	for _, size := range e.Sizes {
		for server := range edgeServers {
			f, err := frame(server, size)
			if err != nil {
				return nil, err
			}
			frames = append(frames, f)
		}
	}
	return mem.NewSource(mem.Options{Name: name, MAC: mac}, frames, n, stamp.From(first)), nil
}

// resolve has the router towards the internet make itself known.
func (e *edge) resolve(b *Bench) error {
	if len(e.Ports) > 1 {
		return nil // it answers there, or does not
	}
	link := b.queues[0][1]
	self := wire.Neighbor{MAC: gatewayMAC, Addr: wire.AddrFrom(edgeGateway)}
	four := wire.ARPRequest(make([]byte, pmd.MaxFrame), self, wire.AddrFrom(edgeLink.Addr()))
	self.Addr = wire.AddrFrom(edgeGateway6)
	six := wire.NeighborSolicit(make([]byte, pmd.MaxFrame), self, wire.AddrFrom(edgeLink6.Addr()))
	b.hush()
	link.use(mem.NewSource(mem.Options{}, [][]byte{four, six}, 2, mem.Stamp{}))
	for link.now.Stats().RxPackets == 0 {
		b.Card.Poll(0)
	}
	b.measure()
	return nil
}

// client is who talks to the ENIs of a server.
func (e *edge) client(server int) net.IP {
	if e.IPv6 {
		return net.ParseIP(fmt.Sprintf("2a00:%x::9", server))
	}
	return net.IPv4(byte(20+server), 0, 0, 9).To4()
}

// public is public address n, which is a server's: 52.0.0.0 + n, or an address of the server's
// subnet.
func (e *edge) public(server, n int) net.IP {
	if e.IPv6 {
		a := net.ParseIP(fmt.Sprintf("2001:db8:%x::", server))
		binary.BigEndian.PutUint32(a[12:], uint32(1<<24+n))
		return a
	}
	return binary.BigEndian.AppendUint32(nil, uint32(52<<24+n))
}

// fromInternet is a client's segment to public address 0, as the gateway sends it. Every stamp adds a
// flow's number to the address.
func (e *edge) fromInternet(server, size int) ([]byte, error) {
	s := segment{gatewayMAC, internetMAC, e.client(server), e.public(server, 0), clientPort, Port, false, true}
	return serial.Frame(s.layers(size)...)
}

// fromServer is the answer of the ENI that has public address 0, as server's card sends it.
func (e *edge) fromServer(server, size int) ([]byte, error) {
	eni := e.region.ENI(edgeENI(server, 0))
	s := segment{e.region.Station(eni.Subnet.VPC.Station).Src, e.region.EdgeMAC(), e.public(server, 0), e.client(server), Port, clientPort, false, true}
	card := e.region.Cards()[server]
	outer := tunnel{card.Mac, uplinkMAC, wire.AddrFrom(card.Vtep.Addr()), wire.AddrFrom(edgeVTEP), eni.Subnet.VPC.VNI}
	return serial.Frame(append(outer.layers(), s.layers(size)...)...)
}

// edgeENI is the ID of a server's ENI number i.
func edgeENI(server, i int) string { return fmt.Sprintf("eni-%d-%d", server, i) }

// config is the region.
func (e *edge) config() *vpc.Config {
	c := &vpc.Config{Placement: vpc.Placement{
		Edge:           vpc.EdgePlacement{Vtep: edgeVTEP},
		PublicPrefixes: []netip.Prefix{netip.MustParsePrefix("52.0.0.0/12"), netip.MustParsePrefix("2001:db8::/32")},
	}}
	for server := range edgeServers {
		id, subnet := fmt.Sprintf("vpc-%d", server), fmt.Sprintf("subnet-%d", server)
		block := netip.MustParsePrefix("10.0.0.0/16")
		six := netip.MustParseAddr(fmt.Sprintf("2001:db8:%x::", server))
		c.Vpcs = append(c.Vpcs, ec2.Vpc{VpcId: id, CidrBlock: block, Ipv6CidrBlockAssociationSet: []ec2.VpcIpv6CidrBlockAssociation{{Ipv6CidrBlock: netip.PrefixFrom(six, 56)}}})
		c.Subnets = append(c.Subnets, ec2.Subnet{SubnetId: subnet, VpcId: id, CidrBlock: block, Ipv6CidrBlockAssociationSet: []ec2.SubnetIpv6CidrBlockAssociation{{Ipv6CidrBlock: netip.PrefixFrom(six, 64)}}})
		card := vpc.CardPlacement{
			Name: fmt.Sprintf("server-%d", server), Vtep: netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18, 0, byte(1 + server)}), 24),
			Mac: wire.MAC{2, 0, 0, 0, 0xfe, byte(server)},
		}
		for i := range (e.addresses + edgeServers*addressesPerENI - 1) / (edgeServers * addressesPerENI) {
			c.NetworkInterfaces = append(c.NetworkInterfaces, e.networkInterface(server, i, subnet))
			card.NetworkInterfaces = append(card.NetworkInterfaces, edgeENI(server, i))
		}
		c.Placement.Cards = append(c.Placement.Cards, card)
	}
	return c
}

// networkInterface is a server's ENI number i: every edgeServers-th address is this server's.
func (e *edge) networkInterface(server, i int, subnet string) ec2.NetworkInterface {
	eni := ec2.NetworkInterface{NetworkInterfaceId: edgeENI(server, i), SubnetId: subnet, MacAddress: wire.MAC{2, 1, 0, byte(server), byte(i >> 8), byte(i)}}
	for n := range addressesPerENI {
		n += i * addressesPerENI
		there, _ := netip.AddrFromSlice(e.public(server, server+n*edgeServers))
		if e.IPv6 {
			eni.Ipv6Addresses = append(eni.Ipv6Addresses, ec2.NetworkInterfaceIpv6Address{Ipv6Address: there})
			continue
		}
		private := 10<<24 + 4 + uint32(n) // the first four are EC2's
		address := netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, private)))
		eni.PrivateIpAddresses = append(eni.PrivateIpAddresses, ec2.NetworkInterfacePrivateIpAddress{
			Primary: len(eni.PrivateIpAddresses) == 0, PrivateIpAddress: address, Association: &ec2.NetworkInterfaceAssociation{PublicIp: there},
		})
	}
	return eni
}
