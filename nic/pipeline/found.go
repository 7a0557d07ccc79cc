package pipeline

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// found is what the stages find out about a packet. The zero value says that no
// stage was asked yet, and every packet begins with it, so a stage that adds a field
// here need not reset the field.
type found struct {
	// The connection as the table held it when the stages began. Another worker may
	// change or end the connection meanwhile, so track asks the table again.
	was      flow.Status
	outdated bool // conn is an earlier policy's verdict on an untracked flow
	restarts bool // the packet begins another connection in the place of the one at packet.at
	resumed  bool // the packet takes up a connection from before the card's start
	accepted bool // restarts, because the packet is a SYN+ACK that answers the SYN of the other connection

	// The answer of the groups.
	rule      vpc.RuleID
	initiator wire.Direction // of the flow's first packet, about which the groups were asked
	asked     bool           // the groups were asked, and rule allowed the packet
	allowed   bool           // the packet passed the groups: asked, related or known
	untracked bool           // EC2 does not track the flow
	related   bool           // the packet is an ICMP error about the connection at packet.at

	exit   exit       // a guest's packet: where it goes
	vtep   uint16     // index of the remote side's tunnel end
	route  *vpc.Route // that was asked; nil: none was
	table  table      // that route is of
	onLink bool       // inbound, where the subnet's network ACL may deny: the packet came from inside the subnet
	entry  uint16     // number of the ACL's entry that decided; 0: no ACL was asked
	mtu    vpc.MTU    // the way's, which the packet exceeds; 0: none that was asked
}

// exit is a guest's way out: to another guest of this card, or to a station beyond
// a tunnel. The flags tell which of the two the number means, so read the number by
// neighbor or by station.
type exit struct {
	number uint32
	flags  flow.Flags // FlagNeighbor, FlagRouted, FlagNAT
}

// exitOf is the exit that a connection's record holds.
func exitOf(s flow.Status) exit { return exit{s.Exit(), s.Flags()} }

// neighbor is the number of the ENI of this card that the exit leads to, if ok.
func (x exit) neighbor() (eni uint32, ok bool) { return x.number, x.flags&flow.FlagNeighbor != 0 }

// station is the number of the region's station that the exit leads to, unless the
// exit leads to a neighbor.
func (x exit) station() uint32 { return x.number }

// routed tells whether the packet passes the router, which writes other MACs.
func (x exit) routed() bool { return x.flags&flow.FlagRouted != 0 }

// translated tells whether the source becomes the public address.
func (x exit) translated() bool { return x.flags&flow.FlagNAT != 0 }
