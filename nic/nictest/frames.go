package nictest

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// TCP is a segment from the client to a port of a1.
func TCP(port string, flags uint8) wiretest.Packet {
	return wiretest.TCP(Client+":40000", "35.72.2.8:"+port).Flags(flags)
}

// TCPBack is a segment from a port of a1 to the client.
func TCPBack(port string, flags uint8) wiretest.Packet {
	return wiretest.TCP("10.0.1.5:"+port, Client+":40000").Flags(flags)
}

// ENI is an ENI of the policy's card, or what that card knows of another's.
func ENI(p *vpc.Policy, id string) *vpc.OwnENI {
	if e := p.ENI(id); e != nil {
		return e
	}
	e := p.Region.ENI(id)
	return &vpc.OwnENI{ENI: e, Primary: e.Addrs()[0].Private, VPC: e.Subnet.VPC, VNI: e.Subnet.VPC.VNI, RouterMAC: e.Subnet.RouterMAC}
}

// Tunnel wraps a frame for an ENI, whose MACs it writes, as the tunnel end vtep does.
func Tunnel(p *vpc.Policy, vtep, eni string, frame []byte) []byte {
	e := ENI(p, eni)
	wire.Ethernet(frame).SetSrc(EdgeRouter)
	wire.Ethernet(frame).SetDst(e.MAC)
	return Outer(p, vtep, e.VNI, frame).Bytes()
}

// Outer is a frame in a tunnel from vtep to the policy's card.
func Outer(p *vpc.Policy, vtep string, vni uint32, inner []byte) wiretest.Packet {
	card := p.Card.VTEP.String()
	return wiretest.VXLAN(vtep, card, vni, inner).MACs(Stations[vtep], Stations[card])
}

// ARPReply is the ARP reply of a tunnel end to the policy's card, whose uplink has a
// MAC.
func ARPReply(p *vpc.Policy, uplink wire.MAC, vtep string) []byte {
	from := wire.Neighbor{MAC: Stations[vtep], Addr: wiretest.Addr(vtep)}
	return wiretest.ARPReply(from, wire.Neighbor{MAC: uplink, Addr: p.Card.VTEP}).Bytes()
}
