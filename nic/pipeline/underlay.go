package pipeline

import (
	"encoding/binary"
	"sync/atomic"
	"unsafe"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// underlay knows where the tunnel ends are: which MAC each one's address, or
// the gateway on the way to it, has. All ends are known from the policy, so
// the card asks for them before the first packet needs one.
//
// A view has one for all workers, who keep copies that share the hops: what one
// learns, all know.
type underlay struct {
	mac     wire.MAC // the uplink's
	macBits uint64
	edge    uint32               // the edge's address, as plain tunnels have it
	addrs   []uint32             // the same by VTEP index; 0 at index 0, which is this card: its guests' packets carry no outer address
	hops    []hop                // by VTEP index
	tunnels []tunnel             // by VTEP index
	asked   map[wire.Addr]uint16 // by address to resolve, the last of hops that has it; the others by hop.next

	ends []vpc.VTEP // whose tunnels these are
	card vpc.Card   // from which they lead

	// The uplink's MAC as it lies behind a hop's in a frame.
	source     uint64
	sourceRest uint32
}

// tunnel is the outer headers towards a tunnel end. One cache line.
type tunnel struct {
	outer vpc.Tunnel
	_     [64 - wire.OuterLen]byte
}

// hop is the next station towards a tunnel end.
type hop struct {
	mac    atomic.Uint64 // as the first six bytes of a frame, read as one number, lowest first; or unresolved
	ask    wire.Addr     // address to resolve: the tunnel end's, or the gateway's
	next   uint16        // of hops, that has the same address to resolve, or 0
	static bool          // given by the configuration, never learned
}

// unresolved is no station's MAC.
const unresolved = 0

// newUnderlay is that of a policy and an uplink's MAC: the one before if nothing of
// it changed, and else what was resolved before stays resolved.
func newUnderlay(p *vpc.Policy, mac wire.MAC, before *underlay) underlay {
	ends := p.Region.VTEPs()
	if len(before.ends) > 0 && unsafe.SliceData(ends) == unsafe.SliceData(before.ends) && p.Card == before.card && mac == before.mac {
		return *before
	}
	var frame [12]byte
	copy(frame[6:], mac[:])
	u := underlay{
		mac: mac, macBits: mac.Bits(), edge: ends[vpc.Edge].Addr.As4(), ends: ends, card: p.Card,
		addrs: make([]uint32, len(ends)), hops: make([]hop, len(ends)), tunnels: make([]tunnel, len(ends)), asked: make(map[wire.Addr]uint16, len(ends)),
		source: binary.LittleEndian.Uint64(frame[:]), sourceRest: binary.LittleEndian.Uint32(frame[8:]),
	}
	known := before.known()
	for i, v := range ends {
		if i == 0 || i == int(p.Self) {
			continue
		}
		h := &u.hops[i]
		u.addrs[i], h.ask = v.Addr.As4(), p.Card.NextHop(v.Addr)
		u.tunnels[i].outer = vpc.NewTunnel(p.Card.VTEP, v.Addr)
		if !v.MAC.IsZero() {
			h.static = true
			h.mac.Store(hopMAC(v.MAC))
			continue
		}
		h.mac.Store(known[h.ask])
		h.next, u.asked[h.ask] = u.asked[h.ask], uint16(i)
	}
	return u
}

// known are the MACs that were learned, by address.
func (u *underlay) known() map[wire.Addr]uint64 {
	known := make(map[wire.Addr]uint64, len(u.hops))
	for i := range u.hops {
		if h := &u.hops[i]; !h.static {
			known[h.ask] = h.mac.Load()
		}
	}
	return known
}

// hopMAC is a MAC as hops hold it.
func hopMAC(m wire.MAC) uint64 {
	var frame [8]byte
	copy(frame[:], m[:])
	return binary.LittleEndian.Uint64(frame[:])
}

// learn notes that addr has the given MAC, if the card wants to know and frames
// can be sent to it. It is false if nothing was taken in.
func (u *underlay) learn(addr wire.Addr, mac wire.MAC) bool {
	last := u.asked[addr]
	if last == 0 || mac.IsZero() || mac.IsMulticast() || mac == u.mac {
		return false
	}
	for i := last; i != 0; i = u.hops[i].next {
		u.hops[i].mac.Store(hopMAC(mac))
	}
	return true
}

const (
	askEvery     = int64(1e9)  // while unresolved
	confirmEvery = int64(30e9) // RFC 1122 section 2.3.2.1 asks for a timeout of this order
)

// asker is what the one worker that asks needs to.
type asker struct {
	next    int64 // when to ask again
	confirm int64 // when to ask for those that are known, too
	scratch [pmd.Headroom + 64]byte
	request pmd.Frame
}

// askUnderlay asks for the tunnel ends that are not resolved, and now and then
// for the others again, in case one moved.
func (w *Worker) askUnderlay() {
	u := &w.underlay
	if w.now < w.asker.next || w.uplink.port == nil {
		return
	}
	confirm := w.now >= w.asker.confirm
	if confirm {
		w.asker.confirm = w.now + confirmEvery
	}
	w.asker.next = w.asker.confirm
	for i := range u.hops {
		h := &u.hops[i]
		known := h.mac.Load() != unresolved
		if i == 0 || int(u.asked[h.ask]) != i || known && !confirm {
			continue
		}
		w.ask(h.ask)
		if !known {
			w.asker.next = min(w.asker.next, w.now+askEvery)
		}
	}
}

// ask sends an ARP request for addr from the uplink (RFC 826).
func (w *Worker) ask(addr wire.Addr) {
	u, a := &w.underlay, &w.asker
	frame := wire.ARPRequest(a.scratch[pmd.Headroom:], wire.Station{MAC: u.mac, Addr: u.card.VTEP}, addr)
	a.request.Lend(a.scratch[:], pmd.Headroom, len(frame))
	w.originate(w.uplink, &a.request)
}

// underlayFrame takes what the underlay sent beside tunnels: ARP, to answer or
// to learn from, and nothing else.
func (w *Worker) underlayFrame(p *packet) Verdict {
	if fault := wire.Parse(p.frame.Bytes(), &p.Headers); fault != wire.NoFault {
		return Malformed(fault)
	}
	switch {
	case p.Tagged:
		return UnderlayVLAN
	case p.EtherType != wire.EtherTypeARP:
		return NotVXLAN
	}
	p.untag()
	frame := p.frame.Bytes()
	q := wire.ARP(frame[p.L3:])
	heeded := w.heed(q)
	switch forCard := q.Target() == w.underlay.card.VTEP; {
	case !forCard && !heeded:
		return NotForThisCard
	case forCard && q.Op() == wire.ARPOpRequest:
		wire.ARPReply(frame, w.underlay.mac)
		return answered
	}
	return Consumed
}

// heed takes in who sent an ARP packet, whoever it is for and whether it asks
// or answers: the merge of RFC 826 ("Packet Reception") comes before both
// questions. So a tunnel end or gateway that moved to another MAC and announces
// that (RFC 5227 section 3) has the very next frame, and not only once the card
// asks again.
//
// Only addresses that the card asks for are taken in: nobody makes it remember
// more. It is false if nothing was.
func (w *Worker) heed(q wire.ARP) bool {
	if op := q.Op(); op != wire.ARPOpRequest && op != wire.ARPOpReply {
		return false
	}
	return w.underlay.learn(q.Sender(), q.SenderMAC())
}
