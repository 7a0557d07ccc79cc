package pipeline

import (
	"net/netip"
	"slices"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// guest is an ENI of this card as the packet path sees the ENI: the fields that packets
// need, side by side instead of spread over the policy.
type guest struct {
	eni   *vpc.OwnENI // nil: no ENI of this card has this number
	label *nameplate

	number              uint32
	owner               uint64
	primary, public     uint32 // IPv4, in host byte order; 0: none
	mac, router         wire.MAC
	macBits, routerBits uint64
	gateway             wire.Addr // the router's IPv4 address: the subnet's second
	resolver            wire.Addr // the resolver's, in the VPC's primary block; zero: the VPC has none
	across              bool      // its VPC peers with one of another region
	mtu                 vpc.MTU   // of the way to it from a guest of this card
	publicAccess        Verdict   // judgeFromInternet
	inward              [2]bool   // by vpc.Gateway: whether the gateway of its VPC has a route table
	keepsPublic         bool      // in packets that others than the edge bring (privateFor)

	limit, cacheLimit uint32 // tracked connections and cached verdicts its instance may hold
	timeouts          *flow.Timeouts
}

// privateOf is the private address behind addr if addr is a public address of the
// guest's, and else addr.
func (g *guest) privateOf(addr wire.Addr) wire.Addr {
	if private := g.eni.PrivateOf(addr); !private.IsZero() {
		return private
	}
	return addr
}

// leavesRegion tells whether packets to an address go over peering to another region, which
// has an MTU of its own (vpc.AcrossMTU).
func (g *guest) leavesRegion(dst wire.Addr) bool {
	if !g.across {
		return false
	}
	r := g.eni.Route(dst)
	if r.Target != vpc.Peering {
		return false
	}
	peer := g.eni.Peer(r.Via)
	return peer != nil && !peer.Regional
}

// guestsOf are the guests of ports, by ENI number.
func guestsOf(policy *vpc.Policy, ports []GuestPort) []guest {
	guests, fromInternet := make([]guest, len(policy.ENIs)), judgeFromInternet(policy)
	for i := range ports {
		p := &ports[i]
		e := p.ENI
		guests[e.Number] = guest{
			eni: e, label: nameplateOf(e), number: e.Number, owner: e.Owner,
			primary: e.Primary.As4(), public: e.Public().As4(), mac: e.MAC, router: e.RouterMAC, macBits: e.MAC.Bits(), routerBits: e.RouterMAC.Bits(), gateway: gatewayOf(e), resolver: e.Resolver(),
			across:       slices.ContainsFunc(e.Peers(), func(p vpc.Peer) bool { return !p.Regional }),
			mtu:          policy.Region.Station(e.Station).MTU,
			publicAccess: fromInternet(e.ENI),
			keepsPublic:  !e.SourceDestCheck && e.NAT == nil, // with the check on, such packets come to nobody
			inward:       [2]bool{e.HasInward(vpc.InternetGateway), e.HasInward(vpc.VPNGateway)},
			limit:        p.Limit, cacheLimit: p.CacheLimit, timeouts: timeoutsOf(e),
		}
	}
	return guests
}

// nameplateOf is what drops tell of an ENI.
func nameplateOf(e *vpc.OwnENI) *nameplate {
	l := &nameplate{name: e.ID, groups: e.Groups, acl: e.ACL()}
	l.tables = [tableKinds]string{e.Routes(), e.InwardTable(vpc.InternetGateway), e.InwardTable(vpc.VPNGateway)}
	if e.NAT != nil {
		l.nat = e.NAT.ID
	}
	return l
}

// gatewayOf is the address of the router of an ENI's subnet: the one after the
// subnet's own (VPC guide, subnet sizing).
func gatewayOf(e *vpc.OwnENI) wire.Addr {
	if !e.Subnet.Prefix.IsValid() {
		return wire.Addr{}
	}
	return firstHost(e.Subnet.Prefix)
}

// firstHost is the address after a block's own, which the router of a subnet has.
func firstHost(block netip.Prefix) wire.Addr { return wire.AddrFrom(block.Masked().Addr().Next()) }

// vpcRouter is the address that the router of every subnet has (VPC guide, subnet sizing).
var vpcRouter = wire.AddrFrom(netip.MustParseAddr("fe80:ec2::1"))

// isRouter tells whether the router of the guest's subnet has an address: of IPv4 the one
// after the subnet's own; of IPv6, if the subnet has it, the one after the subnet's own, a
// link-local one made of the router's MAC, and vpcRouter (VPC guide, subnet sizing).
func (g *guest) isRouter(addr wire.Addr) bool {
	block := g.eni.Subnet.Prefix6
	switch {
	case addr.Is4():
		return addr == g.gateway
	case !block.IsValid():
		return false
	}
	return addr == vpcRouter || addr == g.router.LinkLocal() || addr == firstHost(block)
}

// timeoutsOf are the timeouts of an ENI's connections: the three that EC2 lets an ENI's
// owner set, and flow's defaults.
func timeoutsOf(e *vpc.OwnENI) *flow.Timeouts {
	t := flow.DefaultTimeouts()
	t.Established, t.UDP, t.UDPStream = e.Timeouts.TCPEstablished, e.Timeouts.UDP, e.Timeouts.UDPStream
	return &t
}
