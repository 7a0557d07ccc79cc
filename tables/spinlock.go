package tables

import (
	"runtime"
	"sync/atomic"
)

// Spinlock is for what a few threads change now and then, each for less time than it takes to put one to sleep. Unlocked is its zero
// value. Nobody waits in line: who holds it must not block, nor allocate more than it must.
type Spinlock struct{ held atomic.Uint32 }

// spins is how often Lock looks before it gives others the thread: a few microseconds, as long as a lock is held.
const spins = 1000

// Lock takes the lock.
func (l *Spinlock) Lock() {
	if !l.held.CompareAndSwap(0, 1) {
		l.wait()
	}
}

// wait looks until the lock is free, and reads only meanwhile: its holder keeps the cache line.
func (l *Spinlock) wait() {
	for n := 1; ; n++ {
		if l.held.Load() == 0 && l.held.CompareAndSwap(0, 1) {
			return
		}
		if n%spins == 0 {
			runtime.Gosched()
		}
	}
}

// Unlock gives it back.
func (l *Spinlock) Unlock() { l.held.Store(0) }
