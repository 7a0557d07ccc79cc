package oracle

import (
	"net/netip"
	"slices"
	"time"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/vpc/vpctest"
)

// generator chooses what happens next in a world, so that packets meet rules,
// connections and each other.
type generator struct {
	dice
	w       *World
	watched bool      // packets may come in fragments, of which each ends in its own way
	enis    int       // how many there were, with those that are gone
	recent  []arrival // what arrived of late
	sent    []step    // and what was sent
}

// arrival is a packet that arrived.
type arrival struct {
	eni    string // "" is the internet
	packet Packet
	direct bool
}

// next is the next step.
func (g *generator) next() step {
	s := g.whole()
	if s.Packet == nil || s.Packet.Quoted != nil {
		return s
	}
	p := *s.Packet
	p.Fragmented = false // also of one that a router cut, which a middlebox passes on
	g.lengthen(&p, s.ENI == "")
	g.stack(&p)
	if s.Packet = &p; !g.watched {
		return s
	}
	p.Fragmented = p.Len == 0 && p.Headers.n == 0 && p.Options == "" && p.Type != Timestamp && g.oneIn(16)
	s.Pieces = sound()
	if to, _ := g.w.PublicOwner(p.Dst); g.oneIn(2) && (to == nil || g.w.gatewayTable(g.w.VPC(to)) == nil) {
		s.Pieces = g.soup() // ours: none waits that the card hands to a middlebox of its own
	}
	return s
}

// whole is the next step, with no packet in fragments.
func (g *generator) whole() step {
	switch n := g.IntN(100); {
	case n < 4:
		return step{Wait: one(g.dice, []time.Duration{1, 5, 20, 29, 31, 50, 70, 100, 130, 179, 182, 340, 360, 590, 610, 4100}) * time.Second}
	case n < 7:
		return step{Edits: g.edits()}
	case n < 42 && len(g.recent) > 0:
		return g.answer()
	case n < 60 && len(g.sent) > 0:
		return g.again()
	case n < 65 && len(g.recent) > 0:
		return g.complain()
	}
	return g.first()
}

// arrived tells the generator what arrived of the last step.
func (g *generator) arrived(s step, r result) {
	const most = 24
	if s.Packet == nil {
		return
	}
	if g.sent = append(g.sent, s); len(g.sent) > most {
		g.sent = g.sent[1:]
	}
	if r.frames != 1 || r.packet.tellsMTU() && r.reason != "" {
		return
	}
	if g.recent = append(g.recent, arrival{r.eni, r.packet, s.Direct}); len(g.recent) > most {
		g.recent = g.recent[1:]
	}
}

// answer is what the receiver of some packet sends back.
func (g *generator) answer() step {
	a := g.recent[g.latest(len(g.recent))]
	if e := g.w.ENI(a.eni); e != nil && !has(e, a.packet.Dst) { // a middlebox passes on what is not for itself
		return step{Packet: &a.packet, ENI: a.eni}
	}
	p := a.packet.Answer()
	if a.packet.Quoted != nil {
		return g.first() // nobody answers an error
	}
	return g.finish(step{Packet: &p, ENI: a.eni, Direct: a.direct})
}

// latest is an index of a list, of a late element more often than of an early one.
func (g *generator) latest(n int) int { return n - 1 - min(g.IntN(n), g.IntN(n)) }

// again is a packet that goes on with what some packet began.
func (g *generator) again() step {
	s := g.sent[g.latest(len(g.sent))]
	p := *s.Packet
	if p.Proto == TCP && !g.oneIn(4) {
		if p.isSYN() {
			p.Ack = p.Seq ^ 0x5a5a5a + 1
		}
		p.Flags, p.Seq = ACK, p.Seq+1
	}
	s.Packet = &p
	return g.finish(s)
}

// finish has a TCP packet end its connection now and then.
func (g *generator) finish(s step) step {
	if s.Packet.Proto == TCP && s.Packet.Flags&SYN == 0 && g.oneIn(12) {
		s.Packet.Flags = one(g.dice, []uint8{FIN | ACK, RST, RST | ACK})
	}
	return s
}

