package seat

import (
	"runtime"
	"sync/atomic"
	"time"
)

// errand is a function that one worker calls.
type errand struct {
	f    func(worker int)
	over atomic.Bool // f has returned
	next *errand
}

// errands are those that no worker has taken yet, the last one first.
type errands struct{ last atomic.Pointer[errand] }

// none tells whether there are none.
func (l *errands) none() bool { return l.last.Load() == nil }

// add adds an errand.
func (l *errands) add(e *errand) {
	for {
		e.next = l.last.Load()
		if l.last.CompareAndSwap(e.next, e) {
			return
		}
	}
}

// run runs all errands as a worker.
func (l *errands) run(worker int) {
	if l.none() {
		return
	}
	for e := l.last.Swap(nil); e != nil; {
		next := e.next // read before over is set: then the errand is its asker's again
		e.f(worker)
		e.over.Store(true)
		e = next
	}
}

// An errand takes about as long as a worker's burst. So who waits looks often at first, and
// then, because the worker sleeps or has lost its CPU, every now and then.
const (
	looks   = 100
	lookFor = 50 * time.Microsecond
)

// wait waits until the errand is over. The worker need not wake up who waits: that would
// be a system call of the worker's.
func (e *errand) wait() {
	for n := 0; !e.over.Load(); n++ {
		if n < looks {
			runtime.Gosched()
		} else {
			time.Sleep(lookFor)
		}
	}
}
