package flow

import "nitrocard/tables"

// held is how many connections an owner holds.
type held struct{ tracked, cached uint32 }

// account says which owner a connection counts for, as tracked or cached, whether the
// connection was Opening.Resumed, and when it began (born). A live connection's account is never 0.
//
//	31     30       29        28    16 15                   0
//	+------+--------+---------+-------+--------------------+
//	| live | cached | resumed | birth | index of the owner |
//	+------+--------+---------+-------+--------------------+
type account uint32

const (
	accountLive    account = 1 << 31
	accountCached  account = 1 << 30 // set by the first packet's flags; a new policy's flags change no account
	accountResumed account = 1 << 29
	accountOwner   account = maxOwners - 1

	accountPast = accountResumed | accountBirth // what no new charge changes
)

// owners counts connections by instance. An owner is in the table as long as it has a
// connection, so a connection can name its owner by a 16-bit index in place of a
// 64-bit number.
type owners struct {
	table *tables.Cuckoo[uint64, held]
	hint  [256]uint32 // the index of the last owner found, by its low bits: most openings need no look-up
}

func newOwners(n int, seed uint64) (o owners, err error) {
	o.table, err = tables.New[uint64, held](n, seed)
	return o, err
}

func (w *owners) close() {
	if w.table != nil {
		w.table.Close()
	}
}

// find is the index of an owner; ok is false if the owner has no connection. An index in use has counts that are not zero, so find
// can tell a right hint from an old one.
func (w *owners) find(id uint64) (at uint32, ok bool) {
	hint := &w.hint[id%uint64(len(w.hint))]
	if *w.table.Key(*hint) == id && *w.table.At(*hint) != (held{}) {
		return *hint, true
	}
	if at, ok = w.table.Lookup(&id); ok {
		*hint = at
	}
	return at, ok
}

// charge counts one more connection for o's owner if the owner's allowance has room.
func (w *owners) charge(o *Opening) (account, OpenError) {
	s, refusal := accountLive, AllowanceExceeded
	if o.Found.Flags&FlagUntracked != 0 || o.Key.IsFragment() {
		s, refusal = accountLive|accountCached, NotCached
	}
	if o.Resumed {
		s |= accountResumed
	}
	s = s.born(o.Now, 0)
	id := o.Owner
	at, known := w.find(id)
	if known {
		s |= account(at)
		if n := w.counter(s); *n < o.Limit {
			*n++
			return s, Opened
		}
		return 0, refusal
	}
	if o.Limit == 0 {
		return 0, refusal
	}
	at, err := w.table.Insert(id, held{})
	if err != nil {
		return 0, TableFull
	}
	s |= account(at)
	*w.counter(s) = 1
	return s, Opened
}

// refund takes a connection off its owner's count.
func (w *owners) refund(s account) {
	*w.counter(s)--
	at := uint32(s & accountOwner)
	if *w.table.At(at) == (held{}) {
		w.table.Remove(*w.table.Key(at))
	}
}

func (w *owners) counter(s account) *uint32 {
	n := w.table.At(uint32(s & accountOwner))
	if s&accountCached != 0 {
		return &n.cached
	}
	return &n.tracked
}

// Count is how many tracked and how many cached connections an owner has.
func (t *Table) Count(owner uint64) (tracked, cached int) {
	if t.owners.table == nil {
		return 0, 0 // closed
	}
	at, ok := t.owners.find(owner)
	if !ok {
		return 0, 0
	}
	n := t.owners.table.At(at)
	return int(n.tracked), int(n.cached)
}