// complain is the ICMP error of a packet's receiver.
func (g *generator) complain() step {
	a := g.recent[g.latest(len(g.recent))]
	if kind, answer, query := a.packet.query(); a.packet.Quoted != nil || a.packet.IsICMP() && (!query || answer || kind == Timestamp) {
		return g.first()
	}
	about := a.packet
	about.Fragmented = false
	if e := g.w.ENI(a.eni); e != nil && !has(e, about.Dst) {
		return g.first()
	}
	kind := one(g.dice, []message{{Unreachable, 1}, {Unreachable, 2}, {Unreachable, 3}, {Unreachable, 4}, {Unreachable, 13}, {Unreachable, 14}, {TimeExceeded, 1}, {BadParameter, 1}})
	if about.Dst.Is6() {
		kind = one(g.dice, []message{{Unreachable6, 1}, {Unreachable6, 3}, {Unreachable6, 4}, {Unreachable6, 5}, {TooBig6, 0}, {TooBig6, 4}, {TimeExceeded6, 1}, {BadParameter6, 1}})
	}
	p := about.ErrorAbout(about.Dst, kind.kind, kind.code)
	if p.tellsMTU() {
		p.MTU = one(g.dice, []int{1280, 1400, 1480})
	}
	return step{Packet: &p, ENI: a.eni, Direct: a.direct}
}

// first is the first packet of a flow, as far as its sender knows.
func (g *generator) first() step {
	p := Packet{Proto: one(g.dice, []uint8{TCP, TCP, TCP, UDP, UDP, UDP, ICMP, ICMP, 47}), SrcPort: one(g.dice, ports), DstPort: one(g.dice, ports)}
	if g.oneIn(20) {
		p.DstPort = 25
	}
	if g.oneIn(60) {
		p.SrcPort = 25 // an answer would be for port 25
	}
	switch p.Proto {
	case TCP:
		p.Flags, p.Seq = SYN, uint32(g.IntN(4))*1_000_000
		if g.oneIn(10) {
			p.Flags, p.Ack = ACK, 7
		}
	case ICMP:
		p.SrcPort, p.DstPort = 0, 0
		p.Type, p.ID = one(g.dice, []uint8{Echo, Echo, Echo, Timestamp, EchoReply}), uint16(g.upTo(1, 2))
	case 47:
		p.SrcPort, p.DstPort = 0, 0
	}
	if g.oneIn(3) {
		return g.firstFromInternet(p)
	}
	return g.firstFromGuest(p)
}

// ofFamily makes a packet one of IPv6, if its source is.
func (p Packet) ofFamily() Packet {
	if p.Src.Is6() && p.Proto == ICMP {
		p.Proto, p.Type = ICMPv6, map[uint8]uint8{Echo: Echo6, Timestamp: Echo6, EchoReply: EchoReply6}[p.Type]
	}
	return p
}

// firstFromInternet is a packet from outside, to a public address.
func (g *generator) firstFromInternet(p Packet) step {
	if p.Dst = g.publicAddress(g.oneIn(3)); !p.Dst.IsValid() {
		return step{Wait: time.Second}
	}
	p.Src = one(g.dice, hostsOf(p.Dst))
	if p.Dst.Is4() && g.oneIn(40) {
		p.Src = one(g.dice, []netip.Addr{netip.MustParseAddr("10.0.0.10"), netip.MustParseAddr("192.168.3.4"), netip.MustParseAddr("100.64.1.1")})
	}
	if p.Dst.Is6() && g.oneIn(12) {
		p.Src = g.forged(p.Dst)
	}
	p = p.ofFamily()
	return step{Packet: &p}
}

// forged is an address that a host on the internet may send from, and does not have: one of IPv4's in IPv6,
// or of an ENI of the receiver's VPC.
func (g *generator) forged(dst netip.Addr) netip.Addr {
	to, _ := g.w.PublicOwner(dst)
	if e := one(g.dice, g.w.Config.NetworkInterfaces); to != nil && g.w.VPC(&e) == g.w.VPC(to) && len(e.Ipv6Addresses) > 0 {
		return one(g.dice, g.addresses(e)[len(e.PrivateIpAddresses)+len(e.Ipv4Prefixes):])
	}
	return In6(one(g.dice, hosts))
}

// hostsOf are the hosts on the internet of an address's family.
func hostsOf(a netip.Addr) []netip.Addr {
	if a.Is6() {
		return hosts6
	}
	return hosts
}

// publicAddress is one of some ENI, mostly.
func (g *generator) publicAddress(sixth bool) netip.Addr {
	if g.oneIn(30) {
		return map[bool]netip.Addr{false: netip.MustParseAddr("35.72.9.9"), true: netip.MustParseAddr("2001:db8:0:5::5")}[sixth]
	}
	var all []netip.Addr
	for _, e := range g.w.Config.NetworkInterfaces {
		for _, a := range g.addresses(e) {
			if public := g.w.publicOf(&e, a); public.IsValid() && public.Is6() == sixth {
				all = append(all, public)
			}
		}
	}
	if len(all) == 0 {
		return netip.Addr{}
	}
	return one(g.dice, all)
}

