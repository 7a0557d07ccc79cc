//go:build linux

package lab

import (
	"net/netip"
	"slices"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/sim/oracle"
)

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

// speakIPv6 adds the internet of IPv6, without which no flow is of it.
func (a *atlas) speakIPv6() {
	a.internet = append(a.internet, clientAddr6.Addr())
	a.internet = append(a.internet, a.named6()...)
}

// mostNamed is how many addresses of the internet the client has beside its own, in each family.
const mostNamed = 4

// named are addresses of the internet that rules name, so that the rules are tried, too. A rule may
// name them as NAT64 does.
func (a *atlas) named() []netip.Addr {
	return a.namedIn(clientAddr.Addr(), func(rule ec2.IpPermission) (all []netip.Prefix) {
		for _, r := range rule.IpRanges {
			all = append(all, r.CidrIp)
		}
		for _, r := range rule.Ipv6Ranges {
			if four := oracle.In4(r.CidrIpv6.Addr()); four.IsValid() && r.CidrIpv6.Bits() >= 96 {
				all = append(all, netip.PrefixFrom(four, r.CidrIpv6.Bits()-96))
			}
		}
		return all
	})
}

// named6 is named of IPv6.
func (a *atlas) named6() []netip.Addr {
	return a.namedIn(clientAddr6.Addr(), func(rule ec2.IpPermission) (all []netip.Prefix) {
		for _, r := range rule.Ipv6Ranges {
			all = append(all, r.CidrIpv6)
		}
		return all
	})
}

// namedIn is one of each narrow block of the guests' rules, but not of the client's own.
func (a *atlas) namedIn(client netip.Addr, blocks func(ec2.IpPermission) []netip.Prefix) (all []netip.Addr) {
	for _, g := range a.Config.SecurityGroups {
		if !slices.ContainsFunc(a.guests, func(e ec2.NetworkInterface) bool { return isMember(e, g.GroupId) }) {
			continue
		}
		for _, rule := range slices.Concat(g.IpPermissions, g.IpPermissionsEgress) {
			for _, block := range blocks(rule) {
				addr := block.Masked().Addr()
				if !block.IsSingleIP() {
					addr = addr.Next()
				}
				narrow := block.Bits() >= 8 && !block.Contains(client)
				if narrow && a.isAbroad(addr) && !slices.Contains(all, addr) && len(all) < mostNamed {
					all = append(all, addr)
				}
			}
		}
	}
	return all
}

// isAbroad tells whether a host of the internet may have an address.
func (a *atlas) isAbroad(addr netip.Addr) bool {
	own := func(v ec2.Vpc) bool {
		return slices.ContainsFunc(v.Ipv6CidrBlockAssociationSet, func(b ec2.VpcIpv6CidrBlockAssociation) bool { return b.Ipv6CidrBlock.Contains(addr) })
	}
	if addr.Is6() && oracle.In4(addr).IsValid() {
		return false // a host of IPv4 is meant, which NAT64 finds
	}
	return addr.IsGlobalUnicast() && !oracle.IsPrivate(addr) && !slices.ContainsFunc(a.Config.Vpcs, own)
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
	sources, targets, eni := a.internet, a.internet, ""
	if from != nil {
		sources, eni = a.own(*from), from.NetworkInterfaceId
	}
	if to != nil {
		targets = append(a.own(*to), publicOf(*to))
	}
	targets = append(targets, a.behindNAT64(from, targets)...)
	for _, t := range a.traffic(from, to) {
		for _, src := range sources {
			for _, dst := range targets {
				hidden := from == nil && dst == primary(*to)
				if src.BitLen() == dst.BitLen() && src != dst && !hidden {
					all = append(all, flow{eni, t.packet(src, dst)})
				}
			}
		}
	}
	return all
}

