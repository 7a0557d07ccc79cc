//go:build linux

package lab

import (
	"fmt"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/sim/oracle"
)

// flow is somebody who may want to speak to somebody, by its first packet.
type flow struct {
	from   string // an ENI; "": the internet
	packet oracle.Packet
}

// traffic is what flows are of: a protocol and the port that it goes to.
type traffic struct {
	proto uint8
	port  uint16
}

// usual are tried between any two, whatever the rules say.
var usual = []traffic{{oracle.TCP, 80}, {oracle.TCP, 22}, {oracle.UDP, 53}, {oracle.ICMP, 0}}

// packet is the first of a flow.
func (t traffic) packet(src, dst netip.Addr) oracle.Packet {
	p := oracle.Packet{Proto: t.proto, Src: src, Dst: dst}
	switch t.proto {
	case oracle.TCP:
		p.SrcPort, p.DstPort, p.Flags, p.Seq = firstSourcePort, t.port, oracle.SYN, 1
	case oracle.UDP:
		p.SrcPort, p.DstPort = firstSourcePort, t.port
	case oracle.ICMP:
		p.Type, p.ID = oracle.Echo, 1
	}
	return p
}

// atlas is what the flows are found in: a configuration, the ENIs that have guests, and the
// addresses of the internet.
type atlas struct {
	oracle.World
	guests   []ec2.NetworkInterface
	internet []netip.Addr
}

// newAtlas has the guests in their order.
func newAtlas(c *vpc.Config, guests []string) *atlas {
	a := &atlas{World: oracle.World{Config: c}}
	for _, id := range guests {
		a.guests = append(a.guests, *a.ENI(id))
	}
	a.internet = append([]netip.Addr{clientAddr.Addr()}, a.named()...)
	return a
}

// mostNamed is how many addresses of the internet the client has beside its own.
const mostNamed = 4

// named are addresses of the internet that rules name, so that the rules are tried, too.
func (a *atlas) named() (all []netip.Addr) {
	for _, g := range a.Config.SecurityGroups {
		if !slices.ContainsFunc(a.guests, func(e ec2.NetworkInterface) bool { return isMember(e, g.GroupId) }) {
			continue
		}
		for _, rule := range slices.Concat(g.IpPermissions, g.IpPermissionsEgress) {
			for _, r := range rule.IpRanges {
				addr := r.CidrIp.Masked().Addr()
				if !r.CidrIp.IsSingleIP() {
					addr = addr.Next()
				}
				narrow := r.CidrIp.Bits() >= 8 && !r.CidrIp.Contains(clientAddr.Addr())
				if narrow && addr.IsGlobalUnicast() && !oracle.IsPrivate(addr) && !slices.Contains(all, addr) && len(all) < mostNamed {
					all = append(all, addr)
				}
			}
		}
	}
	return all
}

func isMember(e ec2.NetworkInterface, group string) bool {
	return slices.ContainsFunc(e.Groups, func(g ec2.GroupIdentifier) bool { return g.GroupId == group })
}

// flows are all that may be worth a try: from everybody to everybody, by the rules' ports
// and the usual ones, and to where the sender's routes lead.
func (a *atlas) flows() (all []flow) {
	for _, to := range a.guests {
		all = append(all, a.between(nil, &to)...)
	}
	for _, from := range a.guests {
		for _, to := range a.guests {
			if from.NetworkInterfaceId != to.NetworkInterfaceId {
				all = append(all, a.between(&from, &to)...)
			}
		}
		all = append(all, a.between(&from, nil)...)
		all = append(all, a.astray(from)...)
	}
	return all
}

// between are the flows from one to another; nil is the internet.
func (a *atlas) between(from, to *ec2.NetworkInterface) (all []flow) {
	sources, eni := a.internet, ""
	if from != nil {
		sources, eni = []netip.Addr{primary(*from)}, from.NetworkInterfaceId
	}
	targets := a.internet
	if to != nil {
		targets = slices.DeleteFunc([]netip.Addr{primary(*to), publicOf(*to)}, func(t netip.Addr) bool {
			return !t.IsValid() || from == nil && t == primary(*to) || from != nil && t == primary(*from)
		})
	}
	for _, t := range a.traffic(from, to) {
		for _, src := range sources {
			for _, dst := range targets {
				all = append(all, flow{eni, t.packet(src, dst)})
			}
		}
	}
	return all
}

