package flow

import "nitrocard/nic/wire"

// State is where a connection stands. TCP's states carry RFC 9293's names, as
// the side that opened the connection would say them: FinWait is the opener's
// FIN, CloseWait the other side's.
type State uint8

const (
	None        State = iota // no connection; a record never has it
	SynSent                  // the opener's SYN
	SynReceived              // and the other side's SYN, with ACK or, in a simultaneous open, without
	Established              // and the opener's ACK; or taken up in mid-stream
	FinWait                  // the opener has sent FIN; the other side may send on
	CloseWait                // the other side has sent FIN; the opener may send on
	Closing                  // both have, the opener first; its last ACK is missing
	LastAck                  // both have, the other side first; its last ACK is missing
	TimeWait                 // both have, and the last FIN is acknowledged
	Closed                   // a side has sent RST
	UDPOneWay                // requests only
	UDPReplied               // and an answer
	UDPAgain                 // and a second request after it
	UDPStream                // and its answer: more than one request and response
	ICMP                     // a query and its answers
	Other                    // any other protocol: addresses and number only
	Fragmented               // the fragments of one datagram
	states                   // how many there are
)

var stateNames = [states]string{
	None:        "NONE",
	SynSent:     "SYN_SENT",
	SynReceived: "SYN_RECEIVED",
	Established: "ESTABLISHED",
	FinWait:     "FIN_WAIT",
	CloseWait:   "CLOSE_WAIT",
	Closing:     "CLOSING",
	LastAck:     "LAST_ACK",
	TimeWait:    "TIME_WAIT",
	Closed:      "CLOSED",
	UDPOneWay:   "UDP_ONE_WAY",
	UDPReplied:  "UDP_REPLIED",
	UDPAgain:    "UDP_AGAIN",
	UDPStream:   "UDP_STREAM",
	ICMP:        "ICMP",
	Other:       "OTHER",
	Fragmented:  "FRAGMENTED",
}

// String is the state's name for listings.
func (s State) String() string {
	if s >= states {
		return "UNKNOWN"
	}
	return stateNames[s]
}

// first is the state in which a connection begins with its first packet. TCP
// without SYN is the middle of a connection from before this table: it is
// established, or further if it carries a FIN.
func first(k *Key, tcpFlags uint8) State {
	switch {
	case k.IsFragment():
		return Fragmented
	case k.Proto() == wire.ProtoTCP && eventOf(tcpFlags) == evSyn:
		return SynSent
	case k.Proto() == wire.ProtoTCP:
		return tcpNext[Established][eventOf(tcpFlags)][opener]
	case k.Proto() == wire.ProtoUDP:
		return UDPOneWay
	case k.Proto() == wire.ProtoICMP:
		return ICMP
	}
	return Other
}

// Opens tells whether a packet that belongs to no connection may leave one
// behind, once the rules allow it. SYN and mid-stream data do, so that a card
// that lost its table takes its connections up again; so does a FIN, which
// has its ACK to wait for. RST ends things and SYN+ACK answers a SYN that
// comes again: they, and flags no stack sends, leave nothing. Whether such a
// packet passes is the rules' matter, not this function's.
func Opens(proto, tcpFlags uint8) bool {
	if proto != wire.ProtoTCP {
		return true
	}
	switch eventOf(tcpFlags) {
	case evSyn, evAck, evFin:
		return true
	}
	return false
}
