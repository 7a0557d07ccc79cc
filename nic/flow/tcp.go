package flow

import "nitrocard/nic/wire"

// Flags of the TCP header that move the state.
const (
	fin = wire.TCPFin
	syn = wire.TCPSyn
	rst = wire.TCPRst
	ack = wire.TCPAck
)

// event is what a segment says about its connection.
type event uint8

const (
	evNone   event = iota // nothing that counts, or flags no stack sends together
	evSyn                 // SYN alone
	evSynAck              // SYN and ACK
	evAck                 // ACK, with data or without
	evFin                 // FIN and ACK
	evRst                 // RST, whatever else is set
	events
)

// eventOf reads flags. Every segment but the first carries ACK, RST excepted
// (RFC 9293 section 3.4); SYN+FIN and a FIN without ACK are scans.
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
	cl = Closed
)

// tcpNext is RFC 9293's figure 5 as someone sees it who stands between the
// two ends: state, event, and who sent it, the opener or the other side. A
// FIN is known by its flag and its acknowledgement by who sends one next,
// since no sequence numbers are kept.
//
// The opener alone never gets past SynSent: an established connection lives
// for days, and one side must not be able to make one by itself. A SYN moves
// nothing but SynSent: one that begins another connection in this one's place is
// for the rules to judge (Table.Begins). See the package comment for RST.
var tcpNext = [Closed + 1][events][2]State{
	//             evNone     evSyn    evSynAck    evAck      evFin      evRst
	SynSent:     {{sS, sS}, {sS, sR}, {sS, sR}, {sS, sS}, {sS, sS}, {cl, cl}},
	SynReceived: {{sR, sR}, {sR, sR}, {es, sR}, {es, sR}, {fW, cW}, {cl, cl}},
	Established: {{es, es}, {es, es}, {es, es}, {es, es}, {fW, cW}, {cl, cl}},
	FinWait:     {{fW, fW}, {fW, fW}, {fW, fW}, {fW, fW}, {fW, cg}, {cl, cl}},
	CloseWait:   {{cW, cW}, {cW, cW}, {cW, cW}, {cW, cW}, {lA, cW}, {cl, cl}},
	Closing:     {{cg, cg}, {cg, cg}, {cg, cg}, {tW, cg}, {cg, cg}, {cl, cl}},
	LastAck:     {{lA, lA}, {lA, lA}, {lA, lA}, {lA, tW}, {lA, lA}, {cl, cl}},
	TimeWait:    {{tW, tW}, {tW, tW}, {tW, tW}, {tW, tW}, {tW, tW}, {cl, cl}},
	Closed:      {{cl, cl}, {cl, cl}, {cl, cl}, {cl, cl}, {cl, cl}, {cl, cl}},
}

// segment is TCP without its early exit. Inlined, it would keep TCP from being.
// The record of a datagram's fragments has no TCP state and keeps its own.
//
//go:noinline
func (c *Conn) segment(d Dir, flags uint8) {
	for {
		s := c.Status()
		if s.State() > Closed || c.move(s, tcpNext[s.State()][eventOf(flags)][s.side(d)]) {
			return
		}
	}
}
