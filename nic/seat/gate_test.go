package seat

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// crew is workers that pass a gate until the test stops them. Some sleep, until they are
// woken, after each turn.
type crew struct {
	*Gate
	bell  []chan bool
	naps  func(worker int) bool
	turns []int // of each worker, which changes them without a lock
	stop  atomic.Bool
	gone  sync.WaitGroup
}

func newCrew(t *testing.T, n int, naps func(worker int) bool) *crew {
	c := &crew{Gate: NewGate(n), naps: naps, turns: make([]int, n)}
	for range n {
		c.bell = append(c.bell, make(chan bool, 1))
	}
	c.Open(c.ring)
	for i := range n {
		c.gone.Go(func() { c.work(i) })
	}
	t.Cleanup(c.end)
	return c
}

func (c *crew) ring(worker int) {
	select {
	case c.bell[worker] <- true:
	default: // it rings already
	}
}

func (c *crew) work(i int) {
	c.Enter(i)
	defer c.Leave(i)
	for !c.stop.Load() {
		c.Pass(i)
		c.turns[i]++
		if c.naps(i) {
			c.Leave(i)
			<-c.bell[i]
			c.Enter(i)
		}
		runtime.Gosched() // the test may have fewer CPUs than workers
	}
}

func (c *crew) end() {
	c.stop.Store(true)
	for i := range c.bell {
		c.ring(i)
	}
	c.gone.Wait()
	c.Close()
}

// ways are who sleeps after each turn.
var ways = map[string]func(worker int) bool{
	"all are awake":         func(int) bool { return false },
	"all sleep":             func(int) bool { return true },
	"one sleeps, one works": func(worker int) bool { return worker == 0 },
}

// Do's function sees and changes what all workers change without a lock, while none is in a
// turn; the race detector looks.
func TestAllStandWhileDoRuns(t *testing.T) {
	for name, naps := range ways {
		t.Run(name, func(t *testing.T) {
			c := newCrew(t, 2, naps)
			var askers sync.WaitGroup
			done := 0
			for range 4 {
				askers.Go(func() {
					for range 20 {
						c.Do(func() {
							done++
							for i := range c.turns {
								c.turns[i] -= 3
							}
						})
					}
				})
			}
			askers.Wait()
			require.Equal(t, 80, done)
		})
	}
}

// Ask's functions run on workers' threads between two turns: with one worker, one at a time
// and never beside a turn.
func TestOneWorkerRunsWhatItIsAsked(t *testing.T) {
	for _, sleeps := range []bool{false, true} {
		c := newCrew(t, 1, func(int) bool { return sleeps })
		var askers sync.WaitGroup
		done := 0
		for range 4 {
			askers.Go(func() {
				for range 100 {
					c.Call(func() { done++; c.turns[0]-- })
				}
			})
		}
		askers.Wait()
		require.Equal(t, 400, done)
	}
}

// Functions of both kinds are asked for at once, and each is run.
func TestDoBesideAsk(t *testing.T) {
	for name, naps := range ways {
		t.Run(name, func(t *testing.T) {
			c := newCrew(t, 2, naps)
			var askers sync.WaitGroup
			var asked atomic.Int32
			done := 0
			for range 3 {
				askers.Go(func() {
					for range 20 {
						c.Call(func() { asked.Add(1) })
						c.Do(func() { done++ })
					}
				})
			}
			askers.Wait()
			require.EqualValues(t, 60, asked.Load())
			require.Equal(t, 60, done)
		})
	}
}

// Where no worker runs, who asks runs the function himself.
func TestNobodyRunsTheFunction(t *testing.T) {
	g := NewGate(2)
	n := 0
	g.Call(func() { n++ })
	g.Do(func() { n++ })
	require.Equal(t, 2, n)
	require.True(t, g.Away(0) && g.Away(1))
	g.Enter(1)
	require.False(t, g.Away(1))
	g.Leave(1)
}

// What workers were asked for while they left for good is run all the same.
func TestWhoLeavesForGoodLeavesNothingUndone(t *testing.T) {
	for range 200 {
		c := newCrew(t, 2, func(int) bool { return false })
		var askers sync.WaitGroup
		var done atomic.Int32
		askers.Go(func() { c.Do(func() { done.Add(1) }) })
		askers.Go(func() { c.Call(func() { done.Add(1) }) })
		c.end()
		askers.Wait()
		require.EqualValues(t, 2, done.Load())
	}
}

// An asker who has lost its CPU keeps nobody waiting: workers go on until one of them runs
// the function.
func TestNoWorkerWaitsForWhoAsks(t *testing.T) {
	g := NewGate(2)
	g.Open(func(int) {})
	g.Enter(0)
	g.Enter(1)
	asked := make(chan bool)
	go func() { g.Do(func() {}); close(asked) }()
	for g.errands.none() {
	}
	require.Nil(t, g.stand.Load(), "nothing to wait for, before a worker takes it")
	var both sync.WaitGroup
	var stop atomic.Bool
	for i := range 2 {
		both.Go(func() {
			for !stop.Load() {
				g.Pass(i)
			}
			g.Leave(i)
		})
	}
	<-asked
	stop.Store(true)
	both.Wait()
}
