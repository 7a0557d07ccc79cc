package flow

import (
	"sync/atomic"

	"nitrocard/nic/wire"
	"nitrocard/tables"
)

// Opening is everything that a new connection begins with.
type Opening struct {
	Key      Key
	Pair     Pair           // the addresses that Key stands for; those of IPv4 may be left out
	Dir      wire.Direction // the first packet's direction
	TCPFlags uint8          // the first packet's flags
	Resumed  bool           // the connection is older than the card, and taken up in mid-stream
	First    uint32         // the first packet's sequence number in a SYN, code in an ICMP query
	Walked   wire.Direction // the direction whose stages made Found
	Found    Found
	Rule     uint32 // the security group rule that allows the connection, in the policy Found.Epoch
	Owner    uint64 // the instance that the connection counts for
	Limit    uint32 // the owner's allowance, for tracked and for cached connections apart; 0 allows none
	Now      uint64 // the first packet's tick
}

// OpenError tells why Open or Restart opened no connection. The zero value, Opened,
// is success.
type OpenError uint8

const (
	Opened            OpenError = iota
	Existing                    // the key has a connection already, which Open leaves alone and whose index Open returns
	AllowanceExceeded           // the owner has as many tracked connections as it may: EC2 drops the packet
	NotCached                   // the owner has as many untracked flows as it may: the packet may pass without a record
	TableFull                   // the table has no room for any owner
)

// Open adds a connection. The caller then counts the first packet and moves the state
// by it, as for any other packet. A flow with FlagUntracked and the fragments of a
// datagram count as cached; all others count as tracked. The indexes of connections
// that ended a moment ago wait for the readers, so a table may be full until the
// readers have passed.
func (t *Table) Open(o *Opening) (at uint32, err OpenError) {
	account, err := t.owners.charge(o)
	if err != Opened {
		if at, ok := t.conns.Lookup(&o.Key); ok {
			return at, Existing
		}
		return 0, err
	}
	at, full := t.conns.Insert(o.Key, start(o))
	if full != nil {
		t.owners.refund(account)
		if full == tables.ErrExists {
			return at, Existing
		}
		return 0, TableFull
	}
	t.begin(at, o, account)
	return at, Opened
}

// begin writes the cold half of an opened connection and sets its timer.
func (t *Table) begin(at uint32, o *Opening, account account) {
	if o.Key.IsIPv6() {
		t.pairs.At(at).set(&o.Pair)
	}
	k := t.cold.At(at)
	k.rule, k.account, k.second = o.Rule, account, 0
	atomic.StoreUint32(&k.first, o.First)
	atomic.StoreUint64(&k.note, 0)
	atomic.StoreUint64(&k.asked, 0)
	t.watch(at, o)
}

// First is the Opening.First of the connection at an index. For a TCP connection,
// which another worker may Restart meanwhile, First needs the lock. For any other
// protocol a worker may call First without the lock.
func (t *Table) First(at uint32) uint32 { return t.cold.At(at).first }

// Restart puts a new connection in the place of the connection at an index, which has the
// same key. Call Restart only if the old connection would not be missed (Lives), if the
// other end has accepted the new one (Answers), or if the old one is an earlier policy's
// verdict on an untracked flow that the other end opens now. If the owner's allowance has
// no room for the new connection, the old one ends all the same.
func (t *Table) Restart(at uint32, o *Opening) OpenError {
	account, err := t.recharge(at, o)
	if err != Opened {
		return err
	}
	t.tellEnd(at)
	t.conns.At(at).restart(o)
	t.begin(at, o, account)
	return Opened
}

// Rejudge notes what another policy says of the untracked flow at an index: the rule that
// allows the flow, and whether EC2 tracks the flow from now on. The state, the counts and
// what else the table knows of the flow's past stay. If the owner's allowance has no room
// for the flow, the flow ends. Call Keep afterwards, with the same Found.
func (t *Table) Rejudge(at uint32, o *Opening) OpenError {
	k := t.cold.At(at)
	past := k.account & accountPast
	account, err := t.recharge(at, o)
	if err != Opened {
		return err
	}
	k.rule, k.account = o.Rule, account&^accountPast|past
	t.conns.At(at).update(Status(FlagUntracked)<<flagsAt, Status(o.Found.Flags&FlagUntracked)<<flagsAt)
	return Opened
}

// Doubt makes the connection at an index an untracked flow that another policy judged, the one of
// Found.Epoch, which is not in force. Of o it needs that, the owner, and how many untracked flows the owner
// may have: if there is no room, the connection ends. The state, the counts and the rule stay.
func (t *Table) Doubt(at uint32, o *Opening) OpenError {
	o.Found.Flags |= FlagUntracked
	k := t.cold.At(at)
	past := k.account & accountPast
	account, err := t.recharge(at, o)
	if err != Opened {
		return err
	}
	k.account = account&^accountPast | past
	c, untracked := t.conns.At(at), Status(FlagUntracked)<<flagsAt
	c.update(statusReadyIn|statusReadyOut|untracked, untracked)
	atomic.StoreUint32(&c.Epoch, o.Found.Epoch)
	return Opened
}

// End ends the connection at an index.
func (t *Table) End(at uint32) {
	t.owners.refund(t.cold.At(at).account)
	t.wheel.Cancel(at)
	t.drop(at, t.conns.Hash(t.conns.Key(at)))
}

// recharge gives back what the connection at an index was charged, and charges o in its
// place. If the owner's allowance has no room for o, the connection at the index ends.
func (t *Table) recharge(at uint32, o *Opening) (account, OpenError) {
	t.owners.refund(t.cold.At(at).account)
	charged, err := t.owners.charge(o)
	if err != Opened {
		t.wheel.Cancel(at)
		t.drop(at, t.conns.Hash(t.conns.Key(at)))
	}
	return charged, err
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

// restart makes c a connection at its first packet while workers may look at c. The
// epoch is 0, no policy's, until every other field is new.
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

// Holds tells whether the connection at an index still is the one of a key, whose Pair the
// caller asks Has for. The connection may have ended since the look-up.
func (t *Table) Holds(at uint32, k *Key) bool {
	return t.cold.At(at).account != 0 && *t.conns.Key(at) == *k
}

// drop takes a connection, whose key has the hash h, out of the table. Its timer is not set, and its
// owner counts it no more.
func (t *Table) drop(at uint32, h tables.Hash) {
	t.tellEnd(at)
	c := t.cold.At(at)
	c.rule, c.account = 0, 0 // and leave first, which a worker may be reading
	t.conns.RemoveAt(at, h)
}

// tellEnd calls Options.Ended for a connection whose record is still whole.
func (t *Table) tellEnd(at uint32) {
	if t.ended != nil {
		t.ended(at, t.conns.Key(at), t.conns.At(at))
	}
}
