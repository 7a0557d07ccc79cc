package flow

// udpNext tells an exchange from a stream. EC2 calls a stream "more than one
// request-response transaction"; that a transaction is a packet of the opener
// and then one of the other side, in that order, is ours. A question asked
// twice and answered twice, as resolvers do, stays one.
var udpNext = [UDPStream + 1][2]State{
	UDPOneWay:  {opener: UDPOneWay, answerer: UDPReplied},
	UDPReplied: {opener: UDPAgain, answerer: UDPReplied},
	UDPAgain:   {opener: UDPAgain, answerer: UDPStream},
	UDPStream:  {opener: UDPStream, answerer: UDPStream},
}

// datagram is UDP without its early exit. Inlined, it would keep UDP from
// being. The record of a datagram's fragments keeps its own state.
//
//go:noinline
func (c *Conn) datagram(d Dir) {
	for {
		s := c.Status()
		if s.State() > UDPStream || c.move(s, udpNext[s.State()][s.side(d)]) {
			return
		}
	}
}
