//go:build race

package bench

import "sync/atomic"

// tallied is the same for the race detector, which need not look at it.
type tallied uint64

func (c *tallied) add(n int) { atomic.AddUint64((*uint64)(c), uint64(n)) }

func (c *tallied) load() uint64 { return atomic.LoadUint64((*uint64)(c)) }