// publicOf is the public address of an ENI's primary one, invalid if there is none.
func publicOf(e ec2.NetworkInterface) netip.Addr {
	for _, a := range e.PrivateIpAddresses {
		if a.Primary && a.Association != nil {
			return a.Association.PublicIp
		}
	}
	if e.Association != nil {
		return e.Association.PublicIp
	}
	return netip.Addr{}
}

// traffic is what the rules of the two ends speak of, and the usual.
func (a *atlas) traffic(from, to *ec2.NetworkInterface) (all []traffic) {
	add := func(of *ec2.NetworkInterface, rules func(ec2.SecurityGroup) []ec2.IpPermission) {
		for _, g := range a.Config.SecurityGroups {
			if of != nil && isMember(*of, g.GroupId) {
				for _, rule := range rules(g) {
					all = append(all, trafficOf(rule)...)
				}
			}
		}
	}
	add(to, func(g ec2.SecurityGroup) []ec2.IpPermission { return g.IpPermissions })
	add(from, func(g ec2.SecurityGroup) []ec2.IpPermission { return g.IpPermissionsEgress })
	var once []traffic
	for _, t := range append(all, usual...) {
		if !slices.Contains(once, t) {
			once = append(once, t)
		}
	}
	return once
}

// trafficOf is a piece of what a rule allows.
func trafficOf(rule ec2.IpPermission) []traffic {
	port := rule.FromPort
	switch rule.IpProtocol {
	case "tcp", "6":
		if port != nil && *port > 0 {
			return []traffic{{oracle.TCP, uint16(*port)}}
		}
	case "udp", "17":
		if port != nil && *port > 0 {
			return []traffic{{oracle.UDP, uint16(*port)}}
		}
	}
	return nil // pings, and what allows everything, the usual traffic tries
}

// astray are flows from an ENI to where nobody may be: beyond each route of its subnet, to a
// private address of nobody's, to an address of the VPC that no ENI has, and with a source
// that is not its own.
func (a *atlas) astray(e ec2.NetworkInterface) (all []flow) {
	own, eni := primary(e), e.NetworkInterfaceId
	try := func(src, dst netip.Addr) {
		all = append(all, flow{eni, traffic{oracle.UDP, discardPort}.packet(src, dst)})
	}
	home := a.Subnet(&e)
	if table := a.RouteTable(home); table != nil {
		for _, r := range table.Routes {
			if to := r.DestinationCidrBlock; to.IsValid() && to.Bits() > 0 && r.GatewayId != "local" {
				try(own, strangerIn(to))
			}
		}
	}
	for _, s := range a.Config.Subnets {
		if s.VpcId == home.VpcId && s.SubnetId != home.SubnetId && s.CidrBlock.IsValid() {
			try(own, strangerIn(s.CidrBlock))
		}
	}
	for _, nobody := range []string{"10.255.251.9", "192.168.251.9", "172.31.251.9"} {
		try(own, netip.MustParseAddr(nobody))
	}
	try(strangerIn(home.CidrBlock), clientAddr.Addr())
	return all
}

// strangerIn is an address of a block that is hardly anybody's: the tenth.
func strangerIn(block netip.Prefix) netip.Addr {
	addr := block.Masked().Addr()
	for range 10 {
		addr = addr.Next()
	}
	return addr
}

// String is a flow in a few words.
func (t traffic) String() string {
	switch t.proto {
	case oracle.TCP:
		return fmt.Sprintf("tcp %d", t.port)
	case oracle.UDP:
		return fmt.Sprintf("udp %d", t.port)
	}
	return "ping"
}

// traffic is what the flow is of.
func (f flow) traffic() traffic { return traffic{f.packet.Proto, f.packet.DstPort} }
