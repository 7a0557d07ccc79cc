package flow

import "nitrocard/nic/wire"

// udpNext is the next state by state and sender; it tells a stream from one exchange.
// EC2 calls a stream "more than one request-response transaction". Ours is to count a
// packet of the initiator and then a packet of the other side as one transaction. A question
// asked twice and then answered twice, as with resolvers, is one transaction.
var udpNext = [UDPStream + 1][2]State{
	UDPOneWay:  {initiator: UDPOneWay, responder: UDPReplied},
	UDPReplied: {initiator: UDPAgain, responder: UDPReplied},
	UDPAgain:   {initiator: UDPAgain, responder: UDPStream},
	UDPStream:  {initiator: UDPStream, responder: UDPStream},
}

// datagram is UDP without UDP's early exit. noinline keeps UDP small enough to be
// inlined. A record of a datagram's fragments, whose state is no UDP state, stays as it
// is.
//
//go:noinline
func (c *Conn) datagram(d wire.Direction) {
	for {
		s := c.Status()
		if s.State() > UDPStream || c.move(s, Status(udpNext[s.State()][s.side(d)])) {
			return
		}
	}
}
