package flow

import "time"

// tickBits is the length of a tick: 1<<tickBits nanoseconds, 67.1 ms. Short
// beside every timeout, and a shift away from the clock.
const tickBits = 26

// TickOf is the tick of a time in nanoseconds since any fixed beginning, such
// as 1970. A time before it is tick 0.
func TickOf(ns int64) uint64 { return uint64(max(ns, 0)) >> tickBits }

// Since is the time from Conn.Seen to now, both the low 32 bits of a tick; 0
// if seen is ahead of now.
func Since(now, seen uint32) time.Duration {
	return time.Duration(max(int32(now-seen), 0)) << tickBits
}

// Timeouts are how long a connection of one ENI lives after its last packet.
// Start from DefaultTimeouts: a zero ends connections at the next tick.
type Timeouts struct {
	syn         time.Duration // handshake not finished; also mid-stream, as long as only one side was heard
	Established time.Duration // both sides were heard, neither has finished
	halfClosed  time.Duration // one side has sent FIN; never more than Established
	closing     time.Duration // both have, the last ACK is missing
	timeWait    time.Duration // both have, all is acknowledged
	closed      time.Duration // a side has sent RST
	UDP         time.Duration // one direction, or one request and its response
	UDPStream   time.Duration // more than that
	icmp        time.Duration // echo
	other       time.Duration // other protocols
	fragment    time.Duration // the fragments of one datagram
}

// DefaultTimeouts are EC2's where it documents them (User Guide, "Security
// group connection tracking", idle connection tracking timeout). The others
// are ours. RFC 5382 asks a NAT for 4 minutes where we take less: a mapping
// that a NAT forgets is lost, while what we forget is evaluated by the rules
// again when its next packet comes; and each record held counts against its
// instance's allowance.
func DefaultTimeouts() Timeouts {
	return Timeouts{
		Established: 432000 * time.Second, // EC2 (350 s on Nitro v6, by the ENI's configuration)
		UDP:         30 * time.Second,     // EC2; RFC 4787 REQ-5 would have 2 minutes
		UDPStream:   180 * time.Second,    // EC2
		other:       600 * time.Second,    // EC2

		syn:        60 * time.Second,   // ours: outlasts 32 s, the longest gap between two of Linux's SYNs; conntrack: 120 and 60 s
		halfClosed: 7440 * time.Second, // ours: data still flows one way, so RFC 5382 REQ-5's 2 h 4 min for live connections; conntrack's 60 s cuts slow answers off
		closing:    60 * time.Second,   // ours: a lost last FIN or ACK is sent again within it; conntrack: 30 s
		timeWait:   30 * time.Second,   // ours: RFC 9293's 2 MSL protects an end's sequence numbers, of which we keep none; enough for a FIN sent again
		closed:     10 * time.Second,   // ours, as conntrack: why it is not 0, see the package comment
		icmp:       60 * time.Second,   // ours: RFC 5508 REQ-2's least; conntrack: 30 s
		fragment:   30 * time.Second,   // ours: as long as Linux waits for the rest (ipfrag_time)
	}
}

// of is how long a connection in c's state lives when idle.
func (o *Timeouts) of(c *Conn) time.Duration {
	switch c.Status().State() {
	case SynSent, SynReceived:
		return o.syn
	case Established:
		return o.live(c, o.Established)
	case FinWait, CloseWait:
		return o.live(c, min(o.halfClosed, o.Established))
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

// live bounds the timeout of a connection that only one side has spoken on to
// that of a handshake: whoever sends lone ACKs must not fill the table for
// days. A real connection that was taken up in mid-stream is answered at once.
func (o *Timeouts) live(c *Conn, d time.Duration) time.Duration {
	if c.answered() {
		return d
	}
	return min(d, o.syn)
}

// ticksOf rounds up: a connection never ends early.
func ticksOf(d time.Duration) uint64 { return TickOf(int64(d) + 1<<tickBits - 1) }
