package seat

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Gate calls functions on the workers' threads: Call between two bursts of one worker, Do
// while every worker stands between two bursts. A thread that reads or changes memory of
// the workers does so in a function that it hands to Call or Do.
//
// A worker runs the functions, because no worker may wait for a thread that may lose its
// CPU: what takes microseconds would take milliseconds then. Only a worker has a CPU to
// itself.
//
// A worker passes the gate before each burst: it runs what was handed in, and stands there
// while a function of Do runs or another worker waits to run one. Nobody waits for a worker
// that has left, to sleep or for good; such a worker enters again only when no function of
// Do runs. If all workers sleep, the gate wakes one. If none runs at all, who asks runs
// the function.
type Gate struct {
	errands errands
	mu      sync.Mutex // held by Do: one function at a time
	stand   atomic.Pointer[stand]
	workers []presence

	staff sync.RWMutex
	wake  func(worker int) // nil: no worker runs
}

// NewGate makes a gate for so many workers, none of which runs.
func NewGate(workers int) *Gate { return &Gate{workers: make([]presence, workers)} }

// presence tells whether a worker is inside the gate, in a cache line of its own.
type presence struct {
	at atomic.Uint32
	_  [60]byte
}

const (
	away    = iota // asleep, or not running
	held           // away, and may not enter while a function of Do waits or runs
	present        // passes the gate before each burst
)

// Open tells the gate that workers run, of which wake wakes one that sleeps. Each worker
// enters soon.
func (g *Gate) Open(wake func(worker int)) {
	g.staff.Lock()
	defer g.staff.Unlock()
	g.wake = wake
}

// Close tells the gate that every worker has left for good. Close runs what they left.
func (g *Gate) Close() {
	g.staff.Lock()
	defer g.staff.Unlock()
	g.wake = nil
	g.errands.run(nobody)
}

// nobody is in place of a worker's number where no worker runs.
const nobody = -1

// Call has one worker call f between two bursts, and returns when f has returned. The
// worker's packets wait meanwhile, so f must be short, and must neither wait nor allocate
// much. Functions of several Calls may run at the same time. Where no worker runs, Call calls
// f itself, also while Do calls a function of its own.
func (g *Gate) Call(f func()) { g.send(func(int) { f() }) }

// Do calls f while every worker stands between two bursts, and returns when f has
// returned. All packets wait meanwhile, so f must be short: prepare before Do whatever
// takes time. No function of another Do runs meanwhile, and, where workers run, none of Call.
func (g *Gate) Do(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.send(func(worker int) { g.gather(worker, f) })
}

// send has one worker call f with the worker's number, or calls f with nobody's.
func (g *Gate) send(f func(worker int)) {
	if e := g.handIn(f); e != nil {
		e.wait()
	} else {
		f(nobody)
	}
}

// handIn gives a function to the workers, nil if none runs.
func (g *Gate) handIn(f func(worker int)) *errand {
	g.staff.RLock()
	defer g.staff.RUnlock()
	if g.wake == nil {
		return nil
	}
	e := &errand{f: f}
	g.errands.add(e)
	for i := range g.workers {
		if !g.Away(i) {
			return e
		}
	}
	g.wake(0)
	return e
}

// stand is one call of Do's function.
type stand struct {
	f    func()
	due  atomic.Int32 // how many have not come yet: present workers, and who gathers them
	over atomic.Bool  // f has returned; workers spin on it
}

// gather has all workers come to the gate and f run. The caller is a worker, or nobody.
func (g *Gate) gather(worker int, f func()) {
	s := &stand{f: f}
	s.due.Store(int32(len(g.workers)) + 1)
	g.stand.Store(s)
	for i := range g.workers {
		if i == worker || g.workers[i].at.CompareAndSwap(away, held) {
			s.due.Add(-1)
		}
	}
	g.come(s)
	for i := range g.workers {
		g.workers[i].at.CompareAndSwap(held, away)
	}
}

// come is for a worker that comes to the gate, and for who gathers them. The last one to
// come calls the function; the others wait for the end.
func (g *Gate) come(s *stand) {
	if s.due.Add(-1) == 0 {
		s.f()
		g.stand.Store(nil)
		s.over.Store(true)
		return
	}
	for n := 1; !s.over.Load(); n++ {
		if n%patience == 0 {
			runtime.Gosched()
		}
	}
}

// patience is how often a worker at the gate looks for the end of a stand before it lets
// other goroutines run: about as long as all workers need to come.
const patience = 1000

// Pass lets functions run, if some wait. Worker i calls Pass before each burst.
func (g *Gate) Pass(i int) {
	g.errands.run(i)
	if s := g.stand.Load(); s != nil {
		g.come(s)
	}
}

// Enter makes worker i one that Do waits for. Enter waits while a function of Do runs.
func (g *Gate) Enter(i int) {
	for !g.workers[i].at.CompareAndSwap(away, present) {
		runtime.Gosched()
	}
}

// Leave makes worker i one that nobody waits for. What was handed in before, and waits for
// the worker, gets its Pass from Leave.
func (g *Gate) Leave(i int) {
	for {
		g.workers[i].at.Store(away)
		if g.stand.Load() == nil && g.errands.none() || !g.workers[i].at.CompareAndSwap(away, present) {
			return
		}
		g.Pass(i)
	}
}

// Away tells whether worker i has left the gate: it is asleep, or does not run.
func (g *Gate) Away(i int) bool { return g.workers[i].at.Load() != present }
