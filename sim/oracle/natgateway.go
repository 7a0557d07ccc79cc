package oracle

import (
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// translation is a flow that a NAT gateway sends from its own address. Which port the
// gateway takes, AWS does not tell: the oracle's gateways keep the sender's.
type translation struct {
	gateway         string // the ENI's ID
	inside, outside Packet // the flow's first packet, as it came and as it left
}

// natENI is the ENI of a NAT gateway that is there, nil if none is.
func (w *World) natENI(id string) *ec2.NetworkInterface {
	for _, g := range w.Config.NatGateways {
		if g.NatGatewayId != id || g.State != "" && g.State != "available" || len(g.NatGatewayAddresses) == 0 {
			continue
		}
		return w.ENI(g.NatGatewayAddresses[0].NetworkInterfaceId)
	}
	return nil
}

// natOf is the NAT gateway of an ENI, nil if the ENI is not of one.
func (w *World) natOf(e *ec2.NetworkInterface) *ec2.NatGateway {
	for i := range w.Config.NatGateways {
		for _, a := range w.Config.NatGateways[i].NatGatewayAddresses {
			if a.NetworkInterfaceId == e.NetworkInterfaceId {
				return &w.Config.NatGateways[i]
			}
		}
	}
	return nil
}

// natGateway is the way from an ENI through a NAT gateway: "No SG on it; NACL of its subnet
// applies", and the route table of its subnet.
func (y *way) natGateway(e *ec2.NetworkInterface, id string) []Outcome {
	nat := y.w.natENI(id)
	switch {
	case nat == nil:
		return y.drop(Blackhole)
	case y.w.natOf(e) != nil:
		return y.drop(NATLoop)
	}
	y.remember(e, Out)
	y.at = nat.NetworkInterfaceId
	if nat.SubnetId != e.SubnetId && !y.w.aclAllows(y.w.Subnet(nat), In, y.p) {
		return y.drop(ACLIn)
	}
	// "NATGW: TCP/UDP/ICMP only."
	if !slices.Contains([]uint8{TCP, UDP, ICMP}, y.p.Proto) {
		return y.drop(NATProtocol)
	}
	t := translation{gateway: nat.NetworkInterfaceId, inside: y.p}
	y.p.Src = y.w.natOf(nat).NatGatewayAddresses[0].PrivateIp
	t.outside = y.p
	y.translated = true
	y.commits = append(y.commits, func() { y.w.translations = append(y.w.translations, t) })
	if !y.w.aclAllows(y.w.Subnet(nat), Out, y.p) {
		return y.drop(ACLOut)
	}
	return y.route(nat)
}

// backThrough is the way of an answer that has come to a NAT gateway.
func (y *way) backThrough(nat *ec2.NetworkInterface) []Outcome {
	for _, t := range y.w.translations {
		if t.gateway != nat.NetworkInterfaceId || !t.outside.answeredBy(y.p) {
			continue
		}
		y.p.Dst = t.inside.Src
		to := y.w.Owner(y.w.VPC(nat), y.p.Dst)
		if to == nil {
			return y.drop(NoNeighbor)
		}
		if to.SubnetId != nat.SubnetId && !y.w.aclAllows(y.w.Subnet(nat), Out, y.p) {
			return y.drop(ACLOut)
		}
		return y.arrive(to, to.SubnetId != nat.SubnetId)
	}
	return y.drop(NATUnknown)
}

// answeredBy tells whether a packet has the ends of p the other way round.
func (p Packet) answeredBy(q Packet) bool {
	return p.Proto == q.Proto && p.Src == q.Dst && p.Dst == q.Src && p.SrcPort == q.DstPort && p.DstPort == q.SrcPort && p.ID == q.ID
}
