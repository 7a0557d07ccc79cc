package flow

import (
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"nitrocard/tables"
)

const (
	// wheelSlots is how many ticks the timer wheel spans. A connection's timer fires at
	// least that often.
	wheelSlots = 256
	// TakesEffect is the time within which a changed timeout does, the wheel's span: 17 s.
	TakesEffect = time.Duration(wheelSlots << tickBits)
	// maxOwners bounds the instances that have connections on one card.
	maxOwners = 1 << 16
	// perOwner is how many connections of capacity make room for one owner, so that
	// a small table has a small table of owners.
	perOwner = 16
	// fewOwners is how many owners have room in any table that has room for a
	// connection of each. Their table takes 128 KB.
	fewOwners = 4096
)

// Options are the parameters of New.
type Options struct {
	Capacity int    // connections that must fit
	Seed     uint64 // seed of the hash, a secret: who knows the seed can fill one bucket
	// Timeouts tells how long an ENI's connections live. Timeouts is nil for an ENI
	// that is gone, whose connections then end. The table calls Timeouts when a
	// connection opens and each time its timer fires.
	Timeouts func(eni uint32) *Timeouts
	Readers  int // the most workers
	// Ended tells that a connection ends: its time is up, its ENI is gone, or another
	// connection takes its place. The record still holds what it held, so Rule and First
	// answer for the index. The lock is held: Ended must not open or end connections, and
	// must not keep k and c. Close ends no connection in this sense. Nil tells nobody.
	Ended func(at uint32, k *Key, c *Conn)
}

// Table holds the connections of a card's ENIs, for several workers.
//
// Three rules say who may call what. LookupBurst, Find, Conn and Conn's methods are for
// workers, each with a Reader of its own: a connection that a worker finds stays
// readable until the worker's Reader passes. Advance and Len are for any thread until
// Close. All other methods need the lock.
//
// A thread holds the lock for less time than a burst takes, so no thread lists, formats
// or waits under the lock.
type Table struct {
	conns    *tables.Cuckoo[Key, Conn]
	grace    *tables.Grace
	cold     *tables.Array[cold]      // at the same indexes as conns
	pairs    *tables.Array[PairWords] // of IPv6 connections, at the same indexes
	folder   Folder
	wheel    *tables.Wheel
	timeouts func(eni uint32) *Timeouts
	fire     func(at uint32) // adds to due; made once, because making a function value allocates
	now      atomic.Uint64   // last tick whose due timers were all looked at

	_ [64]byte // parts the fields above, read for each packet, from those below, written when a connection opens or ends
	tables.Spinlock
	owners owners
	due    []uint32 // connections whose timers fired, a burst at most
	read   uint32   // keeps the compiler from leaving out what expire reads only to fetch it
	target uint64   // tick that the Advance under way is for
	ended  func(at uint32, k *Key, c *Conn)
}

// The lock has a cache line of its own, 64 bytes at least after what workers read for
// each packet: packets that take the lock would slow down all others.
var _ [unsafe.Offsetof(Table{}.Spinlock) - unsafe.Offsetof(Table{}.now) - 64]byte

// New makes an empty table and takes all the memory that the table will need.
func New(o Options) (*Table, error) {
	if o.Capacity < 1 || o.Timeouts == nil {
		return nil, fmt.Errorf("flow table of %d connections: a capacity of at least 1 and timeouts are needed", o.Capacity)
	}
	t := &Table{timeouts: o.Timeouts, ended: o.Ended}
	if err := t.allocate(o); err != nil {
		t.Close()
		return nil, fmt.Errorf("flow table of %d connections: %w", o.Capacity, err)
	}
	t.due = make([]uint32, 0, tables.Burst)
	t.fire = func(at uint32) { t.due = append(t.due, at) }
	return t, nil
}

