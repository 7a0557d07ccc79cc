package nat

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/tables"
)

// table holds the connections of one gateway. Workers look up without the lock; all else
// needs it.
type table struct {
	ways  *tables.Cuckoo[Key, way]
	uses  *tables.Cuckoo[Key, uint64] // how many connections a host has, and a destination through one address
	wheel *tables.Wheel               // for ways from inside, and of fragments

	_ [64]byte // parts what workers read for each packet from what is written under the lock
	tables.Spinlock
	random    *rand.PCG
	now       uint64 // the tick up to which timers were looked at
	shared    Metrics
	due       []uint32
	fire      func(at uint32)
	datagrams int // ways of fragments
}

// newTable makes a table for so many connections.
func newTable(connections int, grace *tables.Grace, seed uint64) (t *table, err error) {
	t = &table{random: rand.NewPCG(seed, seed)}
	defer func() {
		if err != nil {
			t.close()
			err = fmt.Errorf("NAT table of %d connections: %w", connections, err)
		}
	}()
	if t.ways, err = tables.New[Key, way](2*connections, seed); err != nil {
		return nil, err
	}
	t.ways.Guard(grace)
	if t.uses, err = tables.New[Key, uint64](2*connections, seed); err != nil {
		return nil, err
	}
	if t.wheel, err = tables.NewWheel(2*connections, wheelSlots); err != nil {
		return nil, err
	}
	t.due = make([]uint32, 0, tables.Burst)
	t.fire = func(at uint32) { t.due = append(t.due, at) }
	return t, nil
}

// close gives the memory back.
func (t *table) close() {
	if t.ways != nil {
		t.ways.Close()
	}
	if t.uses != nil {
		t.uses.Close()
	}
	if t.wheel != nil {
		t.wheel.Close()
	}
}

// connection is what a packet from inside has, and the address and port it gets.
type connection struct {
	from Key
	socket

	counted bool   // choose found the count of the destination
	count   uint32 // index of that count, which stays while no connection ends
}

// back is the key of the answers.
func (c *connection) back() Key {
	return Key{Src: c.from.Dst, Dst: c.Addr, SrcPort: c.from.DstPort, DstPort: c.Port, Kind: c.from.Kind}
}

// host is the key of a host's connections in uses.
func host(addr wire.Addr) Key { return Key{Src: addr} }

// datagrams is the key in uses of the datagrams in fragments from and to an inside host.
func datagrams(addr wire.Addr) Key { return Key{Src: addr, Kind: fragment} }

// destination is the key in uses of the connections to a destination through an address.
func destination(addr wire.Addr, from *Key) Key {
	return Key{Src: addr, Dst: from.Dst, DstPort: from.DstPort, Kind: from.Kind | 1<<16}
}

// count is how many connections a host has, or a destination.
func (t *table) count(k Key) uint64 {
	if at, ok := t.uses.Lookup(&k); ok {
		return *t.uses.At(at)
	}
	return 0
}

// use counts one connection more; false: there is no room.
func (t *table) use(k Key) bool {
	at, err := t.uses.Insert(k, 1)
	if err == tables.ErrExists {
		*t.uses.At(at)++
		return true
	}
	return err == nil
}

// leave counts one connection less.
func (t *table) leave(k Key) {
	at, ok := t.uses.Lookup(&k)
	if !ok {
		return
	}
	if n := t.uses.At(at); *n > 1 {
		*n--
	} else {
		t.uses.Remove(k)
	}
}

// enter puts a connection into the table, and returns the index of its way from inside. full
// says that there is no room.
func (t *table) enter(c *connection, state uint32, now uint64) (at uint32, full bool) {
	if !t.use(host(c.from.Src)) {
		return 0, true
	}
	if c.counted {
		*t.uses.At(c.count)++
	} else if !t.use(destination(c.Addr, &c.from)) {
		t.leave(host(c.from.Src))
		return 0, true
	}
	tick, family := uint32(now), uint32(0)
	if c.from.Src.Is4() {
		family = ipv4
	}
	out, err := t.ways.Insert(c.from, pipeline.NewPassage(c.socket, 0, tick, state|inside|family))
	if err == nil {
		var in uint32
		if in, err = t.ways.Insert(c.back(), pipeline.NewPassage(socket{Addr: c.from.Src, Port: c.from.SrcPort}, out, tick, steady|family)); err == nil {
			t.ways.At(out).SetPeer(in)
			t.wheel.Set(out, now+wheelSlots)
			if state&tcp != 0 {
				t.shared.ActiveConnectionCount++
			}
			return out, false
		}
		t.ways.Remove(c.from)
	}
	t.leave(host(c.from.Src))
	t.leave(destination(c.Addr, &c.from))
	return 0, true
}

// end takes a connection out of the table, whose way from inside is at an index.
func (t *table) end(at uint32) {
	from, w := *t.ways.Key(at), t.ways.At(at)
	s, _, _ := w.To()
	state := atomic.LoadUint32(&w.State)
	t.wheel.Cancel(at)
	if from.Kind&fragment != 0 {
		host := s.Addr
		if state&outward != 0 {
			host = from.Src
		}
		t.datagrams--
		t.leave(datagrams(host))
		t.ways.Remove(from)
		return
	}
	c := connection{from: from, socket: s}
	if state&tcp != 0 {
		t.shared.ActiveConnectionCount--
	}
	t.leave(host(from.Src))
	t.leave(destination(s.Addr, &from))
	t.ways.Remove(c.back())
	t.ways.Remove(from)
}
