package seat

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Gate calls functions while every worker stands between two bursts. A thread that reads
// or changes memory of the workers does so in a function that it hands to Do.
//
// A worker passes the gate before each burst, and stands there while a function waits or
// runs. Do does not wait for a worker that has left, to sleep or for good; such a worker
// enters again only when no function runs. So if no worker runs, Do calls its function at
// once.
type Gate struct {
	mu      sync.Mutex // held by Do: one function at a time
	call    atomic.Pointer[call]
	workers []presence
}

// NewGate makes a gate for so many workers, none of which has entered.
func NewGate(workers int) *Gate { return &Gate{workers: make([]presence, workers)} }

// presence tells whether a worker is inside the gate, in a cache line of its own.
type presence struct {
	at atomic.Uint32
	_  [60]byte
}

const (
	away    = iota // asleep, or not running
	held           // away, and may not enter while a function waits or runs
	present        // passes the gate before each burst
)

// call is one call of Do.
type call struct {
	f    func()
	due  atomic.Int32  // how many have not come yet: present workers, and Do itself
	over atomic.Bool   // f has returned; workers spin on it
	done chan struct{} // closed then; Do waits for it
}

// Do calls f while every worker stands between two bursts, and returns when f has
// returned. The last worker to come calls f on its own thread, because the goroutine that
// called Do might wait long for a CPU. All workers stand meanwhile, so f must be short:
// prepare before Do whatever takes time.
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

// come counts a worker, or Do, that has come to the gate. The last one to come calls f.
func (g *Gate) come(c *call) {
	if c.due.Add(-1) > 0 {
		return
	}
	c.f()
	g.call.Store(nil)
	c.over.Store(true)
	close(c.done)
}

// Pass lets a function of Do run, if one waits. A worker calls Pass before each burst.
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

// patience is how often a worker at the gate looks for the end of the call before it lets
// other goroutines run: about as long as all workers need to come.
const patience = 1000

// Enter makes worker i one that Do waits for. Enter waits while a function runs.
func (g *Gate) Enter(i int) {
	for !g.workers[i].at.CompareAndSwap(away, present) {
		runtime.Gosched()
	}
}

// Leave makes worker i one that Do does not wait for. A Do that began before, and waits
// for the worker, gets its Pass from Leave.
func (g *Gate) Leave(i int) {
	for {
		g.workers[i].at.Store(away)
		if g.call.Load() == nil || !g.workers[i].at.CompareAndSwap(away, present) {
			return
		}
		g.Pass()
	}
}

// Away tells whether worker i has left the gate: it is asleep, or does not run.
func (g *Gate) Away(i int) bool { return g.workers[i].at.Load() != present }