func (t *Table) allocate(o Options) (err error) {
	if t.conns, err = tables.New[Key, Conn](o.Capacity, o.Seed); err != nil {
		return err
	}
	t.grace = tables.NewGrace(o.Readers)
	t.conns.Guard(t.grace)
	if t.cold, err = tables.NewArray[cold](o.Capacity); err != nil {
		return err
	}
	if t.pairs, err = tables.NewArray[PairWords](o.Capacity); err != nil {
		return err
	}
	t.folder = NewFolder(o.Seed)
	if t.wheel, err = tables.NewWheel(o.Capacity, wheelSlots); err != nil {
		return err
	}
	t.owners, err = newOwners(ownersOf(o.Capacity), o.Seed)
	return err
}

// ownersOf is how many owners have room in a table of so many connections.
func ownersOf(connections int) int {
	return min(max(connections/perOwner, min(connections, fewOwners))+perOwner, maxOwners)
}

// Close gives the memory back, under the lock. After Close only Walk and Count may be
// called, and find nothing.
func (t *Table) Close() {
	if t.conns != nil {
		t.conns.Close()
	}
	if t.cold != nil {
		t.cold.Close()
	}
	if t.pairs != nil {
		t.pairs.Close()
	}
	if t.wheel != nil {
		t.wheel.Close()
	}
	t.owners.close()
	t.conns, t.cold, t.pairs, t.wheel, t.owners = nil, nil, nil, nil, owners{}
}

// Reader is the reader of worker i.
func (t *Table) Reader(i int) *tables.Reader { return t.grace.Reader(i) }

// Grace is the table's, for other tables that the same workers read.
func (t *Table) Grace() *tables.Grace { return t.grace }

// Cap is how many indexes there are.
func (t *Table) Cap() int { return t.conns.Cap() }

// Len is how many connections there are.
func (t *Table) Len() int { return t.conns.Len() }

// LookupBurst finds the connections of the first n keys. Bit i of hits says that
// keys[i] has the connection at index at[i]. While another worker opens connections,
// LookupBurst may miss one that is there; see Stirs and Find.
func (t *Table) LookupBurst(keys *[tables.Burst]Key, n int, at *[tables.Burst]uint32) (hits uint64) {
	return t.conns.LookupBurst(keys, n, at)
}

// Stirs counts the moves of connections from bucket to bucket. If Stirs is the same even
// number before and after a LookupBurst, each key that LookupBurst missed has no
// connection.
func (t *Table) Stirs() uint64 { return t.conns.Stirs() }

// Find finds the connection of one key, its status, and the epoch of the policy that
// evaluated it, as the three were at one moment of the call. Epoch 0 says that the key
// has no connection. Unlike LookupBurst, Find misses no connection.
//
// Find takes the lock only if it meets a connection that has just ended or that another
// worker restarts at this moment. An attacker cannot force the lock with packets that
// open no connection.
func (t *Table) Find(k *Key) (at, epoch uint32, s Status) {
	at, ok := t.conns.Find(k)
	if !ok {
		return 0, 0, 0
	}
	if epoch, s = t.Conn(at).Evaluated(); epoch != 0 {
		return at, epoch, s
	}
	t.Lock()
	defer t.Unlock()
	if at, ok = t.conns.Lookup(k); ok {
		epoch, s = t.Conn(at).Evaluated()
	}
	return at, epoch, s
}

// Recall is Find for a worker that found k at an index in an earlier turn, if the connection is
// there still, and was evaluated under the policy of epoch; c is nil if not. Recall needs no
// bucket of the table. k is a key of IPv4.
func (t *Table) Recall(at uint32, k *Key, epoch uint32) (c *Conn, s Status) {
	c = t.conns.At(at)
	if !c.Under(epoch) {
		return nil, 0
	}
	if s = c.Status(); !t.conns.Is(at, k) {
		return nil, 0
	}
	return c, s
}

// Key is the key of a connection at an index, as Conn is the connection.
func (t *Table) Key(at uint32) Key { return *t.conns.Key(at) }

// Conn is the connection at an index that Find, LookupBurst or Open returned.
func (t *Table) Conn(at uint32) *Conn { return t.conns.At(at) }
