package tables

import (
	"runtime"
	"sync/atomic"
)

// Spinlock is for what a few threads change now and then, each for less time than it takes to put one to sleep. Unlocked is its zero
// value. Nobody waits in line: who holds it must not block, nor allocate more than it must.
type Spinlock struct{ held atomic.Uint32 }

// spins is how often a lock is looked at before others get the thread: a few microseconds, as long as a lock is held.
const spins = 1000

// Lock takes the lock.
func (l *Spinlock) Lock() {
	if !l.held.CompareAndSwap(0, 1) {
		l.wait()
	}
}

// LockSoon is Lock for what can wait as well. It is false if the lock is held for longer than it should be: its holder has lost its CPU,
// and may not get one for milliseconds.
func (l *Spinlock) LockSoon() bool { return l.held.CompareAndSwap(0, 1) || l.look() }

// wait looks until the lock is free.
func (l *Spinlock) wait() {
	for !l.look() {
		runtime.Gosched()
	}
}

// look tries for as long as a lock is held, and reads only meanwhile: its holder keeps the cache line.
func (l *Spinlock) look() bool {
	for range spins {
		if l.held.Load() == 0 && l.held.CompareAndSwap(0, 1) {
			return true
		}
	}
	return false
}

// Unlock gives it back.
func (l *Spinlock) Unlock() { l.held.Store(0) }
