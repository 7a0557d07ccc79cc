package flow

import (
	"testing"
	"time"

	"nitrocard/nic/wire"

	"github.com/stretchr/testify/require"
)

// rig is a table with a clock that the test owns.
type rig struct {
	*testing.T
	*Table
	now    time.Duration        // since 1970
	limits map[uint32]*Timeouts // by ENI, the defaults for all others
	gone   map[uint32]bool      // ENIs that are no more
}

// newRig makes a table whose clock stands at a day in 2026.
func newRig(t *testing.T, capacity int) *rig {
	t.Helper()
	r := &rig{T: t, now: 1_780_000_000 * time.Second, limits: map[uint32]*Timeouts{}, gone: map[uint32]bool{}}
	usual := DefaultTimeouts()
	table, err := New(Options{Capacity: capacity, Seed: 42, Timeouts: func(eni uint32) *Timeouts {
		if r.gone[eni] {
			return nil
		}
		if own := r.limits[eni]; own != nil {
			return own
		}
		return &usual
	}})
	require.NoError(t, err)
	t.Cleanup(table.Close)
	r.Table = table
	return r
}

func (r *rig) tick() uint64 { return TickOf(int64(r.now)) }

// wait moves the clock in one jump.
func (r *rig) wait(d time.Duration) {
	r.now += d
	require.True(r, r.Advance(r.tick(), 1<<30))
}

// open adds a connection that the guest opens, for owner 1 unless o says
// otherwise, and counts its first packet.
func (r *rig) open(o Opening) uint32 {
	r.Helper()
	at, err := r.tryOpen(o)
	require.Equal(r, Opened, err)
	return at
}

func (r *rig) tryOpen(o Opening) (uint32, OpenError) {
	if o.Limit == 0 {
		o.Limit = 1 << 30
	}
	o.Now = r.tick()
	at, err := r.Open(&o)
	if err == Opened {
		r.Conn(at).Packet(o.Dir, 100, uint32(o.Now))
	}
	return at, err
}

// packet plays one packet of a connection, flags being TCP's.
func (r *rig) packet(at uint32, d wire.Direction, flags uint8) {
	c := r.Conn(at)
	c.Packet(d, 100, uint32(r.tick()))
	switch r.key(at).Proto() {
	case wire.ProtoTCP:
		c.TCP(d, flags)
	case wire.ProtoUDP:
		c.UDP(d)
	}
}

func (r *rig) alive(k Key) bool {
	_, ok := r.lookup(&k)
	return ok
}

// established opens a TCP connection and plays its three steps.
func (r *rig) established(k Key) uint32 {
	r.Helper()
	at := r.open(Opening{Key: k, Dir: wire.Out, TCPFlags: syn})
	r.packet(at, wire.In, syn|ack)
	r.packet(at, wire.Out, ack)
	require.Equal(r, Established, r.Conn(at).state())
	return at
}

// conn is a record with nothing but a state and flags.
func conn(s State, f Flags) *Conn { return &Conn{status: uint64(Status(f)<<flagsAt | Status(s))} }

func (c *Conn) state() State { return c.Status().State() }

// key is the i-th key of an ENI.
func key(eni uint32, proto uint8, i int) Key {
	return makeKey(eni, proto, Ends{0x0a000105, uint32(i), 40000, 443})
}

func makeKey(eni uint32, proto uint8, e Ends) (k Key) {
	k.Set(eni, proto, e)
	return k
}

// What only tests ask of a table.

// lookup finds the connection of one key.
func (t *Table) lookup(k *Key) (at uint32, ok bool) { return t.conns.Lookup(k) }

// key is the key of the connection at an index.
func (t *Table) key(at uint32) *Key { return t.conns.Key(at) }

// ownerOf is the instance that the connection at an index counts for.
func (t *Table) ownerOf(at uint32) uint64 {
	return *t.owners.table.Key(uint32(t.cold.At(at).account & accountOwner))
}

// remove ends the connection at an index, if there is one, as Advance does.
func (t *Table) remove(at uint32) {
	if t.cold.At(at).account != 0 {
		t.wheel.Cancel(at)
		t.owners.refund(t.cold.At(at).account)
		t.drop(at, t.conns.Hash(t.conns.Key(at)))
	}
}

// memory is how many bytes the table occupies.
func (t *Table) memory() int {
	return t.conns.Memory() + t.cold.Memory() + t.wheel.Memory() + t.owners.table.Memory()
}
