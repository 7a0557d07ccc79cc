package nat

import (
	"sync/atomic"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
)

// The bits of a way's State, of which only steady and ipv4 are set in ways from outside.
const (
	opening     = 1 << iota // the inside host sent SYN
	accepted                // the outside sent SYN, with ACK or, where both ends open at once, without (RFC 5382 REQ-2)
	established             // the inside host acknowledged that
	finInside               // the inside host sent FIN
	finOutside              // the outside sent FIN
	reset                   // one of them sent RST
	tcp                     // the connection is TCP's
	outward                 // the way is of fragments from inside
	crowded                 // destinations.exact counts the connection
	answered                // the outside answered, of another connection than TCP's
	abandoned               // the inside host sent RST, which nobody else can send in its name (antispoof)
)

// What the fast path asks of a way. From outside, and of other protocols than TCP, only the
// segments that the fast path leaves change the state.
const (
	inside = pipeline.PassageOut // the way is from inside, and so has the state
	steady = pipeline.PassageSteady
	ipv4   = pipeline.PassageIPv4
)

// over tells whether both sides know that the connection is over.
func over(state uint32) bool { return state&reset != 0 || closed(state) }

// closed tells whether both sides sent FIN.
func closed(state uint32) bool { return state&(finInside|finOutside) == finInside|finOutside }

// isDoubted tells whether a RST from outside alone says that an established connection is over.
func isDoubted(state uint32) bool {
	return state&(reset|established|abandoned) == reset|established && !closed(state)
}

// add sets bits of a way's state.
func add(w *way, bits uint32) { atomic.OrUint32(&w.State, bits) }

// take clears bits of a way's state.
func take(w *way, bits uint32) { atomic.AndUint32(&w.State, ^bits) }

// heard moves the state of a connection, whose way from inside is w, by a segment's flags, and tells
// whether the segment was one that may be the connection's last.
//
// A RST from outside may be forged, for the gateway knows no sequence numbers: to compare them it
// would have to count the bytes of each packet on the fast path, as package flow does for the
// record of the host's ENI, where the RST is judged. So after a RST the gateway looks at each
// segment, and one that the inside host sends tells that the host did not believe the RST (RFC 5961
// section 3); without one the connection has four minutes (RFC 7857 section 2.2).
func (m *Metrics) heard(w *way, fromInside bool, flags uint8) (last bool) {
	const rare = wire.TCPSyn | wire.TCPFin | wire.TCPRst
	state := atomic.LoadUint32(&w.State)
	if flags&rare == 0 && state&reset == 0 && (state&established != 0 || !fromInside) {
		return false
	}
	switch {
	case flags&wire.TCPRst != 0:
		add(w, resetBy(fromInside))
		take(w, steady)
	case flags&rare == 0 && fromInside && state&(reset|established) == reset|established:
		take(w, reset|abandoned)
		add(w, steady)
	case flags&wire.TCPSyn != 0 && !fromInside:
		add(w, accepted)
	case flags&wire.TCPFin != 0 && fromInside:
		add(w, finInside)
	case flags&wire.TCPFin != 0:
		add(w, finOutside)
	case fromInside && flags&rare == 0 && flags&wire.TCPAck != 0 && state&accepted != 0:
		take(w, reset|abandoned) // before the fast path takes what could tell that the host did not believe the RST
		if atomic.OrUint32(&w.State, established|steady)&established == 0 {
			m.ConnectionEstablishedCount++
		}
	}
	return flags&(wire.TCPFin|wire.TCPRst) != 0 && over(atomic.LoadUint32(&w.State))
}

// resetBy is the bits of a RST.
func resetBy(inside bool) uint32 {
	if inside {
		return reset | abandoned
	}
	return reset
}