// firstFromGuest is a packet of some ENI's guest.
func (g *generator) firstFromGuest(p Packet) step {
	e := g.guest()
	p.Src = one(g.dice, g.addresses(e))
	if g.oneIn(30) {
		p.Src = one(g.dice, []netip.Addr{netip.MustParseAddr("10.0.0.200"), netip.MustParseAddr("2001:db8::200")})
	}
	to := one(g.dice, g.w.Config.NetworkInterfaces)
	switch n := g.IntN(10); {
	case n < 3:
		p.Dst = one(g.dice, hostsOf(p.Src))
	case n == 3:
		p.Dst = g.publicAddress(p.Src.Is6())
	case n == 4:
		p.Dst = one(g.dice, nobody)
	default:
		p.Dst = one(g.dice, g.addresses(to))
	}
	if p.Src.Is6() && g.oneIn(3) {
		p.Dst = g.behindNAT64(to)
	}
	p = p.ofFamily()
	if p.Dst.Is6() != p.Src.Is6() || !p.Dst.IsValid() || g.isOwn(&e, p.Dst) || g.isOwn(&e, In4(p.Dst)) {
		p.Dst = hostsOf(p.Src)[0] // a packet meets each ENI once, and an oracle that judges before it remembers is right
	}
	s := step{Packet: &p, ENI: e.NetworkInterfaceId}
	if owner := g.w.Owner(g.w.VPC(&e), p.Dst); owner != nil && owner.SubnetId == e.SubnetId {
		s.Direct = !g.oneIn(8) // a guest asks for its neighbor's MAC, and some set a route
	}
	return s
}

// behindNAT64 is the IPv6 address of a host on the internet that has IPv4 alone, of an ENI, or of nobody.
func (g *generator) behindNAT64(to ec2.NetworkInterface) netip.Addr {
	all := append([]netip.Addr{one(g.dice, hosts), one(g.dice, hosts), one(g.dice, nobody), g.publicAddress(false)}, g.addresses(to)...)
	if a := one(g.dice, all); a.Is4() {
		return In6(a)
	}
	return In6(hosts[0])
}

// isOwn tells whether an address is one of an ENI's, private or public.
func (g *generator) isOwn(e *ec2.NetworkInterface, a netip.Addr) bool {
	if !a.IsValid() {
		return false
	}
	self, _ := g.w.PublicOwner(a)
	return has(e, a) || self != nil && self.NetworkInterfaceId == e.NetworkInterfaceId
}

// guest is some ENI that has a guest.
func (g *generator) guest() ec2.NetworkInterface {
	for {
		if e := one(g.dice, g.w.Config.NetworkInterfaces); g.w.natOf(&e) == nil {
			return e
		}
	}
}

// nobody has these addresses.
var nobody = []netip.Addr{netip.MustParseAddr("10.0.0.250"), netip.MustParseAddr("192.168.3.4"), netip.MustParseAddr("10.1.0.10"),
	netip.MustParseAddr("100.64.0.250"), netip.MustParseAddr("44.0.0.250"), netip.MustParseAddr("2001:db8:1::99"), netip.MustParseAddr("2001:db8::99"), netip.MustParseAddr("2001:db8:0:100::99")}

// addresses are an ENI's, and one of each of its prefixes.
func (g *generator) addresses(e ec2.NetworkInterface) (all []netip.Addr) {
	for _, a := range e.PrivateIpAddresses {
		all = append(all, a.PrivateIpAddress)
	}
	for _, a := range e.Ipv4Prefixes {
		all = append(all, a.Ipv4Prefix.Addr().Next())
	}
	for _, a := range e.Ipv6Addresses {
		all = append(all, a.Ipv6Address)
	}
	for _, a := range e.Ipv6Prefixes {
		all = append(all, a.Ipv6Prefix.Addr().Next())
	}
	return all
}

// oneRuleOff are a group's inbound rules with one less, or one more.
func (g *generator) oneRuleOff(r *region, sg ec2.SecurityGroup) []ec2.IpPermission {
	rules := slices.Clone(sg.IpPermissions)
	if len(rules) == 0 || g.oneIn(2) {
		return vpctest.Distinct(append(rules, r.rule(number0(sg.VpcId))))
	}
	i := g.IntN(len(rules))
	return slices.Delete(rules, i, i+1)
}

// number0 is the number at the end of a VPC's ID.
func number0(id string) int { return int(id[len(id)-1] - '0') }
