package flow

import (
	"sync/atomic"

	"nitrocard/tables"
)

// Opening is all that a new connection begins with.
type Opening struct {
	Key      Key
	Dir      Dir    // of its first packet
	TCPFlags uint8  // of its first packet
	First    uint32 // of its first packet: a SYN's sequence number, or an ICMP query's code
	Walked   Dir    // the direction whose stages Found is of
	Found    Found
	Rule     uint32 // the security group rule that allows it, in the policy Found.Epoch
	Owner    uint64 // the instance whose allowance it takes
	Limit    uint32 // that allowance. It binds tracked and cached connections apart; 0 allows none
	Now      uint64 // tick of the first packet
}

// OpenError tells why there is no new connection. The zero value says that
// there is one.
type OpenError uint8

const (
	Opened            OpenError = iota
	Existing                    // the key has a connection already, at the index returned; it is untouched
	AllowanceExceeded           // the owner has its fill of tracked connections: EC2 drops the packet
	NotCached                   // the owner has its fill of untracked flows: the packet may pass, unremembered
	TableFull                   // no room for anybody
)

// Open adds a connection. The first packet is then counted and goes through
// the state machine like any other. Flags with FlagUntracked, and the
// fragments of a datagram, count as cached, not as tracked. Indexes that
// connections had a moment ago wait for the readers: a table may be full until
// they have passed.
func (t *Table) Open(o *Opening) (at uint32, err OpenError) {
	account, err := t.owners.take(o)
	if err != Opened {
		if at, ok := t.conns.Lookup(&o.Key); ok {
			return at, Existing
		}
		return 0, err
	}
	at, full := t.conns.Insert(o.Key, start(o))
	if full != nil {
		t.owners.give(account)
		if full == tables.ErrExists {
			return at, Existing
		}
		return 0, TableFull
	}
	t.begin(at, o, account)
	return at, Opened
}

// begin is the cold half of a connection that opened, and its timer.
func (t *Table) begin(at uint32, o *Opening, account account) {
	*t.cold.At(at) = cold{rule: o.Rule, account: account, first: o.First}
	t.watch(at, o)
}

// Begins tells whether a SYN with the sequence number seq begins another
// connection than the one at an index, whose key it has. It does not if it is the
// SYN that opened the connection, sent again, or the other end's of two that open
// at once (RFC 9293 section 3.5); after both FINs or a reset every SYN does.
// Evaluate one that does as new, and only when it is allowed Restart this
// connection: a SYN that the rules deny must not harm what is there.
func (t *Table) Begins(at uint32, d Dir, seq uint32) bool {
	s := t.conns.At(at).Status()
	switch s.State() {
	case Closing, LastAck, TimeWait, Closed:
		return true
	case SynSent:
		if s.side(d) == answerer {
			return false
		}
	}
	return s.side(d) == answerer || s.Flags()&flagSyn == 0 || t.First(at) != seq
}

// First is what the connection at an index was opened with (Opening.First). Of TCP,
// which may Restart meanwhile, it needs the lock; others are for workers, as Conn.
func (t *Table) First(at uint32) uint32 { return t.cold.At(at).first }

// Restart puts a new connection in the place of the one at an index, which has
// the same key. Where the owner's allowance has no room for it
// the old one is gone all the same.
func (t *Table) Restart(at uint32, o *Opening) OpenError {
	t.owners.give(t.cold.At(at).account)
	account, err := t.owners.take(o)
	if err != Opened {
		t.wheel.Cancel(at)
		t.drop(at)
		return err
	}
	t.conns.At(at).restart(o)
	t.begin(at, o, account)
	return Opened
}

// start is the record of a connection at its first packet.
func start(o *Opening) Conn {
	flags, state := o.Found.Flags&FlagUntracked|Flags(o.Dir&1), first(&o.Key, o.TCPFlags)
	if state == SynSent {
		flags |= flagSyn
	}
	return Conn{
		Epoch:  o.Found.Epoch,
		Seen:   uint32(o.Now),
		status: uint64(o.Found.status(o.Walked) | Status(flags)<<flagsAt | Status(state)),
	}
}

// restart makes c a connection at its first packet, while workers may look at
// it: it is not known until all of it is new.
func (c *Conn) restart(o *Opening) {
	fresh := start(o)
	atomic.StoreUint32(&c.Epoch, 0)
	for d := range c.Packets {
		atomic.StoreUint64(&c.Packets[d], 0)
		atomic.StoreUint64(&c.Bytes[d], 0)
	}
	atomic.StoreUint32(&c.Seen, fresh.Seen)
	atomic.StoreUint64(&c.status, fresh.status)
	atomic.StoreUint32(&c.Epoch, fresh.Epoch)
}

// Holds tells whether the connection at an index is that of a key: it may have
// ended since it was found.
func (t *Table) Holds(at uint32, k *Key) bool {
	return t.cold.At(at).account != 0 && *t.conns.Key(at) == *k
}

// end takes a connection whose timer is not set out of the table.
func (t *Table) end(at uint32) {
	t.owners.give(t.cold.At(at).account)
	t.drop(at)
}

// drop is end for a connection that no owner counts any more.
func (t *Table) drop(at uint32) {
	c := t.cold.At(at)
	c.rule, c.account = 0, 0 // but first, which a worker may be reading
	t.conns.Remove(*t.conns.Key(at))
}
