package nic

// work is what a worker has done so far.
type work struct {
	bursts, packets uint64
	turns, sleeps   uint64
	polling, busy   int64 // ns since it began, sleep left out; and of those, in turns that brought frames
	gaps            Gaps
	last            int64 // when its last turn began; 0: it slept since
	idle            bool  // the last turn brought no frames
}

// turn notes that a turn begins now.
func (w *work) turn(now int64) {
	if w.last != 0 {
		gap := now - w.last
		w.gaps.Add(gap)
		w.polling += gap
		if !w.idle {
			w.busy += gap
		}
	}
	w.last = now
	w.turns++
}

// slept notes that the worker was asleep: the time until its next turn is no
// gap.
func (w *work) slept() {
	w.sleeps++
	w.last = 0
}

// WorkerView is what one worker has done since the card runs.
type WorkerView struct {
	Worker  int      `json:"worker"`
	CPU     int      `json:"cpu"`   // that it is pinned to, -1 if to none
	Ports   []string `json:"ports"` // that it receives from, "uplink" or the ENI's ID
	Turns   uint64   `json:"turns"` // over its ports
	Bursts  uint64   `json:"bursts"`
	Packets uint64   `json:"packets"`
	Sleeps  uint64   `json:"sleeps"`

	PacketsPerBurst float64 `json:"packets_per_burst"`
	Busy            float64 `json:"busy"` // share of its time awake in turns that brought frames
	Gaps            GapView `json:"burst_gap_us"`
}

// Workers tells what each worker has done.
func (c *Card) Workers() []WorkerView {
	done := make([]work, len(c.workers))
	c.gate.do(func() {
		for i, w := range c.workers {
			done[i] = w.work
		}
	})
	v := c.view.Load()
	views := make([]WorkerView, len(done))
	for i := range done {
		views[i] = done[i].view()
		views[i].Worker, views[i].CPU, views[i].Ports = i, int(c.workers[i].cpu.Load()), []string{}
		for at := range v.parts[i].polls { // whose worker is at work
			views[i].Ports = append(views[i].Ports, v.parts[i].polls[at].label.name)
		}
	}
	return views
}

func (w *work) view() WorkerView {
	v := WorkerView{Turns: w.turns, Bursts: w.bursts, Packets: w.packets, Sleeps: w.sleeps, Gaps: w.gaps.View()}
	if w.bursts > 0 {
		v.PacketsPerBurst = float64(w.packets) / float64(w.bursts)
	}
	if w.polling > 0 {
		v.Busy = float64(w.busy) / float64(w.polling)
	}
	return v
}
