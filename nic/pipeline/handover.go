package pipeline

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// When an ENI goes to another card its tracked connections go along, as records: the card that it left
// writes them (Departed), and the card where it is takes them (Resume). What a card takes may be a
// forgery of the other card, so it gives no more than the configuration does: the ENI's groups must
// allow each connection's first packet under the rules in force, in the direction in which the record
// says that it went. Such a packet from the guest is nothing new to forge, because that card
// was the guest's way out until then. A connection whose rule was removed since it began stays behind.
//
// For a moment the ENI is here and its records are not. A packet that belongs to a connection for all
// the card can tell, and that the groups deny without it, waits meanwhile, as early fragments do.
//
// The connections of a NAT gateway stay behind. Flows that are not tracked need no record.

// How many connections of one ENI go along, and the bytes of their records.
const (
	mostRecords     = 1 << 16
	MostRecordBytes = mostRecords * flow.RecordLen
)

// recordsWait is how long packets wait for the records of an ENI that came. A tick of package flow and
// the way over the controller fit in several times.
const recordsWait = time.Second

// newcomer is that an ENI came to the card while it ran.
type newcomer struct {
	until int64       // in ns since 1970; its packets wait for no longer
	over  atomic.Bool // its records came
}

// newcomersOf are those of a setup's guests that came after the setup before, at the time now. They are
// no part of guest, of which each packet reads.
func newcomersOf(guests []guest, before *Setup, now int64) []*newcomer {
	all := make([]*newcomer, len(guests))
	if before.Policy == nil {
		return all
	}
	copy(all, before.newcomers)
	for i := range guests {
		switch {
		case guests[i].eni == nil:
			all[i] = nil
		case before.guest(uint32(i)) == nil:
			all[i] = &newcomer{until: now + int64(recordsWait)}
		}
	}
	return all
}

// awaited tells whether a packet that the groups deny is to wait for the records of its ENI.
func (w *Worker) awaited(p *packet) bool {
	n := w.setup.newcomers[p.guest.number]
	return n != nil && n.lasts(w.now) && !p.begins() && p.Frag != wire.LaterFragment
}

// lasts tells whether records are still to come.
func (n *newcomer) lasts(now int64) bool { return now < n.until && !n.over.Load() }

// Departed are the records of the ENIs that left the card, by ID, each ENI once.
func (c *Crew) Departed() map[string][]byte {
	left, ids := map[uint32][]byte{}, map[uint32]string{}
	for i := range c.Setup().departed.gone {
		if g := &c.Setup().departed.gone[i]; !g.handed.Swap(true) {
			left[g.number], ids[g.number] = []byte{}, g.id
		}
	}
	if len(left) == 0 {
		return nil
	}
	now, from := flow.TickOf(c.Now()), uint32(0)
	seen := make([]flow.Record, 0, Chunk)
	numbers := make([]uint32, 0, Chunk)
	for more := true; more; {
		seen, numbers = seen[:0], numbers[:0]
		c.inChunk(func() {
			from, more = c.Flows.Walk(from, Chunk, func(at uint32, k *flow.Key, _ *flow.Conn) {
				if _, goes := left[k.ENI()]; !goes {
					return
				}
				if r, ok := c.Flows.Record(at, now); ok {
					seen, numbers = append(seen, r), append(numbers, k.ENI())
				}
			})
		})
		for i := range seen {
			if n := numbers[i]; len(left[n]) < MostRecordBytes {
				left[n] = seen[i].Append(left[n])
			}
		}
	}
	all := map[string][]byte{}
	for number, records := range left {
		all[ids[number]] = records
	}
	return all
}

// otherVersion says what people can do about records that cannot be read, for their layout has no number of a version.
const otherVersion = "; if cards and controllers are of different versions, update them: until then connections do not go along with an ENI"

// ReadRecords reads records of one ENI, all or none.
func ReadRecords(data []byte) ([]flow.Record, error) {
	if len(data)%flow.RecordLen != 0 || len(data) > MostRecordBytes {
		return nil, fmt.Errorf("records of connections: %d bytes; a multiple of %d is expected, %d at most%s", len(data), flow.RecordLen, MostRecordBytes, otherVersion)
	}
	all := make([]flow.Record, len(data)/flow.RecordLen)
	for i := range all {
		var err error
		if all[i], err = flow.ReadRecord(data[i*flow.RecordLen : (i+1)*flow.RecordLen]); err != nil {
			return nil, fmt.Errorf("records of connections: record %d: %w%s", i+1, err, otherVersion)
		}
	}
	return all, nil
}

// Resume takes the records of an ENI that came, and tells how many connections go on. No setup may be
// adopted meanwhile.
func (c *Crew) Resume(eni string, data []byte) (taken int, err error) {
	records, err := ReadRecords(data)
	if err != nil {
		return 0, err
	}
	s := c.Setup()
	own := s.Policy.ENI(eni)
	if own == nil {
		return 0, errors.New("records of connections: the ENI is not here")
	}
	g := s.guest(own.Number)
	for len(records) > 0 {
		n := min(len(records), Chunk)
		c.inChunk(func() {
			for i := range records[:n] {
				if c.resume(g, &records[i], s.Policy) {
					taken++
				}
			}
		})
		records = records[n:]
	}
	if n := s.newcomers[own.Number]; n != nil {
		n.over.Store(true)
	}
	return taken, nil
}

// resume takes one record, if the ENI may have the connection. The connection table's lock is held.
func (c *Crew) resume(g *guest, r *flow.Record, policy *vpc.Policy) bool {
	if !g.eni.Passes(r.Pair.Local) || martian(r.Pair.Remote) {
		return false
	}
	m := g.eni.Match(queryOf(r))
	if !m.Allowed {
		return false
	}
	rule := c.rules.number(policy, m.Rule)
	return c.Flows.Resume(r, &flow.Opening{
		Key: r.Key(c.Flows, g.number), Rule: rule, Owner: g.owner, Limit: g.limit, Now: flow.TickOf(c.Now()),
		Found: flow.Found{Epoch: policy.Epoch},
	}) == flow.Opened
}

// queryOf is the question to the groups about the first packet of a record's connection.
func queryOf(r *flow.Record) vpc.Query {
	q := vpc.Query{Remote: r.Pair.Remote, Port: r.LocalPort, Proto: r.Proto, Dir: r.Initiator()}
	switch {
	case r.IsQuery():
		q.Port = uint16(r.QueryType())<<8 | uint16(uint8(r.First))
	case q.Dir == wire.Out:
		q.Port = r.RemotePort
	}
	return q
}

// inChunk is inChunks once. Workers turn over their ports before the next call.
func (c *Crew) inChunk(f func()) { c.inChunks(func() bool { f(); return false }) }
