package nat

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
	"nitrocard/tables"
)

// table holds the connections of one gateway. Workers look up without the lock; all else
// needs it.
type table struct {
	ways  *tables.Cuckoo[Key, way]
	uses  counts
	leads destinations
	networks
	wheel  *tables.Wheel // for ways from inside, and of fragments
	folder flow.Folder   // of IPv6 addresses in keys

	_ [64]byte // parts what workers read for each packet from what is written under the lock
	tables.Spinlock
	random    *rand.PCG
	now       uint64 // the tick up to which timers were looked at
	shared    Metrics
	due       []uint32 // ways whose timers fired, a burst at most
	fire      func(at uint32)
	leaving   leaving
	hunts     hunts
	datagrams int // ways of fragments
}

// newTable makes a table for so many connections.
func newTable(connections int, grace *tables.Grace, seed uint64) (t *table, err error) {
	t = &table{random: rand.NewPCG(seed, seed), folder: flow.NewFolder(seed)}
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
	if t.uses, err = newCounts(2*connections, seed); err != nil { // each way has a name of its own at most
		return nil, err
	}
	if t.leads, err = newDestinations(connections, &t.uses); err != nil {
		return nil, err
	}
	if t.networks, err = newNetworks(connections, &t.uses); err != nil {
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
	t.uses.close()
	t.leads.close()
	t.networks.close()
	if t.wheel != nil {
		t.wheel.Close()
	}
}

// connection is what a packet from inside has, and the address and port it gets.
type connection struct {
	ways tables.Pair[Key, way] // from inside, and the answers'
	host wire.Addr             // inside
	socket
	to       name // of the destination through the socket's address
	foreseen bool // the port is to be tried, as it is
}

// from is the key of the packets from inside.
func (c *connection) from() *Key { return &c.ways.Entries[0].Key }

// back is the key of the answers.
func (c *connection) back() *Key { return &c.ways.Entries[1].Key }

// begin makes c the connection of a host whose packets have a key with a hash.
func (c *connection) begin(from *Key, host wire.Addr, hash tables.Hash) {
	*c.from(), c.host, c.ways.Hashes[0], c.foreseen = *from, host, hash, false
}

// by has the connection leave by a port.
func (c *connection) by(port uint16) {
	from, back := c.from(), c.back()
	c.Port = port
	back.Src, back.Dst, back.SrcPort, back.DstPort, back.Kind = from.Dst, c.Addr.As4(), from.DstPort, port, from.Kind&^ofHost
}

// enter puts a connection into the table, whose keys are not there, and returns the index of its
// way from inside. full says that there is no room.
func (t *table) enter(c *connection, state uint32, now uint64) (out uint32, full bool) {
	if !t.ways.Reserve(&c.ways) {
		return 0, true
	}
	tick, family := uint32(now), uint32(0)
	if c.host.Is4() {
		family = ipv4
	}
	out, in := c.ways.At[0], c.ways.At[1]
	c.ways.Entries[0].Value.Begin(c.socket, in, tick, state|inside|family)
	c.ways.Entries[1].Value.Begin(socket{Addr: c.host, Port: c.from().SrcPort}, out, tick, steady|family)
	if t.ways.AddPair(&c.ways) != nil {
		return 0, true
	}
	t.watch(out, now)
	t.uses.add(t.uses.host(sender(c.from())))
	t.networks.add(c.host)
	if t.leads.add(c.to) {
		add(t.ways.At(out), crowded)
	}
	if state&tcp != 0 {
		t.shared.ActiveConnectionCount++
	}
	return out, false
}

// hostAt is the host inside to which the way at an index leads.
func (t *table) hostAt(in uint32) wire.Addr {
	s, _, _ := t.ways.At(in).To()
	return s.Addr
}

// end takes a connection, or a datagram, out of the table, whose way from inside, or whose way, is
// at an index.
func (t *table) end(at uint32) {
	t.wheel.Cancel(at)
	s, peer, _ := t.ways.At(at).To()
	from := t.ways.Key(at)
	t.leave(at, t.ways.Hash(from), t.ways.Hash(t.ways.Key(peer)), t.leads.name(s.Addr, from))
}

// leave is end of a way with the hash h whose timer is not set; of a connection, back is the hash
// of the other way, and to names the destination.
func (t *table) leave(at uint32, h, back tables.Hash, to name) {
	from, w := t.ways.Key(at), t.ways.At(at)
	_, peer, _ := w.To()
	state := atomic.LoadUint32(&w.State)
	if from.Kind&fragment != 0 {
		t.datagrams--
		t.uses.take(*countedAs(w))
		t.ways.RemoveAt(at, h)
		return
	}
	if state&tcp != 0 {
		t.shared.ActiveConnectionCount--
	}
	t.uses.take(t.uses.host(sender(from)))
	t.networks.take(t.hostAt(peer))
	t.leads.take(to, state&crowded != 0)
	t.ways.RemoveAt(peer, back)
	t.ways.RemoveAt(at, h)
}

// leaving is a burst of ways that end together. Each lies somewhere else in memory, and so do its
// buckets, its other way and its count; each step is done for all ways before the next step, so that
// memory brings what the step needs for all at once.
type leaving struct {
	keys   [tables.Burst]Key
	hashes [2][tables.Burst]tables.Hash // of the ways, and of their other ways
	names  [tables.Burst]name           // of the destinations
	read   uint64                       // keeps the compiler from leaving out what is read only to have it come
}

// take ends ways whose timers are not set.
func (l *leaving) take(t *table, all []uint32) {
	for i, at := range all {
		l.keys[i] = *t.ways.Key(at)
	}
	t.ways.HashBurst(&l.keys, &l.hashes[0], len(all))
	for i, at := range all {
		s, peer, _ := t.ways.At(at).To()
		l.names[i] = t.leads.name(s.Addr, &l.keys[i])
		l.keys[i] = *t.ways.Key(peer)
	}
	l.read += t.leads.fetch(l.names[:len(all)])
	t.ways.HashBurst(&l.keys, &l.hashes[1], len(all))
	for i, at := range all {
		t.leave(at, l.hashes[0][i], l.hashes[1][i], l.names[i])
	}
}
