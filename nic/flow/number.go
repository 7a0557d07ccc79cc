package flow

import (
	"sync/atomic"

	"nitrocard/nic/wire"
)

// Bounds of a note's use, in bytes. All are ours.
const (
	// stray is how far a right number may lie from the counted bytes: some bytes were lost
	// before they reached the card, or two workers counted at once.
	stray = 1 << 11
	// lag is how many bytes of the remote side a guest may not have acknowledged yet.
	lag = 1 << 18
	// stale is after how many bytes of the remote side a new note is taken.
	stale = 1 << 16
	// vague is after how many bytes of the remote side a note is of no use: of all numbers,
	// one of 1,024 would be taken for right.
	vague = 1 << 22
)

// note is the sequence number that the remote side was to send next at some moment, beside
// the count of its bytes at that moment. A note is one word, because workers read it
// without the lock.
//
//	 63    62                     32 31                    0
//	+-----+-------------------------+-----------------------+
//	|late | Bytes[In], low 31 bits  | next sequence number  |
//	+-----+-------------------------+-----------------------+
//
// A late note is a guest's acknowledgment number: the remote side may have sent more.
type note uint64

const noteLate note = 1 << 63

// sent is how many bytes the remote side sent since n was noted, headers included.
func (n note) sent(c *Conn) uint32 {
	return (uint32(atomic.LoadUint64(&c.Bytes[wire.In])) - uint32(n>>32)) << 1 >> 1
}

// noteOf is the note that number is the next sequence number of c's remote side.
func noteOf(c *Conn, number uint32) note {
	return note(atomic.LoadUint64(&c.Bytes[wire.In])<<33>>1 | uint64(number))
}

// slack is how far a right number may lie from the note and the bytes since.
func (n note) slack() uint32 {
	if n&noteLate != 0 {
		return lag
	}
	return stray
}

// note is the last note on the connection at an index, 0 if there is none.
func (t *Table) note(at uint32) note { return note(atomic.LoadUint64(&t.cold.At(at).note)) }

// Hear takes a note of the numbers of a TCP segment with header h. Call Hear under the
// lock, for each segment that takes the stages, after Keep and before the segment is
// counted.
//
// The remote side's own number is exact but may be forged, so Hear takes the number only if
// it follows from the last note. A guest's acknowledgment number is true but may be late, so
// Hear takes it only if the last note is stale or contradicts it; the remote side's next
// segment then takes the stages, too.
func (t *Table) Hear(at uint32, d wire.Direction, h wire.TCP) {
	k, c := t.cold.At(at), t.conns.At(at)
	flags, n, opening := h.Flags(), note(k.note), false
	if s := c.Status(); s.lasting() == SynSent {
		opening = true
		if s.side(d) == responder && flags&(syn|ack) == syn {
			k.second = h.Seq()
		}
	}
	sent := n.sent(c)
	switch {
	case flags&rst != 0:
	case d == wire.In && (opening || n == 0 || sent <= vague && near(h.Seq(), uint32(n), sent, n.slack())):
		atomic.StoreUint64(&k.note, uint64(noteOf(c, h.Seq())))
	case d == wire.Out && flags&ack != 0 && (n == 0 || sent > stale || !near(h.Ack(), uint32(n), sent, lag)):
		atomic.StoreUint64(&k.note, uint64(noteOf(c, h.Ack())|noteLate))
		c.update(statusReadyIn, 0)
	}
}

// Credible tells whether the side that sends in direction d can have sent a segment with
// FIN or RST, of header h, on the connection at an index. The package comment says what
// is judged and why. A worker may call Credible without the lock, after the segment, of so
// many bytes, was counted.
func (t *Table) Credible(at uint32, d wire.Direction, h wire.TCP, bytes int) bool {
	c := t.conns.At(at)
	s := c.Status()
	if d == wire.Out || s.Flags()&FlagUntracked != 0 || s.lasting() > TimeWait {
		return true
	}
	reset, n := h.Flags()&rst != 0, t.note(at)
	switch sent := n.sent(c); {
	case n == 0: // the remote side has sent nothing yet; its RST acknowledges the guest's SYN
		return !reset || h.Flags()&ack != 0 && near(h.Ack(), atomic.LoadUint32(&t.cold.At(at).first), uint32(atomic.LoadUint64(&c.Bytes[wire.Out])), stray)
	case sent > vague:
		return !reset
	case near(h.Seq(), uint32(n), sent, stray):
		return true
	}
	atomic.CompareAndSwapUint64(&t.cold.At(at).note, uint64(n), uint64(n.without(bytes)))
	return false
}

// without is n as if the remote side had not sent the last so many bytes: wrong guesses
// must not make more numbers right.
func (n note) without(bytes int) note {
	const counted = noteLate - 1<<32
	return n&^counted | (n+note(bytes)<<32)&counted
}

// near tells whether number lies between from-some and from+n+some, modulo 1<<32.
func near(number, from, n, some uint32) bool { return number-from+some <= n+2*some }

// renew has the next segments of both sides take the stages, and so Hear, if the note on
// the connection at an index is stale.
func (t *Table) renew(at uint32) {
	c := t.conns.At(at)
	if atomic.LoadUint64(&c.Bytes[wire.In]) <= stale {
		return // as for most connections, without a look at the cold half
	}
	if s := c.Status(); s.lasting() > None && s.lasting() <= TimeWait && s.Flags()&FlagUntracked == 0 && t.note(at).sent(c) > stale {
		c.update(statusReadyIn|statusReadyOut, 0)
	}
}