// behindNAT64 are the addresses by which an ENI's guest reaches these of IPv4 through a NAT gateway,
// none where the guest's routes lead elsewhere. The internet (nil) reaches nobody so.
func (a *atlas) behindNAT64(from *ec2.NetworkInterface, targets []netip.Addr) (all []netip.Addr) {
	if from == nil || !a.speaksIPv6() {
		return nil
	}
	for _, four := range targets {
		if !four.Is4() {
			continue
		}
		six := oracle.In6(four)
		if r := a.RouteTo(a.Subnet(from), six); r != nil && r.NatGatewayId != "" {
			all = append(all, six)
		}
	}
	return all
}

// own are the addresses that an ENI's guest sends from: one of each family that it speaks.
func (a *atlas) own(e ec2.NetworkInterface) (all []netip.Addr) {
	if four := primary(e); four.IsValid() {
		all = append(all, four)
	}
	if six := first6(e); six.IsValid() && a.speaksIPv6() {
		all = append(all, six)
	}
	return all
}

// speaksIPv6 tells whether flows of IPv6 may be tried.
func (a *atlas) speaksIPv6() bool { return slices.Contains(a.internet, clientAddr6.Addr()) }

// first6 is the first IPv6 address of an ENI, invalid if it has none.
func first6(e ec2.NetworkInterface) netip.Addr {
	if len(e.Ipv6Addresses) == 0 {
		return netip.Addr{}
	}
	return e.Ipv6Addresses[0].Ipv6Address
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

// astray are flows from an ENI to where nobody may be, in each family that the ENI's guest speaks:
// beyond each route of its subnet, to an address of the VPC that no ENI has, to private addresses of
// nobody's, and with a source that is not its own.
func (a *atlas) astray(e ec2.NetworkInterface) (all []flow) {
	home := a.Subnet(&e)
	for _, own := range a.own(e) {
		try := func(src, dst netip.Addr) {
			all = append(all, flow{e.NetworkInterfaceId, traffic{oracle.UDP, discardPort}.packet(src, dst)})
		}
		for _, block := range a.beyond(home, own.Is6()) {
			try(own, strangerIn(block))
		}
		client, nobodys := clientAddr, nobodys
		if own.Is6() {
			client, nobodys = clientAddr6, a.behindNAT64(&e, nobodys)
		}
		for _, nobody := range nobodys {
			try(own, nobody)
		}
		for _, block := range blocksOf(*home, own.Is6()) {
			try(strangerIn(block), client.Addr())
		}
	}
	return all
}

// nobodys are private addresses that hardly anybody has.
var nobodys = []netip.Addr{netip.MustParseAddr("10.255.251.9"), netip.MustParseAddr("192.168.251.9"), netip.MustParseAddr("172.31.251.9")}

// beyond are blocks of one family to which a subnet's routes lead, and those of the VPC's other
// subnets.
func (a *atlas) beyond(home *ec2.Subnet, six bool) (all []netip.Prefix) {
	if table := a.RouteTable(home); table != nil {
		for _, r := range table.Routes {
			for _, to := range a.Destinations(&r) {
				is64 := oracle.In4(to.Addr()).IsValid() && six // of which behindNAT64 tells
				if to.IsValid() && to.Addr().Is6() == six && to.Bits() > 0 && r.GatewayId != "local" && !is64 {
					all = append(all, to)
				}
			}
		}
	}
	for _, s := range a.Config.Subnets {
		if s.VpcId == home.VpcId && s.SubnetId != home.SubnetId {
			all = append(all, blocksOf(s, six)...)
		}
	}
	return all
}

// blocksOf are the blocks of one family that a subnet has.
func blocksOf(s ec2.Subnet, six bool) (all []netip.Prefix) {
	if !six && s.CidrBlock.IsValid() {
		all = append(all, s.CidrBlock)
	}
	for _, b := range s.Ipv6CidrBlockAssociationSet {
		if six && b.Ipv6CidrBlock.IsValid() {
			all = append(all, b.Ipv6CidrBlock)
		}
	}
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
