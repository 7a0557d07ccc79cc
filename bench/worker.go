package bench

import (
	"sync/atomic"
	"time"

	"nitrocard/nic/seat"
	"nitrocard/pmd"
)

// worker turns a rig on a thread of its own until it is stopped or its time is
// over. What it counted may be read when done is closed.
type worker struct {
	rig    *rig
	start  int64 // on the rig's clock, which stands still between two workers
	end    int64 // the same
	period int64 // from one sample to the next; 0: none are taken
	seat   *seat.Seat
	tally  *tally
	stop   atomic.Bool
	done   chan struct{}

	first, last Sample
	gaps        seat.Gaps
}

// Sample is what a worker had done at some moment.
type Sample struct {
	Wall, CPU time.Duration // since the worker's start
	Process   time.Duration // CPU time of all threads since the process began
	Total     pmd.Stats     // of the rig's ports
}

// forever is an end that no clock reaches.
const forever = 1<<63 - 1

// newWorkers start on rigs, each on its seat. Their clock begins at from.
func newWorkers(rigs []*rig, seats *seat.Seats, o *Options, from int64) (all []*worker) {
	tally := newTally(len(rigs))
	for i, r := range rigs {
		w := &worker{rig: r, start: from, end: forever, period: int64(o.Period), seat: seats.Of(i), tally: tally, done: make(chan struct{})}
		if o.Duration > 0 {
			w.end = from + int64(o.Duration)
		}
		all = append(all, w)
	}
	for _, w := range all {
		go w.run()
	}
	return all
}

// run is the worker's thread.
func (w *worker) run() {
	defer close(w.done)
	defer w.tally.end()
	w.seat.Sit()
	defer w.seat.Leave()
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
		w.tally.add((now-w.start)/w.period, w.sample(now, cpu))
		due = w.due(now)
	}
}

// due is when the loop must look up next: when a period ends, all workers'
// alike.
func (w *worker) due(now int64) int64 {
	if w.period == 0 {
		return w.end
	}
	return min(w.end, now+w.period-(now-w.start)%w.period)
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
	s.Wall = max(s.Wall, other.Wall)
	s.CPU += other.CPU
	s.Process = max(s.Process, other.Process)
	s.Total = s.Total.Plus(other.Total, 1)
	return s
}
