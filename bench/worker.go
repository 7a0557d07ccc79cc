package bench

import (
	"runtime"
	"sync/atomic"
	"time"

	"nitrocard/nic"
	"nitrocard/pmd"
)

// worker turns a rig on a thread of its own until it is stopped or its time is
// over. What it counted may be read when done is closed.
type worker struct {
	rig     *rig
	start   int64 // on the rig's clock, which stands still between two workers
	end     int64 // the same
	period  int64 // from one sample to the next; 0: none are taken
	cpu     int   // to pin the thread to; -1: to none
	stop    atomic.Bool
	done    chan struct{}
	samples chan Sample            // the first worker's, for who tells rates; one that is not fetched is left out
	latest  atomic.Pointer[Sample] // the others', for the first
	others  []*worker              // the first worker has

	first, last Sample
	gaps        nic.Gaps
}

// Sample is what a worker had done at some moment.
type Sample struct {
	Wall, CPU time.Duration // since the worker's start
	Process   time.Duration // CPU time of all threads since the process began
	Total     pmd.Stats     // of the rig's ports
}

// forever is an end that no clock reaches.
const forever = 1<<63 - 1

// newWorkers start on rigs, each on a CPU of its own if there are several.
// Their clock begins at from.
func newWorkers(rigs []*rig, o *Options, from int64) (all []*worker) {
	cpus := nic.CPUs(len(rigs))
	for i, r := range rigs {
		w := &worker{rig: r, start: from, end: forever, period: int64(o.Period), cpu: -1, done: make(chan struct{}), samples: make(chan Sample, 1)}
		if o.Duration > 0 {
			w.end = from + int64(o.Duration)
		}
		if cpus != nil {
			w.cpu = cpus[i]
		}
		all = append(all, w)
	}
	all[0].others = all[1:]
	for _, w := range all {
		go w.run()
	}
	return all
}

// run is the worker's thread.
func (w *worker) run() {
	defer close(w.done)
	defer close(w.samples)
	runtime.LockOSThread() // and never unlocked: the thread ends with its time
	if w.cpu >= 0 {
		nic.Pin(w.cpu) // where it cannot be, the kernel finds another
	}
	for _, p := range w.rig.ports {
		if t, ok := p.Port.(pmd.ThreadBound); ok && t.BindThread() == nil {
			defer t.UnbindThread()
		}
	}
	zero, cpu := time.Now(), threadTime()
	clock := func() int64 { return w.start + int64(time.Since(zero)) }
	w.first = w.sample(w.start, cpu)
	w.loop(clock, cpu)
	w.last = w.sample(clock(), cpu)
}

// loop is what is measured.
func (w *worker) loop(clock func() int64, cpu time.Duration) {
	now := w.start
	due := w.due(now)
	for !w.stop.Load() {
		w.rig.turn(now)
		last := now
		now = clock()
		w.gaps.Add(now - last)
		if now < due {
			continue
		}
		if now >= w.end {
			return
		}
		w.tell(w.sample(now, cpu))
		due = w.due(now)
	}
}

// due is when the loop must look up next.
func (w *worker) due(now int64) int64 {
	if w.period == 0 {
		return w.end
	}
	return min(w.end, now+w.period)
}

// sample is what was done at the time now by a thread that had used so much
// CPU time before it began.
func (w *worker) sample(now int64, cpu time.Duration) Sample {
	s := Sample{Wall: time.Duration(now - w.start), CPU: threadTime() - cpu, Process: processTime()}
	for _, p := range w.rig.ports {
		s.Total = s.Total.Plus(p.Stats(), 1)
	}
	return s
}

// and adds what another core had done.
func (s Sample) and(other *Sample) Sample {
	s.CPU += other.CPU
	s.Total = s.Total.Plus(other.Total, 1)
	return s
}

// tell hands out a sample of all cores, or leaves it out if the one before was
// not fetched.
func (w *worker) tell(s Sample) {
	w.latest.Store(&s)
	for _, o := range w.others {
		if latest := o.latest.Load(); latest != nil {
			s = s.and(latest)
		}
	}
	select {
	case w.samples <- s:
	default:
	}
}
