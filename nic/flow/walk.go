package flow

// cold is the half of a connection's record that hardly a packet reads.
type cold struct {
	rule  uint32
	owner slot   // 0: no connection here
	first uint32 // Opening.First
}

// Detail is what a listing adds to a connection.
type Detail struct {
	Rule  uint32 // the rule that allowed it, in the policy of Conn.Epoch
	Owner uint64 // the instance it counts for
}

// Detail is the rest of the connection at an index.
func (t *Table) Detail(at uint32) Detail {
	c := t.cold.At(at)
	return Detail{Rule: c.rule, Owner: t.owners.name(c.owner)}
}

// Walk shows the connections among n places of the table, beginning at from,
// and returns where the next call goes on and whether there is anything left.
// Between calls the table may change: a connection keeps its place for life,
// so none that stays is missed or shown twice. fn may Remove the connection it
// is shown and must not keep k and c. The lock is held for the whole call.
func (t *Table) Walk(from uint32, n int, fn func(at uint32, k *Key, c *Conn)) (next uint32, more bool) {
	if t.conns == nil {
		return from, false // closed
	}
	end := uint32(min(uint64(from)+uint64(max(n, 1)), uint64(t.cold.Len())))
	for at := from; at < end; at++ {
		if t.cold.At(at).owner != 0 {
			fn(at, t.conns.Key(at), t.conns.At(at))
		}
	}
	return end, end < uint32(t.cold.Len())
}
