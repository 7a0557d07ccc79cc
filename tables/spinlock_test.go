package tables_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/tables"
)

// Under the lock is one thread at a time, whether it came by Lock or by LockSoon.
func TestSpinlock(t *testing.T) {
	var l tables.Spinlock
	var all sync.WaitGroup
	n := 0
	for i := range 4 {
		all.Go(func() {
			for range 10_000 {
				if i%2 == 0 {
					l.Lock()
				} else {
					for !l.LockSoon() {
						runtime.Gosched()
					}
				}
				n++
				l.Unlock()
			}
		})
	}
	all.Wait()
	require.Equal(t, 40_000, n)
}

// LockSoon gives up on a lock that is held; Lock waits for the holder.
func TestSpinlockThatIsHeld(t *testing.T) {
	var l tables.Spinlock
	require.True(t, l.LockSoon())
	require.False(t, l.LockSoon(), "the holder does not give the lock back")

	var waiting, taken atomic.Bool
	var other sync.WaitGroup
	other.Go(func() {
		waiting.Store(true)
		l.Lock()
		taken.Store(true)
		l.Unlock()
	})
	for !waiting.Load() {
		runtime.Gosched()
	}
	require.False(t, taken.Load())
	l.Unlock()
	other.Wait()
	require.True(t, taken.Load())
	require.True(t, l.LockSoon())
}
