//go:build !race

package bench

import "sync/atomic"

// tallied is a count of one thread, which others read at any time. Its store is
// plain: an atomic one costs twenty cycles, of a packet that takes a hundred.
type tallied uint64

func (c *tallied) add(n int) { *c += tallied(n) }

func (c *tallied) load() uint64 { return atomic.LoadUint64((*uint64)(c)) }
