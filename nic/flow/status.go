package flow

import "nitrocard/nic/wire"

// Flags of a connection.
type Flags uint8

const (
	// FlagInitiator says that the guest opened the connection. Open sets the flag by
	// the first packet's direction. The flag is bit 0, as Out is in Direction, because side
	// compares the two.
	FlagInitiator Flags = 1 << iota
	// FlagUntracked says that EC2 does not track the flow: the record is a cache of
	// the rules in force.
	FlagUntracked
	// FlagNAT says that packets are translated between a private and a public address.
	FlagNAT
	// FlagRouted says that packets to the remote side get other inner MAC addresses,
	// because a router stands between the subnets.
	FlagRouted
	// FlagNeighbor says that the remote side is an ENI on this card, and that the exit
	// is this ENI's number.
	FlagNeighbor
	// flagSyn says that a SYN opened the connection, and that First is the SYN's
	// sequence number.
	flagSyn

	flagReadyIn  Flags = 1 << 6 // the stages of direction In were walked under Conn.Epoch
	flagReadyOut Flags = 1 << 7 // the stages of direction Out were
)

// flagsOut are the flags that the stages of direction Out decide.
const flagsOut = FlagNAT | FlagRouted | FlagNeighbor

// Status is the part of a connection that changes as a whole: one word, which a worker
// loads at once while another worker writes.
//
//	63 62   48 47         16 15    8 7 6     0
//	+-+-------+-------------+-------+-+-------+
//	|L| VTEP  | exit        | flags |R| state |
//	+-+-------+-------------+-------+-+-------+
//
// L is statusOnLink: the packets in direction In came from inside the ENI's subnet, and
// that subnet's network ACL was not asked. L lies above the VTEP, so that assembly which
// takes both for an index finds no such tunnel end, and leaves the packet.
//
// R is statusReset: a side sent RST, and nothing followed yet. The state is the one that
// the RST met.
type Status uint64

const (
	statusState    Status = 0xff // with R, so that assembly which compares this byte leaves a reset connection alone
	statusReset    Status = 0x80
	statusReadyIn         = Status(flagReadyIn) << flagsAt
	statusReadyOut        = Status(flagReadyOut) << flagsAt

	flagsAt = 8
	exitAt  = 16
	vtepAt  = 48

	statusVTEP          = Status(MaxVTEP) << vtepAt
	statusOnLink Status = 1 << 63
)

// MaxVTEP is the highest index of a VTEP, which has 15 bits.
const MaxVTEP = 1<<15 - 1

// The parts of a Status, exported for the assembly of package nic.
const (
	StatusWalkedIn  = statusReadyIn  // Walked(wire.In)
	StatusWalkedOut = statusReadyOut // Walked(wire.Out)
	StatusInitiator = Status(FlagInitiator) << flagsAt
	StatusNAT       = Status(FlagNAT) << flagsAt
	StatusRouted    = Status(FlagRouted) << flagsAt
	StatusNeighbor  = Status(FlagNeighbor) << flagsAt
	StatusState     = statusState
	StatusSide      = statusState | StatusInitiator // the state, and which side opened
	StatusExit      = exitAt                        // lowest bit of the exit, which has 32
	StatusVTEP      = vtepAt                        // lowest bit of the VTEP, which has the 16 above, OnLink among them
)

// State is the connection's state: Closed after a RST, until another segment follows.
func (s Status) State() State {
	if s&statusReset != 0 {
		return Closed
	}
	return s.lasting()
}

// lasting is the state that another segment after a RST would find.
func (s Status) lasting() State { return State(s &^ statusReset) }

// Flags are the connection's flags.
func (s Status) Flags() Flags { return Flags(s >> flagsAt) }

// Walked tells whether the stages of direction d were walked under the policy that
// evaluated the connection last.
func (s Status) Walked(d wire.Direction) bool { return s&(statusReadyIn<<(d&1)) != 0 }

// VTEP is the index of the remote side's VTEP in the policy: where packets of direction In came
// from, if their stages were walked, and else where packets of direction Out go (Conn.Keep).
func (s Status) VTEP() uint16 { return uint16(s>>vtepAt) & MaxVTEP }

// OnLink tells whether the stages of direction In were walked by a packet that came from
// inside the ENI's subnet. A packet that crossed the subnet's edge then has to walk the
// stages anew.
func (s Status) OnLink() bool { return s&statusOnLink != 0 }

// Exit is the number of the station that packets to the remote side go to; with
// FlagNeighbor, the number of the remote ENI.
func (s Status) Exit() uint32 { return uint32(s >> exitAt) }

// Found is what the stages of one direction found out about a connection.
type Found struct {
	Epoch  uint32 // of the policy that the stages asked
	Flags  Flags
	VTEP   uint16 // MaxVTEP at most
	Exit   uint32 // direction Out only: packets towards the guest take no exit
	OnLink bool   // direction In only: see Status.OnLink
}

// StatusOut is the part of a Status that the stages of direction Out decide, once they were walked.
func (f *Found) StatusOut() Status { return f.status(wire.Out) }

// status is f as the bits of a Status that direction d decides.
func (f *Found) status(d wire.Direction) Status {
	s := Status(f.VTEP)<<vtepAt&statusVTEP | statusReadyIn<<(d&1)
	switch {
	case d == wire.Out:
		s |= Status(f.Exit)<<exitAt | Status(f.Flags&flagsOut)<<flagsAt
	case f.OnLink:
		s |= statusOnLink
	}
	return s
}

// mask is the bits of a Status that the stages of direction d decide.
func (f *Found) mask(d wire.Direction) Status {
	m := statusVTEP | statusReadyIn<<(d&1)
	if d == wire.Out {
		return m | Status(0xffff_ffff)<<exitAt | Status(flagsOut)<<flagsAt
	}
	return m | statusOnLink
}

// The sides of a connection, as side answers. The guest may be either.
const (
	initiator = 0
	responder = 1
)

// Initiator is the direction of the connection's first packet.
func (s Status) Initiator() wire.Direction { return wire.Direction(s.Flags() & FlagInitiator) }

// side is the side that sends in direction d.
func (s Status) side(d wire.Direction) uint8 { return uint8(d^s.Initiator()) & 1 }
