package flow

import (
	"fmt"

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
	ownerShare = 16
)

// Options are what a table is made with.
type Options struct {
	Capacity int    // connections that must fit
	Seed     uint64 // of the hash; nobody outside may know it
	// Timeouts tells how long an ENI's connections live, nil if the ENI is
	// gone: its connections then end. It is asked when a connection opens and
	// each time its timer fires, never for other packets.
	Timeouts func(eni uint32) *Timeouts
}

// Table holds the connections of a card's ENIs. One worker owns it: no method
// may be called by two goroutines at once.
type Table struct {
	conns    *tables.Cuckoo[Key, Conn]
	cold     *tables.Array[cold] // by the same index as conns
	wheel    *tables.Wheel
	owners   owners
	timeouts func(eni uint32) *Timeouts
	fire     func(at uint32) // collects in due; made once, since a function value allocates
	due      []uint32        // connections whose timers fired, a burst at most
	now      uint64          // tick up to which all that was due has ended
	target   uint64          // tick that the Advance under way is for
}

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
	if t.cold, err = tables.NewArray[cold](o.Capacity); err != nil {
		return err
	}
	if t.wheel, err = tables.NewWheel(o.Capacity, wheelSlots); err != nil {
		return err
	}
	t.owners, err = newOwners(min(o.Capacity/ownerShare+ownerShare, maxOwners), o.Seed)
	return err
}

// Close gives the memory back. The table is of no use after it.
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
	*t = Table{}
}

// Len is how many connections there are.
func (t *Table) Len() int { return t.conns.Len() }

// Cap is how many connections fit for certain.
func (t *Table) Cap() int { return t.conns.Cap() }

// Memory is what the table occupies, in bytes.
func (t *Table) Memory() int {
	return t.conns.Memory() + t.cold.Memory() + t.wheel.Memory() + t.owners.memory()
}

// LookupBurst finds the connections of the first n keys. Bit i of hits says
// that keys[i] is the connection at[i].
func (t *Table) LookupBurst(keys *[tables.Burst]Key, n int, at *[tables.Burst]uint32) (hits uint64) {
	return t.conns.LookupBurst(keys, n, at)
}

// Lookup finds the connection of one key.
func (t *Table) Lookup(k *Key) (at uint32, ok bool) { return t.conns.Lookup(k) }

// Conn is the connection at an index from Lookup, LookupBurst or Open. It is
// good until that connection ends.
func (t *Table) Conn(at uint32) *Conn { return t.conns.At(at) }

// Key is the key of the connection at an index. It must not be changed.
func (t *Table) Key(at uint32) *Key { return t.conns.Key(at) }
