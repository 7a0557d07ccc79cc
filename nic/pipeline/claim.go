package pipeline

import (
	"sync/atomic"

	"nitrocard/nic/wire"
	"nitrocard/tables"
)

// Whoever names another MAC for a known tunnel end, by answer, question or announcement,
// may be a thief of its packets. So the card asks all stations who has the address, three
// times, and moves the tunnel end if in this time somebody else answers and the known
// station is not heard: a station that lives defends its address (RFC 5227 section 2.4).
// ARP proves nothing more. The times are ours.
const (
	claimFor   = int64(750e6) // how long the known station may be silent
	claimAsk   = int64(250e6) // from one question to the next
	claimLook  = int64(10e6)  // from one look at all claims to the next
	claimQuiet = int64(1e9)   // after a claim, until another one of the address makes the card ask
)

// claim says that a tunnel end may have moved.
type claim struct {
	mac      uint64 // as hop.mac; 0: no claim is open
	answered bool   // mac is of a station that answered a question of the card's
	since    int64  // ns since 1970
	asked    int64  // questions so far
	quiet    int64  // no claim before
}

// claims are those of all tunnel ends, which the workers share. Few ARP packets meet the
// lock: while no claim is open, only those that name another MAC than the known one.
type claims struct {
	open atomic.Int32
	tables.Spinlock
	of []claim // by the last of hops that has the address
}

// raise notes that somebody named mac for hop i, answering a question of the card's or
// not. It tells whether the card is to ask.
func (c *claims) raise(i uint16, mac uint64, answer bool, now int64) (ask bool) {
	c.Lock()
	defer c.Unlock()
	p := &c.of[i]
	switch {
	case p.mac == 0 && now >= p.quiet:
		*p, ask = claim{mac: mac, since: now, asked: 1}, true
		c.open.Add(1)
	case p.mac != 0 && answer && !p.answered:
		p.mac, p.answered = mac, true
	}
	return ask
}

// defend closes a claim of hop i, whose known station was heard.
func (c *claims) defend(i uint16, now int64) {
	if c.open.Load() == 0 {
		return
	}
	c.Lock()
	defer c.Unlock()
	c.close(&c.of[i], now)
}

// close closes p if p is open.
func (c *claims) close(p *claim, now int64) {
	if p.mac != 0 {
		*p = claim{quiet: now + claimQuiet}
		c.open.Add(-1)
	}
}

// due is what time asks for at hop i: another question, or a move to mac unless 0.
func (c *claims) due(i int, now int64) (ask bool, mac uint64) {
	c.Lock()
	defer c.Unlock()
	p := &c.of[i]
	switch {
	case p.mac == 0:
	case now-p.since >= claimFor:
		if p.answered {
			mac = p.mac
		}
		c.close(p, now)
	case now-p.since >= p.asked*claimAsk:
		p.asked++
		ask = true
	}
	return ask, mac
}

// settleClaims asks for the tunnel ends that may have moved, and moves those that have.
// Call it after the burst at hand, which may hold the known station's answer.
func (w *Worker) settleClaims() {
	u := &w.underlay
	if u.claims == nil || u.claims.open.Load() == 0 || w.now < w.asker.settle {
		return
	}
	w.asker.settle = w.now + claimLook
	for i := range u.claims.of {
		ask, mac := u.claims.due(i, w.now)
		if ask {
			w.ask(u.hops[i].ask)
		}
		if mac != 0 {
			u.move(uint16(i), mac)
		}
	}
}

// heed takes in who sent a packet of ARP or neighbor discovery, whoever it is for and whether
// it asks or answers: the merge of RFC 826 ("Packet Reception") comes before both questions,
// and a question of neighbor discovery tells the asker's MAC, too (RFC 4861 section 7.2.3).
// answer says that the packet answers a question of the card's. A tunnel end that is not
// resolved has the MAC at once, and one that is has another MAC once the claim is settled.
//
// Only addresses that the card asks for are taken in, and MACs that frames can be sent
// to: nobody makes the card remember more. heed is false if nothing was taken in.
func (w *Worker) heed(from wire.Neighbor, answer bool) bool {
	u, mac := &w.underlay, from.MAC
	last := u.asked[from.Addr]
	if last == 0 || mac.IsZero() || mac.IsMulticast() || mac == u.mac {
		return false
	}
	switch bits, known := hopMAC(mac), u.hops[last].mac.Load(); known {
	case unresolved:
		u.move(last, bits)
	case bits:
		u.claims.defend(last, w.now)
	default:
		if u.claims.raise(last, bits, answer, w.now) {
			w.ask(from.Addr)
		}
	}
	return true
}
