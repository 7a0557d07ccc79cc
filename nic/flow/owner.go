package flow

import "nitrocard/tables"

// share is what an owner holds of the table.
type held struct{ tracked, cached uint32 }

// slot says which owner a connection counts for, and as what. It is never 0
// for a live connection.
type account uint32

const (
	accountLive   account = 1 << 31 // set in every live connection
	accountCached account = 1 << 30 // counted as cached, whatever its flags say today
	accountOwner  account = accountCached - 1
)

// owners counts connections by instance. An owner is in the table as long as
// it has any, so that a connection can hold its place instead of its number.
type owners struct {
	table *tables.Cuckoo[uint64, held]
	hint  [256]uint32 // where an owner was found last, by its low bits: most openings need no lookup
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

// find is where an owner's share is. Only a place in use has a share that is
// not zero, so a hint is either right or known to be old.
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

// take counts one more connection for o's owner, if its allowance has room.
func (w *owners) take(o *Opening) (account, OpenError) {
	s, refusal := accountLive, AllowanceExceeded
	if o.Found.Flags&FlagUntracked != 0 || o.Key.IsFragment() {
		s, refusal = accountLive|accountCached, NotCached
	}
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

// give takes a connection off its owner's count.
func (w *owners) give(s account) {
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

// Count is how many connections an owner has: tracked ones, which its
// allowance bounds, and cached ones.
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
