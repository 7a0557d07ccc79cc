package nic

import (
	"time"

	"nitrocard/nic/seat"
)

// load is how much a worker's thread has had to do so far. Times are in ns.
type load struct {
	turns, sleeps uint64
	polling       int64 // time awake
	busy          int64 // time awake in turns that brought frames
	gaps          seat.Gaps
	last          int64 // when the last turn began; 0: the thread slept since
	idle          bool  // the last turn brought no frames
	crowded       int64 // until when the thread's CPU counts as shared
}

// An idle turn takes less than a microsecond. If it took away, another thread ran on the CPU
// meanwhile, and the CPU counts as shared for as long as crowd.
const away, crowd = int64(50 * time.Microsecond), int64(100 * time.Millisecond)

// turn notes that a turn begins now.
func (l *load) turn(now int64) {
	if l.last != 0 {
		gap := now - l.last
		l.gaps.Add(gap)
		l.polling += gap
		if !l.idle {
			l.busy += gap
		} else if gap > away {
			l.crowded = now + crowd
		}
	}
	l.last = now
	l.turns++
}

// slept notes that the thread was asleep, so that the time until the next turn counts as
// no gap.
func (l *load) slept() {
	l.sleeps++
	l.last = 0
}

// WorkerView is what one worker has done since the card began to run.
type WorkerView struct {
	Worker  int      `json:"worker"`
	CPU     int      `json:"cpu"`   // that the thread is pinned to, -1 if to none
	Ports   []string `json:"ports"` // that the worker receives from, "uplink" or the ENI's ID
	Turns   uint64   `json:"turns"` // over the ports
	Bursts  uint64   `json:"bursts"`
	Packets uint64   `json:"packets"`
	Sleeps  uint64   `json:"sleeps"`

	PacketsPerBurst float64      `json:"packets_per_burst"`
	Busy            float64      `json:"busy"` // part of the time awake in turns that brought frames, 0 to 1
	Gaps            seat.GapView `json:"burst_gap_us"`
}

// Workers tells what each worker has done.
func (c *Card) Workers() []WorkerView {
	loads, views := make([]load, len(c.threads)), make([]WorkerView, len(c.threads))
	c.gate.Do(func() {
		for i, t := range c.threads {
			loads[i], views[i].Bursts, views[i].Packets = t.load, t.Bursts, t.Packets
		}
	})
	for i := range views {
		v := &views[i]
		v.Worker, v.CPU, v.Ports = i, int(c.threads[i].cpu.Load()), []string{}
		for q := range c.crew.Setup().Polled(i) {
			v.Ports = append(v.Ports, q.Name())
		}
		v.add(&loads[i])
	}
	return views
}

// add adds a thread's load to v.
func (v *WorkerView) add(l *load) {
	v.Turns, v.Sleeps, v.Gaps = l.turns, l.sleeps, l.gaps.View()
	if v.Bursts > 0 {
		v.PacketsPerBurst = float64(v.Packets) / float64(v.Bursts)
	}
	if l.polling > 0 {
		v.Busy = float64(l.busy) / float64(l.polling)
	}
}
