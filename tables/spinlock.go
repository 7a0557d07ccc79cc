package tables

import (
	"runtime"
	"sync/atomic"
)

// Spinlock guards what a few threads change now and then, each for less time than it takes to put a thread to sleep. The zero
// value is unlocked. Waiting threads have no order. A thread that holds the lock must not block and should not allocate,
// because the collector could stop it.
type Spinlock struct{ held atomic.Uint32 }

// spins is how often a thread looks at a held lock before it lets another goroutine run: a few microseconds, as long as a
// lock is held.
const spins = 1000

// Lock takes the lock.
func (l *Spinlock) Lock() {
	if !l.held.CompareAndSwap(0, 1) {
		l.wait()
	}
}

// LockSoon takes the lock and returns true, or returns false if the lock stays held for longer than a holder needs. The
// holder has then lost its CPU, perhaps for milliseconds, and a caller with work that can wait goes on without the lock.
func (l *Spinlock) LockSoon() bool { return l.held.CompareAndSwap(0, 1) || l.look() }

// wait takes the lock, however long that lasts.
func (l *Spinlock) wait() {
	for !l.look() {
		runtime.Gosched()
	}
}

// look tries to take the lock for as long as a holder needs it. While the lock is held look only reads, so the cache line
// stays with the holder.
func (l *Spinlock) look() bool {
	for range spins {
		if l.held.Load() == 0 && l.held.CompareAndSwap(0, 1) {
			return true
		}
	}
	return false
}

// Unlock gives the lock back.
func (l *Spinlock) Unlock() { l.held.Store(0) }
