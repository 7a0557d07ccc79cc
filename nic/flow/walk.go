package flow

// cold is the half of a connection's record that few packets read.
type cold struct {
	note    uint64 // a note, which workers read without the lock
	asked   uint64 // a question, in the same way
	rule    uint32
	account account // 0 where no connection is
	first   uint32  // Opening.First; of fragments the order in direction In
	second  uint32  // sequence number of the other side's SYN without ACK, when two ends open at once; 0: none; of fragments the order in direction Out
}

// Rule is the number of the rule that allowed the connection at an index, in the policy of
// Conn.Epoch.
func (t *Table) Rule(at uint32) uint32 { return t.cold.At(at).rule }

// Resumed is the Opening.Resumed of the connection at an index. The lock is held.
func (t *Table) Resumed(at uint32) bool { return t.cold.At(at).account&accountResumed != 0 }

// Walk calls fn for each connection at the n indexes beginning with from. next is the
// from of the next call, and more tells whether indexes are left that connections have
// had: a table that was never full costs what was in it. The table may change
// between two calls: a connection keeps its index for life, so each connection that stays
// is shown once. The lock is held for the whole call; fn must not keep k and c.
func (t *Table) Walk(from uint32, n int, fn func(at uint32, k *Key, c *Conn)) (next uint32, more bool) {
	if t.conns == nil {
		return from, false // closed
	}
	used := uint32(t.conns.Used())
	end := uint32(min(uint64(from)+uint64(max(n, 1)), uint64(used)))
	for at := from; at < end; at++ {
		if t.cold.At(at).account != 0 {
			fn(at, t.conns.Key(at), t.conns.At(at))
		}
	}
	return end, end < used
}
