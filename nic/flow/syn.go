package flow

import (
	"sync/atomic"

	"nitrocard/nic/wire"
)

// Begins tells whether a SYN with the sequence number seq, in direction d, asks for
// another connection than the one at an index, which has the SYN's key. Three SYNs do
// not: the initiator's SYN sent again; and, when two ends open at once (RFC 9293 section
// 3.5), the other end's SYN, first and sent again. After both FINs every SYN does.
//
// If Begins is true, let the rules judge the SYN as a new connection's. A denied SYN
// must leave the old connection as it is. For an allowed one call NoteSYN if the old
// connection Lives, and Restart if not. All three need the lock.
func (t *Table) Begins(at uint32, d wire.Direction, seq uint32) bool {
	s, k := t.conns.At(at).Status(), t.cold.At(at)
	switch s.lasting() {
	case Closing, LastAck, TimeWait:
		return true
	case SynSent:
		if s.side(d) == responder {
			return false
		}
	}
	if s.side(d) == responder {
		return k.second == 0 || seq != k.second
	}
	return s.Flags()&flagSyn == 0 || seq != k.first
}

// Lives tells whether the tracked connection at an index would be missed if a SYN took
// its place: both sides were heard and have not both finished.
func (t *Table) Lives(at uint32) bool {
	s := t.conns.At(at).Status()
	return s.lasting() >= SynReceived && s.lasting() <= CloseWait && s.Flags()&FlagUntracked == 0
}

// synOf is a SYN that asks for a connection in the place of one that lives.
//
//	63      34 33   32        31                0
//	+---------+----+-----------+-----------------+
//	|    0    | 1  | direction | sequence number |
//	+---------+----+-----------+-----------------+
func synOf(d wire.Direction, seq uint32) uint64 { return 1<<33 | uint64(d&1)<<32 | uint64(seq) }

// NoteSYN notes an allowed SYN that Begins, and changes nothing else: the SYN may be forged.
// tick keeps the record until the answer comes.
func (t *Table) NoteSYN(at uint32, d wire.Direction, seq, tick uint32) {
	atomic.StoreUint64(&t.cold.At(at).asked, synOf(d, seq))
	atomic.StoreUint32(&t.conns.At(at).Seen, tick)
}

// Answers tells whether a SYN+ACK of direction d, with the acknowledgment number ack,
// answers the last SYN that NoteSYN noted for the connection at an index. The sender of the
// SYN+ACK then knows no older connection: let the rules judge the SYN once more, and
// Restart. A worker may call Answers without the lock.
func (t *Table) Answers(at uint32, d wire.Direction, ack uint32) bool {
	return atomic.LoadUint64(&t.cold.At(at).asked) == synOf(d^1, ack-1)
}
