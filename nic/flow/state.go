package flow

import "nitrocard/nic/wire"

// State is the stage of life that a connection is in. TCP's states have RFC 9293's
// names, as the initiator of the connection would use them: FinWait follows the initiator's
// FIN, CloseWait the other side's. The states are exported as a whole set, because
// Status.State answers any of them; the assembly of package nic asks for Established,
// UDPOneWay and UDPStream.
type State uint8

const (
	None        State = iota // no live connection has this state
	SynSent                  // the initiator sent SYN
	SynReceived              // then the other side SYN, with ACK or, if both open at once, without
	Established              // then the initiator ACK; or the connection was taken up in mid-stream
	FinWait                  // the initiator sent FIN; the other side may send on
	CloseWait                // the other side sent FIN; the initiator may send on
	Closing                  // both sent FIN, the initiator first; the initiator's last ACK is missing
	LastAck                  // both sent FIN, the other side first; the other side's last ACK is missing
	TimeWait                 // both sent FIN, and both FINs are acknowledged
	Closed                   // a side sent RST, and nothing followed: no record has this state, statusReset stands for it
	UDPOneWay                // only the initiator sent
	UDPReplied               // then the other side answered
	UDPAgain                 // then the initiator sent again
	UDPStream                // then the other side answered again
	ICMP                     // a query and its answers
	Other                    // any other protocol, known by addresses and number
	Fragmented               // the fragments of one datagram
	states                   // the number of states
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

// first is the state in which a connection begins with its first packet. A TCP segment
// without SYN belongs to a connection that is older than this table: the connection
// begins as established, or further on if the segment carries FIN.
func first(k *Key, tcpFlags uint8) State {
	switch {
	case k.IsFragment():
		return Fragmented
	case k.Proto() == wire.ProtoTCP && eventOf(tcpFlags) == evSyn:
		return SynSent
	case k.Proto() == wire.ProtoTCP && eventOf(tcpFlags) == evFin:
		return FinWait
	case k.Proto() == wire.ProtoTCP:
		return Established
	case k.Proto() == wire.ProtoUDP:
		return UDPOneWay
	case k.Proto() == wire.ProtoICMP && !k.IsIPv6(), k.Proto() == wire.ProtoICMPv6 && k.IsIPv6():
		return ICMP
	}
	return Other
}

// Opens tells whether a packet without a connection opens one if the rules allow the
// packet. SYN opens one, and so does data in mid-stream, so that a card that lost its
// table takes its connections up again. FIN opens one, because the FIN's ACK is still
// to come. RST opens none, because RST ends connections; SYN+ACK opens none, because
// the SYN before it comes again; flags that no stack sends open none. The rules alone
// decide whether such a packet passes.
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
