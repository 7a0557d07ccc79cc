package flow

import "nitrocard/nic/wire"

// The flags of TCP's header that move the state.
const (
	fin = wire.TCPFin
	syn = wire.TCPSyn
	rst = wire.TCPRst
	ack = wire.TCPAck
)

// event is what a segment says about its connection.
type event uint8

const (
	evNone   event = iota // no flag that counts, or flags that no stack sends together
	evSyn                 // SYN alone
	evSynAck              // SYN and ACK
	evAck                 // ACK, with data or without
	evFin                 // FIN and ACK
	evRst                 // RST, whatever else is set
)

// eventOf is the event that a segment's flags make. Every segment but the first and RST
// carries ACK (RFC 9293 section 3.4); SYN+FIN, and FIN without ACK, are scans.
func eventOf(flags uint8) event {
	switch {
	case flags&rst != 0:
		return evRst
	case flags&(syn|fin) == syn|fin:
		return evNone
	case flags&(syn|ack) == syn|ack:
		return evSynAck
	case flags&syn != 0:
		return evSyn
	case flags&(fin|ack) == fin|ack:
		return evFin
	case flags&ack != 0:
		return evAck
	}
	return evNone
}

// Short names for the table below.
const (
	sS = SynSent
	sR = SynReceived
	es = Established
	fW = FinWait
	cW = CloseWait
	cg = Closing
	lA = LastAck
	tW = TimeWait
)

// tcpNext is RFC 9293's figure 5 as an observer between the two ends sees it: the next
// state by state, event and sender, the initiator before the other side. The table
// asks for no acknowledgment numbers, so the receiver's next ACK counts as the
// acknowledgement of a FIN.
//
// The initiator alone never gets past SynSent: an established connection lives for days,
// and one side must not be able to make one by itself. SYN moves no state but SynSent;
// Table.Begins tells about a SYN of another connection. RST is no event here: RST leaves
// the state and sets statusReset.
var tcpNext = [TimeWait + 1][evRst][2]State{
	//             evNone     evSyn    evSynAck    evAck      evFin
	SynSent:     {{sS, sS}, {sS, sR}, {sS, sR}, {sS, sS}, {sS, sS}},
	SynReceived: {{sR, sR}, {sR, sR}, {es, sR}, {es, sR}, {fW, cW}},
	Established: {{es, es}, {es, es}, {es, es}, {es, es}, {fW, cW}},
	FinWait:     {{fW, fW}, {fW, fW}, {fW, fW}, {fW, fW}, {fW, cg}},
	CloseWait:   {{cW, cW}, {cW, cW}, {cW, cW}, {cW, cW}, {lA, cW}},
	Closing:     {{cg, cg}, {cg, cg}, {cg, cg}, {tW, cg}, {cg, cg}},
	LastAck:     {{lA, lA}, {lA, lA}, {lA, lA}, {lA, tW}, {lA, lA}},
	TimeWait:    {{tW, tW}, {tW, tW}, {tW, tW}, {tW, tW}, {tW, tW}},
}

// segment is TCP without TCP's early exit. noinline keeps TCP small enough to be
// inlined. A record of a datagram's fragments, whose state is no TCP state, stays as it
// is.
//
//go:noinline
func (c *Conn) segment(d wire.Direction, flags uint8) {
	for {
		s := c.Status()
		if s.lasting() > TimeWait || c.move(s, s.after(eventOf(flags), d)) {
			return
		}
	}
}

// after is the state, and statusReset, after a segment of direction d. A segment after a
// RST tells that the connection goes on where the RST met it.
func (s Status) after(e event, d wire.Direction) Status {
	switch e {
	case evNone:
		return s & statusState
	case evRst:
		return s&statusState | statusReset
	}
	return Status(tcpNext[s.lasting()][e][s.side(d)])
}
