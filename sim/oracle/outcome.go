package oracle

import (
	"fmt"
	"strings"
)

// Part is the part of EC2 that drops a packet.
type Part string

// The parts of EC2, in the order in which packets meet them.
const (
	Headers          Part = "the bound on extension headers"
	Fragments        Part = "the receiver of fragments, which are no packet together"
	SourceCheck      Part = "the source/destination check of the sender"
	GroupOut         Part = "the sender's security groups"
	ACLOut           Part = "the network ACL of the sender's subnet"
	Port25           Part = "the block of port 25 towards the internet"
	NoRoute          Part = "the route table, which has no route"
	Blackhole        Part = "the route, whose target is gone"
	Elsewhere        Part = "the route, whose target is no part of this region"
	OutsidePeer      Part = "the peering, which leads into the peer's VPC alone"
	NoNeighbor       Part = "the VPC, where nobody has the address"
	NoPublic         Part = "the internet gateway, for the source has no public address"
	PrivateEnd       Part = "the internet gateway, which carries no private address"
	PublicAccess     Part = "Block Public Access, which closes the internet gateway"
	PassedBy         Part = "the internet gateway, whose route table has a middlebox before the subnet"
	TooBig           Part = "the MTU of the packet's way"
	EgressOnly       Part = "the egress-only internet gateway, which nobody opened from inside"
	NATProtocol      Part = "the NAT gateway, which carries TCP, UDP and ICMP alone"
	NATFragment      Part = "the NAT gateway, which carries fragments of UDP alone"
	NATFamily        Part = "the NAT gateway, which finds no form for the packet in the other family"
	NATSource        Part = "the NAT gateway, which serves its own VPC alone"
	NATUnknown       Part = "the NAT gateway, which knows no connection of the packet's"
	NATState         Part = "the NAT gateway, which is not ready, or is over"
	NATLoop          Part = "the NAT gateway, whose own subnet has a NAT gateway as its way out"
	NoGateway        Part = "the internet, which finds no gateway for the address"
	Impostor         Part = "the receiver's server, which hears an ENI of a peer from that ENI's server alone"
	ACLIn            Part = "the network ACL of the receiver's subnet"
	DestinationCheck Part = "the source/destination check of the receiver"
	GroupIn          Part = "the receiver's security groups"
)

// Outcome is what becomes of a packet: a guest has it, the internet has it, or a part
// of EC2 dropped it.
type Outcome struct {
	ENI      string // whose guest has the packet, or the error about it
	Internet bool   // has the packet
	Dropped  Part   // "" if it arrived
	At       string // the ENI at which it was dropped; "" at none
	Packet   Packet // as it arrives
	Longest  int    // fragment that may arrive of a packet that was cut on its way, in bytes of IP; 0: it was not cut
	// Told is the ICMP error about the dropped packet that its sender gets, nil if the sender gets none.
	Told *Packet
	// Translated tells that a NAT gateway sent the packet on, by a port of its own choice in
	// the place of the packet's.
	Translated bool
	Doubt      string // why AWS's pages allow another outcome, too; "" where they do not

	commits []func() // what the oracle remembers if this outcome is what happened
}

// String is the outcome in words.
func (o Outcome) String() string {
	switch {
	case o.Told != nil:
		return fmt.Sprintf("dropped by %s %s, whose guest gets %v", o.Dropped, o.At, *o.Told)
	case o.Dropped != "":
		return strings.TrimSpace(fmt.Sprintf("dropped by %s %s", o.Dropped, o.At))
	case o.Internet:
		return fmt.Sprintf("the internet gets %v", o.Packet)
	}
	return fmt.Sprintf("%s gets %v", o.ENI, o.Packet)
}
