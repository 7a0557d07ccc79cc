package oracle

import (
	"net/netip"
	"slices"
	"time"

	"nitrocard/nic/vpc/ec2"
)

// translation is a flow that a NAT gateway sends from an address and port of its own.
type translation struct {
	gateway         string        // the ENI's ID
	inside, outside Packet        // the flow's first packet, as it came and as it left
	sure            time.Duration // the last packet that it surely had
	maybe           time.Duration // the last packet that the gateway could not send on
	guessed         bool          // nobody saw which address and port the gateway took
	answered        bool          // TCP: the outside has sent SYN
	settled         bool          // TCP: and the inside has acknowledged it
	ended           bool          // TCP: an end sent FIN or RST
	blurred         bool          // the gateway may have forgotten it
}

// natIdle is for how long a NAT gateway remembers a flow: "Idle 350 s".
const natIdle = 350 * time.Second

// remembers tells whether a gateway remembers a translation, nil if there is none. The flow ends with the gateway, and with
// the address that it leaves from.
func (w *World) remembers(t *translation) answer {
	lives := t.lives(w.Now)
	if lives == no {
		return no
	}
	nat := w.ENI(t.gateway)
	if nat == nil || w.natOf(nat) == nil {
		return no
	}
	return both(lives, both(carries(w.natOf(nat)), w.sendsFrom(nat, t.outside.Src)))
}

// lives tells whether the translation's time is not over. AWS does not tell when a gateway forgets
// a connection that its ends have not settled yet, or have closed.
func (t *translation) lives(now time.Duration) answer {
	const handshake = 60 * time.Second // Ours
	switch {
	case t == nil || now-max(t.sure, t.maybe) > natIdle+natSlack:
		return no
	case t.guessed || t.ended || t.blurred || now-t.sure > natIdle-natSlack,
		t.inside.Proto == TCP && !t.settled && now-t.sure > handshake-natSlack:
		return unknown
	}
	return yes
}

// natSlack is slack for NAT gateways.
const natSlack = 2 * time.Second

// translationOf is the translation of a packet from inside, nil if there is none.
func (w *World) translationOf(nat *ec2.NetworkInterface, p Packet) *translation {
	for _, t := range w.translations {
		if t.gateway == nat.NetworkInterfaceId && t.inside.sameFlow(p) {
			return t
		}
	}
	return nil
}

// beginnings are the translations that a gateway may begin with a packet. Which address and
// port the gateway takes, AWS does not tell. If somebody saw where the packet left, there is but
// one; else, one for each of the gateway's addresses, with the sender's port.
func (w *World) beginnings(nat *ec2.NetworkInterface, p Packet) (all []*translation) {
	for _, a := range w.natAddresses(nat) {
		t := &translation{gateway: nat.NetworkInterfaceId, inside: p, guessed: w.Seen != nil}
		t.outside, _ = p.as4()
		t.outside.Src = a
		if seen := w.Seen; seen != nil && seen.Src.IsValid() && (seen.Src == a || seen.Src == w.publicOf(nat, a)) {
			t.outside.SrcPort, t.outside.ID, t.guessed = seen.SrcPort, seen.ID, false
			if w.mayTake(t) {
				return []*translation{t}
			}
		}
		all = append(all, t)
	}
	return all
}

// mayTake tells whether a gateway may begin a translation: "ports 1024–65535", and none that leads
// another flow to the same destination.
func (w *World) mayTake(t *translation) bool {
	if t.outside.Proto != ICMP && t.outside.SrcPort < 1024 {
		return false
	}
	return !slices.ContainsFunc(w.translations, func(other *translation) bool {
		return other.gateway == t.gateway && other.outside.sameFlow(t.outside) && w.remembers(other) == yes
	})
}

