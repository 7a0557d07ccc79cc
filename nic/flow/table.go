package flow

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"nitrocard/tables"
)

const (
	// wheelSlots is how many ticks the timer wheel spans: 17 s. A connection
	// is looked at that often, and so its new state's timeout, or its ENI's
	// new configuration, takes effect at most that late.
	wheelSlots = 256
	// maxOwners bounds the instances that have connections on one card.
	maxOwners = 1 << 16
	// ownerShare is how many connections there are room for per owner, so
	// that a small table does not pay for maxOwners.
	perOwner = 16
	// fewOwners have room in any table that has room for a connection of each:
	// 128 KB.
	fewOwners = 4096
)

// Options are what a table is made with.
type Options struct {
	Capacity int    // connections that must fit
	Seed     uint64 // of the hash; nobody outside may know it
	// Timeouts tells how long an ENI's connections live, nil if the ENI is
	// gone: its connections then end. It is asked when a connection opens and
	// each time its timer fires, never for other packets.
	Timeouts func(eni uint32) *Timeouts
	Readers  int // how many workers there are at most
}

// Table holds the connections of a card's ENIs, for several workers.
//
// LookupBurst, Find, Conn and Conn's methods are for workers, each with a
// reader of its own (Reader): what they find stays readable until the reader
// passes. Advance and Len are for anyone until Close. All else
// needs the lock. It is held for less than a burst takes, so by nobody who
// lists, formats or waits.
type Table struct {
	conns    *tables.Cuckoo[Key, Conn]
	grace    *tables.Grace
	cold     *tables.Array[cold] // by the same index as conns
	wheel    *tables.Wheel
	timeouts func(eni uint32) *Timeouts
	fire     func(at uint32) // collects in due; made once, since a function value allocates
	now      atomic.Uint64   // tick up to which all that was due has ended

	_ [64]byte // what follows is written with each connection that opens or ends, and what is above read for each packet
	tables.Spinlock
	owners owners
	due    []uint32 // connections whose timers fired, a burst at most
	target uint64   // tick that the Advance under way is for
}

// No cache line has the lock and what workers read for each packet: packets that
// only take the lock would slow down all others.
var _ [unsafe.Offsetof(Table{}.Spinlock) - unsafe.Offsetof(Table{}.now) - 64]byte

// New makes an empty table. All its memory is taken here.
func New(o Options) (*Table, error) {
	if o.Capacity < 1 || o.Timeouts == nil {
		return nil, fmt.Errorf("flow table of %d connections: a capacity of at least 1 and timeouts are needed", o.Capacity)
	}
	t := &Table{timeouts: o.Timeouts}
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
	if t.wheel, err = tables.NewWheel(o.Capacity, wheelSlots); err != nil {
		return err
	}
	t.owners, err = newOwners(ownersOf(o.Capacity), o.Seed)
	return err
}

// ownersOf is for how many owners a table of so many connections has room.
func ownersOf(connections int) int {
	return min(max(connections/perOwner, min(connections, fewOwners))+perOwner, maxOwners)
}

// Close gives the memory back. Walk and Count find nothing after it, and
// nothing else may be called. It needs the lock.
func (t *Table) Close() {
	if t.conns != nil {
		t.conns.Close()
	}
	if t.cold != nil {
		t.cold.Close()
	}
	if t.wheel != nil {
		t.wheel.Close()
	}
	t.owners.close()
	t.conns, t.cold, t.wheel, t.owners = nil, nil, nil, owners{}
}

// Reader is that of worker i.
func (t *Table) Reader(i int) *tables.Reader { return t.grace.Reader(i) }

// Len is how many connections there are.
func (t *Table) Len() int { return t.conns.Len() }

// LookupBurst finds the connections of the first n keys. Bit i of hits says
// that keys[i] is the connection at[i]. One that is there may be missed while
// another worker opens or ends others.
func (t *Table) LookupBurst(keys *[tables.Burst]Key, n int, at *[tables.Burst]uint32) (hits uint64) {
	return t.conns.LookupBurst(keys, n, at)
}

// Stirs is that of the connections' table: where two calls tell the same even
// number, what LookupBurst missed between them was not there.
func (t *Table) Stirs() uint64 { return t.conns.Stirs() }

// Find finds the connection of one key, with its status and the epoch of the
// policy that the status is of, as all three were at one moment of the call.
// Epoch 0 says that there is none. Find misses none, and is for workers as
// LookupBurst is.
//
// It takes the lock only where a connection has just ended, or another worker
// is putting a new one in its place (Restart), which takes that worker a few
// nanoseconds: nobody can bring that about with packets that open nothing.
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

// Conn is the connection at an index from Find, LookupBurst or Open.
func (t *Table) Conn(at uint32) *Conn { return t.conns.At(at) }
