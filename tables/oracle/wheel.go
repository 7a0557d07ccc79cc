package oracle

import "slices"

// Wheel is the twin of tables.Wheel: a list of timers, sorted by tick; those of one tick in the order they were set.
type Wheel struct {
	Slots uint64
	Tick  uint64 // being fired, or fired last
	list  []timer
}

type timer struct {
	entry uint32
	tick  uint64
}

// Set makes entry i fire at tick, or as near to it as the wheel reaches.
func (w *Wheel) Set(i uint32, tick uint64) {
	w.Cancel(i)
	tick = min(max(tick, w.Tick+1), w.Tick+w.Slots-1)
	after := slices.IndexFunc(w.list, func(t timer) bool { return t.tick > tick })
	if after < 0 {
		after = len(w.list)
	}
	w.list = slices.Insert(w.list, after, timer{i, tick})
}

// Cancel takes the timer of entry i away.
func (w *Wheel) Cancel(i uint32) {
	w.list = slices.DeleteFunc(w.list, func(t timer) bool { return t.entry == i })
}

// Len returns the number of timers.
func (w *Wheel) Len() int { return len(w.list) }

// Advance fires the timers due at or before now, at most budget of them, and says whether none is left.
func (w *Wheel) Advance(now uint64, budget int, fire func(i uint32)) (done bool) {
	for len(w.list) > 0 && w.list[0].tick <= now {
		t := w.list[0]
		w.Tick = t.tick
		if budget == 0 {
			return false
		}
		budget--
		w.list = w.list[1:]
		fire(t.entry)
	}
	w.Tick = max(w.Tick, now)
	return true
}
