package nat

import (
	"sync/atomic"

	"nitrocard/nic/wire"
)

// The bits of way.state.
const (
	inside      = 1 << iota // the way is from inside, and so has the state
	opening                 // the inside host sent SYN
	accepted                // the outside answered by SYN+ACK
	established             // the inside host acknowledged that
	finInside               // the inside host sent FIN
	finOutside              // the outside sent FIN
	reset                   // one of them sent RST
	tcp                     // the connection is TCP's
	outward                 // the way is of fragments from inside
)

// over tells whether both sides know that the connection is over.
func over(state uint32) bool {
	return state&reset != 0 || state&(finInside|finOutside) == finInside|finOutside
}

// add sets bits of the state.
func (w *way) add(bits uint32) { atomic.OrUint32(&w.state, bits) }

// heard moves the state of a connection, whose way from inside is w, by a segment's flags.
func (m *Metrics) heard(w *way, fromInside bool, flags uint8) {
	const rare = wire.TCPSyn | wire.TCPFin | wire.TCPRst
	state := atomic.LoadUint32(&w.state)
	if flags&rare == 0 && (state&established != 0 || !fromInside) {
		return
	}
	switch {
	case flags&wire.TCPRst != 0:
		w.add(reset)
	case flags&(wire.TCPSyn|wire.TCPAck) == wire.TCPSyn|wire.TCPAck && !fromInside:
		w.add(accepted)
	case flags&wire.TCPFin != 0 && fromInside:
		w.add(finInside)
	case flags&wire.TCPFin != 0:
		w.add(finOutside)
	case fromInside && flags&rare == 0 && flags&wire.TCPAck != 0 && state&accepted != 0:
		if atomic.OrUint32(&w.state, established)&established == 0 {
			m.ConnectionEstablishedCount++
		}
	}
}