// heard notes a packet of a translation, which may be the first.
func (w *World) heard(t *translation, d Direction, p Packet) {
	t.sure, t.blurred = w.Now, false
	t.ended = t.ended || p.Flags&(FIN|RST) != 0
	t.settled = t.settled || d == Out && t.answered && p.Flags&(SYN|ACK) == ACK
	t.answered = t.answered || d == In && p.Flags&SYN != 0 // an ACK alone tells of another connection (RFC 9293 section 3.5.1)
	if !slices.Contains(w.translations, t) {
		w.translations = slices.DeleteFunc(w.translations, func(old *translation) bool {
			known := !old.guessed && !t.guessed
			return old.gateway == t.gateway && (old.inside.sameFlow(t.inside) || known && old.outside.sameFlow(t.outside))
		})
		w.translations = append(w.translations, t)
	}
}

// mayHear notes a packet of a translation that the gateway could not send on: AWS does not tell whether that counts.
func (w *World) mayHear(t *translation, p Packet) {
	if !slices.Contains(w.translations, t) {
		t.guessed = true
		w.heard(t, Out, p)
		return
	}
	t.maybe = w.Now
	t.ended = t.ended || p.Flags&(FIN|RST) != 0
}

// out is a packet from inside as it leaves the gateway.
func (t *translation) out(p Packet) Packet {
	p, _ = p.as4()
	p.Src, p.SrcPort, p.ID = t.outside.Src, t.outside.SrcPort, t.outside.ID
	return p
}

// in is a packet from outside, or an ICMP error about one that left, as it leaves the gateway for the inside.
// Not ok is what the inside's family has no form for.
func (t *translation) in(p Packet) (q Packet, ok bool) {
	if t.inside.Src.Is6() {
		if p, ok = p.as6(); !ok {
			return p, false
		}
	}
	p.Dst = t.inside.Src
	if p.Quoted != nil {
		quoted := *p.Quoted
		quoted.Src, quoted.SrcPort, quoted.ID = t.inside.Src, t.inside.SrcPort, t.inside.ID
		p.Quoted = &quoted
		return p, true
	}
	p.DstPort, p.ID = t.inside.SrcPort, t.inside.ID
	return p, true
}

// answeredBy tells whether a packet from outside is of the translation, or an error about it.
func (t *translation) answeredBy(p Packet) bool {
	if p.Quoted != nil {
		return p.Dst == t.outside.Src && t.outside.sameFlow(*p.Quoted)
	}
	return t.outside.answeredBy(p)
}

// sameFlow tells whether two packets have the same ends, in the same direction.
func (p Packet) sameFlow(q Packet) bool { return p.key() == q.key() }

// answeredBy tells whether a packet has the ends of p the other way round.
func (p Packet) answeredBy(q Packet) bool {
	query, answer, ok := q.query()
	if p.IsICMP() && (!ok || !answer) {
		return false
	}
	q.Src, q.Dst, q.SrcPort, q.DstPort = q.Dst, q.Src, q.DstPort, q.SrcPort
	if ok {
		q.Type = query
	}
	return p.sameFlow(q)
}

// reversed is a packet q the other way round, with p's source in the place of q's destination.
func (p Packet) reversed(q Packet) Packet {
	q.Dst, q.DstPort = p.Src, p.SrcPort
	if p.IsICMP() {
		q.ID = p.ID
	}
	return q
}

// flowKey is what all packets of a flow in one direction have.
type flowKey struct {
	proto, kind      uint8
	src, dst         netip.Addr
	srcPort, dstPort uint16
	id               uint16
}

func (p Packet) key() flowKey {
	k := flowKey{proto: p.Proto, src: p.Src, dst: p.Dst, srcPort: p.SrcPort, dstPort: p.DstPort, id: p.ID}
	if p.IsICMP() {
		k.kind = p.Type
	}
	return k
}

// reset is the RST that answers a TCP segment without data of a connection that is not there
// (RFC 9293 section 3.10.7.1).
func (p Packet) reset() Packet {
	r := Packet{Proto: TCP, Src: p.Dst, Dst: p.Src, SrcPort: p.DstPort, DstPort: p.SrcPort, Flags: RST | ACK, Ack: p.Seq + p.data()}
	if p.Flags&FIN != 0 {
		r.Ack++
	}
	if p.Flags&SYN != 0 {
		r.Ack++
	}
	if p.Flags&ACK != 0 {
		r.Flags, r.Seq, r.Ack = RST, p.Ack, 0
	}
	return r
}
