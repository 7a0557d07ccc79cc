package flow

import "unsafe"

// Flags of a connection. The caller sets them in Opening.Conn, all but
// FlagInitiator.
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
	// FlagNeighbor: the remote side is an ENI on this card, whose number is in
	// Conn.Path.
	FlagNeighbor
)

// Conn is the hot half of a connection's record: what each packet of a known
// connection needs. With its key it fills one cache line. It belongs to the
// worker that owns the table; so do its methods.
type Conn struct {
	Packets, Bytes [2]uint64 // by Dir
	Epoch          uint32    // of the policy that evaluated it
	Path           uint32    // the policy's path to the remote side, or an ENI's number (FlagNeighbor)
	Seen           uint32    // tick of the last packet, its low 32 bits
	VTEP           uint16    // index of the remote side's VTEP in the policy
	State          State
	Flags          Flags
}

// One cache line for key and connection.
var _ = [1]struct{}{}[unsafe.Sizeof(Key{})+unsafe.Sizeof(Conn{})-64]

// Packet counts a packet of so many bytes and makes the connection young
// again. tick is the low half of TickOf.
func (c *Conn) Packet(d Dir, bytes int, tick uint32) {
	c.Packets[d&1]++
	c.Bytes[d&1] += uint64(bytes)
	c.Seen = tick
}

// TCP moves the state by a segment's flags (the 14th byte of its header, RFC
// 9293 section 3.1). Data and acknowledgements of an established connection,
// nearly all segments there are, cost two comparisons.
func (c *Conn) TCP(d Dir, flags uint8) {
	if c.State == Established && flags&(fin|syn|rst) == 0 {
		return
	}
	c.segment(d, flags)
}

// UDP moves the state by a datagram's direction.
func (c *Conn) UDP(d Dir) {
	if c.State != UDPStream {
		c.datagram(d)
	}
}

// Reopens tells whether a segment asks for a new connection in the place of
// this one, which has ended or whose sender has: a SYN after both FINs, after
// a reset, or from the side that had said FIN (RFC 9293 section 3.10.7.4
// allows it in TIME-WAIT). Evaluate it as new, and only when it is allowed
// Remove this connection and Open that one: a SYN that the rules deny must
// not harm what is there.
func (c *Conn) Reopens(d Dir, flags uint8) bool {
	if eventOf(flags) != evSyn {
		return false
	}
	switch c.State {
	case Closing, LastAck, TimeWait, Closed:
		return true
	case FinWait:
		return c.side(d) == opener
	case CloseWait:
		return c.side(d) == answerer
	}
	return false
}

// The sides of a connection, whichever of them is the guest.
const (
	opener   = 0
	answerer = 1
)

// side is who sends in direction d.
func (c *Conn) side(d Dir) uint8 { return (uint8(d) ^ uint8(c.Flags&FlagInitiator)) & 1 }

// answered tells whether packets went both ways.
func (c *Conn) answered() bool { return c.Packets[In] != 0 && c.Packets[Out] != 0 }
