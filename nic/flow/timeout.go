package flow

import (
	"time"

	"nitrocard/nic/wire"
)

// tickBits makes a tick 1<<tickBits nanoseconds, 67.1 ms: short beside every timeout,
// and one shift away from the clock.
const tickBits = 26

// TickOf is the tick of a time in nanoseconds since a fixed beginning, such as 1970. A
// negative time is in tick 0.
func TickOf(ns int64) uint64 { return uint64(max(ns, 0)) >> tickBits }

// Since is the time from the tick seen to the tick now, each given by its low 32 bits as
// in Conn.Seen. Since is 0 if seen is ahead of now.
func Since(now, seen uint32) time.Duration {
	return time.Duration(max(int32(now-seen), 0)) << tickBits
}

// Timeouts are how long a connection of one ENI lives after its last packet. EC2 lets an
// ENI's configuration set three of them; DefaultTimeouts has the others. A timeout of 0
// ends connections at the next tick.
type Timeouts struct {
	Established time.Duration // both sides were heard, neither has sent FIN
	UDP         time.Duration // one direction, or one request and its response
	UDPStream   time.Duration // more than one request and response

	syn        time.Duration // the handshake is not finished, or only one side was heard
	halfClosed time.Duration // the guest has sent FIN, and the remote side has not; at most Established
	closing    time.Duration // both sides have sent FIN, the last ACK is missing
	timeWait   time.Duration // both sides have sent FIN, both FINs are acknowledged
	closed     time.Duration // a side has sent RST
	icmp       time.Duration // a query and its answers
	other      time.Duration // another protocol
	fragment   time.Duration // the fragments of one datagram
}

// DefaultTimeouts are EC2's where EC2 documents one (User Guide, "Security group
// connection tracking", idle connection tracking timeout); the others are ours.
//
// RFC 5382 asks a NAT for 4 minutes in states to which we give less. A mapping that a NAT
// forgets is lost; a connection that the card forgets is evaluated by the rules when its
// next packet comes. And each record counts against its instance's allowance.
func DefaultTimeouts() Timeouts {
	return Timeouts{
		Established: 432000 * time.Second, // EC2 (350 s on Nitro v6, by the ENI's configuration)
		UDP:         30 * time.Second,     // EC2; RFC 4787 REQ-5 asks for 2 minutes
		UDPStream:   180 * time.Second,    // EC2
		other:       600 * time.Second,    // EC2

		// Ours: more than 32 s, the longest gap between two of Linux's SYNs. Linux's
		// conntrack has 120 and 60 s.
		syn: 60 * time.Second,
		// Ours: data still flows one way, so the 2 h 4 min of RFC 5382 REQ-5 for live
		// connections. Linux's conntrack has 60 s, which cuts slow answers off.
		halfClosed: 7440 * time.Second,
		// Ours: an end sends a lost FIN or ACK again within this time. Linux's conntrack
		// has 30 s.
		closing: 60 * time.Second,
		// Ours: enough for a FIN sent again. The 2 MSL of RFC 9293 protect an end's
		// sequence numbers, which are not the card's.
		timeWait: 30 * time.Second,
		// Ours, as in Linux's conntrack: time for a segment that tells that the
		// connection goes on.
		closed: 10 * time.Second,
		// Ours: the least that RFC 5508 REQ-2 allows. Linux's conntrack has 30 s.
		icmp: 60 * time.Second,
		// Ours: as long as Linux waits for the other fragments (ipfrag_time).
		fragment: 30 * time.Second,
	}
}

// Of is how long the connection c may be idle in its state.
func (o *Timeouts) Of(c *Conn) time.Duration {
	switch s := c.Status(); s.State() {
	case SynSent, SynReceived:
		return o.syn
	case Established:
		return o.live(c, o.Established)
	case FinWait, CloseWait:
		return o.live(c, o.half(s))
	case Closing, LastAck:
		return o.closing
	case TimeWait:
		return o.timeWait
	case Closed:
		return o.closed
	case UDPOneWay, UDPReplied, UDPAgain:
		return o.UDP
	case UDPStream:
		return o.UDPStream
	case ICMP:
		return o.icmp
	case Fragmented:
		return o.fragment
	}
	return o.other
}

// half is how long a half-closed connection lives: as long as a whole one, if the remote
// side's FIN was the first, because that may be forged.
func (o *Timeouts) half(s Status) time.Duration {
	guestOpened, initiatorFinished := s.Initiator() == wire.Out, s.State() == FinWait
	if guestOpened == initiatorFinished {
		return min(o.halfClosed, o.Established)
	}
	return o.Established
}

// live is d if both sides of c were heard, and at most the timeout of a handshake if
// not: a sender of lone ACKs must not fill the table for days. In a real connection that
// was taken up in mid-stream the other side answers at once.
func (o *Timeouts) live(c *Conn, d time.Duration) time.Duration {
	if c.answered() {
		return d
	}
	return min(d, o.syn)
}

// TicksOf is a duration in ticks, rounded up, so that no connection ends early.
func TicksOf(d time.Duration) uint64 { return TickOf(int64(d) + 1<<tickBits - 1) }
