package flow

// cold is the half of a connection's record that hardly a packet reads.
type cold struct {
	rule    uint32
	account account // 0: no connection here
	first   uint32  // Opening.First
}

// Rule is the rule that allowed the connection at an index, in the policy of Conn.Epoch.
func (t *Table) Rule(at uint32) uint32 { return t.cold.At(at).rule }

// Walk shows the connections among n places of the table, beginning at from,
// and returns where the next call goes on and whether there is anything left.
// Between calls the table may change: a connection keeps its place for life,
// so none that stays is missed or shown twice. fn must not keep k and c. The lock is held for the whole call.
func (t *Table) Walk(from uint32, n int, fn func(at uint32, k *Key, c *Conn)) (next uint32, more bool) {
	if t.conns == nil {
		return from, false // closed
	}
	end := uint32(min(uint64(from)+uint64(max(n, 1)), uint64(t.cold.Len())))
	for at := from; at < end; at++ {
		if t.cold.At(at).account != 0 {
			fn(at, t.conns.Key(at), t.conns.At(at))
		}
	}
	return end, end < uint32(t.cold.Len())
}
