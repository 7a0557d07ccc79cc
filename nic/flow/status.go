package flow

// Flags of a connection.
type Flags uint8

const (
	// FlagInitiator is set when the guest opened the connection. Open sets it,
	// from the direction of the first packet. It is bit 0, where Dir has Out:
	// side relies on that.
	FlagInitiator Flags = 1 << iota
	// FlagUntracked marks a flow that EC2 does not track: the record is only a
	// cache of today's rules.
	FlagUntracked
	// FlagNAT: packets are rewritten between a private and a public address.
	FlagNAT
	// FlagRouted: packets to the remote side change their inner MAC addresses,
	// because a router stands between the subnets.
	FlagRouted
	// FlagNeighbor: the remote side is an ENI on this card, whose number is the
	// path.
	FlagNeighbor
	// flagSyn: a SYN opened the connection, and its First is that SYN's sequence
	// number.
	flagSyn

	flagReadyIn  Flags = 1 << 6 // the stages of this direction were walked under the connection's epoch
	flagReadyOut Flags = 1 << 7
)

// flagsOut are those that the way out decides.
const flagsOut = FlagNAT | FlagRouted | FlagNeighbor

// Status is the part of a connection that changes as a whole, because workers
// read it while another writes.
//
//	63    48 47         16 15    8 7     0
//	+-------+-------------+-------+-------+
//	| VTEP  | path        | flags | state |
//	+-------+-------------+-------+-------+
type Status uint64

const (
	statusState    Status = 0xff
	statusReadyIn         = Status(flagReadyIn) << flagsAt
	statusReadyOut        = Status(flagReadyOut) << flagsAt

	flagsAt = 8
	pathAt  = 16
	vtepAt  = 48
)

// What assembly asks of a Status.
const (
	StatusWalkedIn  = statusReadyIn  // set: Walked(In)
	StatusWalkedOut = statusReadyOut // set: Walked(Out)
	StatusInitiator = Status(FlagInitiator) << flagsAt
	StatusNAT       = Status(FlagNAT) << flagsAt
	StatusRouted    = Status(FlagRouted) << flagsAt
	StatusNeighbor  = Status(FlagNeighbor) << flagsAt
	StatusSide      = statusState | StatusInitiator // the state, and who opened
	StatusPath      = pathAt                        // where the path begins, 32 bits
	StatusVTEP      = vtepAt                        // where the VTEP begins, up to the top
)

// State is where the connection stands.
func (s Status) State() State { return State(s) }

// Flags are what the connection is.
func (s Status) Flags() Flags { return Flags(s >> flagsAt) }

// Walked tells whether the stages of direction d were, under the policy that
// evaluated the connection last.
func (s Status) Walked(d Dir) bool { return s&(statusReadyIn<<(d&1)) != 0 }

// VTEP is the index of the remote side's VTEP in the policy.
func (s Status) VTEP() uint16 { return uint16(s >> vtepAt) }

// Path is the policy's path to the remote side, or an ENI's number
// (FlagNeighbor).
func (s Status) Path() uint32 { return uint32(s >> pathAt) }

// Found is what the stages found out about a connection.
type Found struct {
	Epoch uint32 // of the policy they asked
	Flags Flags
	VTEP  uint16
	Path  uint32 // of the way out; of packets in it says nothing
}

// status is f as the stages of direction d found it.
func (f *Found) status(d Dir) Status {
	s := Status(f.VTEP)<<vtepAt | statusReadyIn<<(d&1)
	if d == Out {
		s |= Status(f.Path)<<pathAt | Status(f.Flags&flagsOut)<<flagsAt
	}
	return s
}

// mask is what of a status the stages of direction d decide.
func (f *Found) mask(d Dir) Status {
	m := Status(0xffff)<<vtepAt | statusReadyIn<<(d&1)
	if d == Out {
		m |= Status(0xffff_ffff)<<pathAt | Status(flagsOut)<<flagsAt
	}
	return m
}

// The sides of a connection, whichever of them is the guest.
const (
	opener   = 0
	answerer = 1
)

// side is who sends in direction d.
func (s Status) side(d Dir) uint8 { return (uint8(d) ^ uint8(s.Flags()&FlagInitiator)) & 1 }
