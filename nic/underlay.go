package nic

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// underlay knows where the tunnel ends are: which MAC each one's address, or
// the gateway on the way to it, has. All ends are known from the policy, so
// the card asks for them before the first packet needs one.
type underlay struct {
	mac     wire.MAC // the uplink's
	macBits uint64
	addr    uint32   // the card's
	addrs   []uint32 // by VTEP index; 0 at index 0, which is this card: its guests' packets carry no outer address
	hops    []hop    // by VTEP index
	next    int64    // when to ask again

	scratch [pmd.Headroom + 64]byte
	request pmd.Frame
}

// hop is the next station towards a tunnel end.
type hop struct {
	macs     [12]byte // destination and source, as a frame begins
	resolved bool
	static   bool   // given by the configuration, never learned
	ask      uint32 // address to resolve: the tunnel end's, or the gateway's
}

const (
	askEvery     = int64(1e9)  // while unresolved
	confirmEvery = int64(30e9) // RFC 1122 section 2.3.2.1 asks for a timeout of this order
)

// adopt brings u up to date with a policy and the uplink's MAC. What was
// resolved stays resolved.
func (u *underlay) adopt(p *vpc.Policy, mac wire.MAC) {
	known := make(map[uint32]hop, len(u.hops))
	for _, h := range u.hops {
		if h.resolved && !h.static {
			known[h.ask] = h
		}
	}
	u.mac, u.macBits, u.addr = mac, mac.Bits(), p.Card.VTEP
	u.addrs = make([]uint32, len(p.VTEPs))
	u.hops = make([]hop, len(p.VTEPs))
	for i, v := range p.VTEPs {
		if i == 0 {
			continue
		}
		h := hop{ask: p.Card.NextHop(v.Addr)}
		if k, ok := known[h.ask]; ok {
			h = k
		}
		if !v.MAC.IsZero() {
			h.static, h.resolved = true, true
			copy(h.macs[:6], v.MAC[:])
		}
		copy(h.macs[6:], mac[:])
		u.addrs[i], u.hops[i] = v.Addr, h
	}
	u.next = 0
}

// learn notes that addr has the given MAC, if the card wanted to know and
// frames can be sent to it.
func (u *underlay) learn(addr uint32, mac wire.MAC) {
	if mac.IsZero() || mac.IsMulticast() {
		return
	}
	for i := range u.hops {
		if h := &u.hops[i]; h.ask == addr && i != 0 && !h.static {
			copy(h.macs[:6], mac[:])
			h.resolved = true
		}
	}
}

// askUnderlay asks for the tunnel ends that are not resolved, and now and then
// for the others again, in case one moved.
func (w *worker) askUnderlay() {
	u := &w.underlay
	if w.now < u.next || w.view.uplink.port == nil {
		return
	}
	u.next = w.now + confirmEvery
	asked := map[uint32]bool{}
	for i := range u.hops {
		h := &u.hops[i]
		if i == 0 || h.static || asked[h.ask] {
			continue
		}
		asked[h.ask] = true
		w.ask(h.ask)
		if !h.resolved {
			u.next = w.now + askEvery
		}
	}
}

// ask sends an ARP request for addr from the uplink (RFC 826).
func (w *worker) ask(addr uint32) {
	u := &w.underlay
	frame := wire.ARPRequest(u.scratch[pmd.Headroom:], wire.Station{MAC: u.mac, Addr: u.addr}, addr)
	u.request.Lend(u.scratch[:], pmd.Headroom, len(frame))
	w.originate(w.view.uplink, &u.request)
}

// underlayFrame takes what the underlay sent beside tunnels: ARP, to answer or
// to learn from, and nothing else.
func (w *worker) underlayFrame(p *packet) Verdict {
	frame := p.frame.Bytes()
	if fault := wire.Parse(frame, &p.Headers); fault != wire.NoFault {
		return Malformed(fault)
	}
	if p.EtherType != wire.EtherTypeARP || p.Tagged {
		return NotVXLAN
	}
	q := wire.ARP(frame[p.L3:])
	if q.Target() != w.underlay.addr {
		return NotForThisCard
	}
	w.underlay.learn(q.Sender(), q.SenderMAC())
	if q.Op() == wire.ARPOpRequest {
		wire.ARPReply(frame, w.underlay.mac)
		w.originate(w.view.uplink, p.frame)
	}
	return Consumed
}
