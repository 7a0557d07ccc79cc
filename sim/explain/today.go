package explain

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// MostToday is how many sentences Today yields. People cut and go on from there.
const MostToday = 500

// servicesEach is how many services of a receiver are asked about.
const servicesEach = 6

// Today yields sentences that hold, of what is not unknown: from the internet and from an ENI of each subnet of the VPC and its peers, to an ENI of
// each kind (ENIs with the same subnet and groups are of a kind), by the services that the
// receiver's groups name, and by ssh; and from each kind to the internet. So there is what is
// allowed, and what is denied though someone might try.
func (n *Network) Today() iter.Seq[Held] {
	return func(yield func(Held) bool) {
		left := MostToday
		for s := range n.today() {
			h, err := n.Hold(s)
			if err != nil || h.Unknown {
				continue // such as two ends without an address of the same family
			}
			h.Allowed = h.Is
			if left--; left < 0 || !yield(h) {
				return
			}
		}
	}
}

// today yields sentences without what is expected.
func (n *Network) today() iter.Seq[Sentence] {
	return func(yield func(Sentence) bool) {
		kinds := n.kinds()
		senders := n.firstOfSubnets()
		for _, e := range kinds {
			to, near := n.callName(e), []string{internetName}
			for _, s := range senders {
				if n.meet(n.vpcOf(s), n.vpcOf(e)) {
					near = append(near, n.callName(s))
				}
			}
			for _, ask := range n.servicesOf(e) {
				for _, from := range near {
					ask.From, ask.To = from, to
					if from != to && !yield(Sentence{Ask: ask}) {
						return
					}
				}
			}
		}
		for _, e := range kinds {
			for _, six := range n.families(e) {
				if !yield(Sentence{Ask: Ask{From: n.callName(e), To: internetName, Protocol: wire.ProtoTCP, Port: 443, IPv6: six}}) {
					return
				}
			}
		}
	}
}

// kinds are the first ENIs of each kind, without those of NAT gateways.
func (n *Network) kinds() (first []*ec2.NetworkInterface) {
	seen := map[string]bool{}
	for i := range n.cfg.NetworkInterfaces {
		e := &n.cfg.NetworkInterfaces[i]
		is := n.base.ENI(e.NetworkInterfaceId)
		if is == nil || !n.guest(e) {
			continue
		}
		key := fmt.Sprint(is.Subnet.ID, groupIDs(is.Groups), publicOf(is).IsValid())
		if !seen[key] {
			seen[key] = true
			first = append(first, e)
		}
	}
	return first
}

// guest tells whether an ENI has a guest that sends, and so is none of a NAT gateway.
func (n *Network) guest(e *ec2.NetworkInterface) bool {
	return e.InterfaceType != "nat_gateway" && !slices.ContainsFunc(n.cfg.NatGateways, func(g ec2.NatGateway) bool {
		return slices.ContainsFunc(g.NatGatewayAddresses, func(a ec2.NatGatewayAddress) bool { return a.NetworkInterfaceId == e.NetworkInterfaceId })
	})
}

// firstOfSubnets is an ENI of each subnet.
func (n *Network) firstOfSubnets() (all []*ec2.NetworkInterface) {
	seen := map[string]bool{}
	for i := range n.cfg.NetworkInterfaces {
		if e := &n.cfg.NetworkInterfaces[i]; n.guest(e) && n.base.ENI(e.NetworkInterfaceId) != nil && !seen[e.SubnetId] {
			seen[e.SubnetId] = true
			all = append(all, e)
		}
	}
	return all
}

// vpcOf is the VPC of an ENI.
func (n *Network) vpcOf(e *ec2.NetworkInterface) string {
	return n.base.ENI(e.NetworkInterfaceId).Subnet.VPC.ID
}

// meet tells whether two VPCs are one, or peer.
func (n *Network) meet(a, b string) bool {
	return a == b || slices.ContainsFunc(n.cfg.VpcPeeringConnections, func(p ec2.VpcPeeringConnection) bool {
		from, to := p.RequesterVpcInfo.VpcId, p.AccepterVpcInfo.VpcId
		return from == a && to == b || from == b && to == a
	})
}

// callName is what a sentence calls an ENI: its tag Name, if it alone has the name.
func (n *Network) callName(e *ec2.NetworkInterface) string {
	if name := NameOf(e.TagSet); name != "" {
		if p, err := n.find(name); err == nil && p.ENI == e.NetworkInterfaceId {
			return name
		}
	}
	return e.NetworkInterfaceId
}

// families are the families that an ENI has: false is IPv4.
func (n *Network) families(e *ec2.NetworkInterface) (all []bool) {
	for _, six := range []bool{false, true} {
		if n.firstOf(e.NetworkInterfaceId, six).IsValid() {
			all = append(all, six)
		}
	}
	return all
}

// servicesOf are the services that an ENI's groups name, and ssh.
func (n *Network) servicesOf(e *ec2.NetworkInterface) (all []Ask) {
	add := func(a Ask) {
		if !slices.Contains(all, a) && len(all) < servicesEach {
			all = append(all, a)
		}
	}
	families := n.families(e)
	for _, g := range n.base.ENI(e.NetworkInterfaceId).Groups {
		sg := n.base.SecurityGroup(g.ID)
		if sg == nil {
			continue // a partial dump has only the members of the group
		}
		for i := range sg.IpPermissions {
			for _, six := range families {
				if a, ok := serviceOf(&sg.IpPermissions[i], six); ok {
					add(a)
				}
			}
		}
	}
	for _, six := range families {
		add(Ask{Protocol: wire.ProtoTCP, Port: 22, IPv6: six})
	}
	return all
}

// serviceOf is a packet of the service that a permission names.
func serviceOf(p *ec2.IpPermission, six bool) (a Ask, ok bool) {
	proto, err := Protocol(strings.TrimSpace(p.IpProtocol))
	if err != nil { // -1 is every protocol
		return Ask{Protocol: wire.ProtoTCP, Port: 80, IPv6: six}, true
	}
	a = Ask{Protocol: proto, IPv6: six}
	switch {
	case proto == wire.ProtoICMP:
		return a, !six
	case proto == wire.ProtoICMPv6:
		return a, six
	case proto == wire.ProtoTCP || proto == wire.ProtoUDP:
		if a.Port = 80; p.FromPort != nil {
			a.Port = uint16(max(*p.FromPort, 1))
		}
	}
	return a, true
}
