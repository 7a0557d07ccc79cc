package seat

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Gate lets others in while every worker stands between two bursts. Whoever
// wants to see or change what belongs to workers goes through Do.
//
// A worker passes the gate before each burst, and stands there while someone
// is in. One that leaves, to sleep or for good, is not waited for: it comes
// back only when nobody is in. So where no worker runs, Do calls f at once.
type Gate struct {
	mu      sync.Mutex // one at a time gets in
	call    atomic.Pointer[call]
	workers []presence
}

// NewGate is for so many workers, none of which has entered.
func NewGate(workers int) *Gate { return &Gate{workers: make([]presence, workers)} }

// presence is where a worker is, on a cache line of its own.
type presence struct {
	at atomic.Uint32
	_  [60]byte
}

const (
	away    = iota // asleep, or not running
	held           // away, and may not come back while someone is in
	present        // passes the gate now and then
)

// call is someone who wants in.
type call struct {
	f    func()
	due  atomic.Int32 // who has not come yet: workers, and the caller
	over atomic.Bool
	done chan struct{}
}

// Do calls f while every worker stands between two bursts, and returns when it
// is done. The last worker to come calls it, on its own thread, for a
// goroutine that waits might wait long for a CPU; f must be short, and what it
// needs made before.
func (g *Gate) Do(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := &call{f: f, done: make(chan struct{})}
	c.due.Store(int32(len(g.workers)) + 1)
	g.call.Store(c)
	for i := range g.workers {
		if g.workers[i].at.CompareAndSwap(away, held) {
			c.due.Add(-1)
		}
	}
	g.come(c)
	<-c.done
	for i := range g.workers {
		g.workers[i].at.CompareAndSwap(held, away)
	}
}

// come counts one who has come. The last one calls f.
func (g *Gate) come(c *call) {
	if c.due.Add(-1) > 0 {
		return
	}
	c.f()
	g.call.Store(nil)
	c.over.Store(true)
	close(c.done)
}

// Pass is called by a worker before each burst.
func (g *Gate) Pass() {
	if c := g.call.Load(); c != nil {
		g.come(c)
		for n := 1; !c.over.Load(); n++ {
			if n%patience == 0 {
				runtime.Gosched()
			}
		}
	}
}

// patience is how often a worker at the gate looks before it gives others its
// thread: about as long as all workers need to come.
const patience = 1000

// Enter makes worker i one that is waited for.
func (g *Gate) Enter(i int) {
	for !g.workers[i].at.CompareAndSwap(away, present) {
		runtime.Gosched()
	}
}

// Leave makes worker i one that is not waited for. Who counted on it before it left is not let
// down.
func (g *Gate) Leave(i int) {
	for {
		g.workers[i].at.Store(away)
		if g.call.Load() == nil || !g.workers[i].at.CompareAndSwap(away, present) {
			return
		}
		g.Pass()
	}
}

// Away tells whether worker i is not waited for: asleep, or not running.
func (g *Gate) Away(i int) bool { return g.workers[i].at.Load() != present }
