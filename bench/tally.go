package bench

import (
	"sync"
	"time"
)

// tally adds up what several cores had done at the same moment, for who tells
// rates. They get there one after the other, so it waits for the last: rates
// of some cores would look like half the rate.
type tally struct {
	mu      sync.Mutex
	cores   int // that have not ended
	all     int
	moments map[int64]*moment // by period
	samples chan Sample       // one that is not fetched before the next is left out
}

// moment is the end of a period, as told by some of the cores. One that does not
// run just then tells it later, so the moment is the mean of all.
type moment struct {
	sum  Sample
	wall time.Duration // of all that told
	told int
}

func newTally(cores int) *tally {
	return &tally{cores: cores, all: cores, moments: map[int64]*moment{}, samples: make(chan Sample, 1)}
}

// add adds one core's sample at the end of a period. A moment that some core
// missed is never whole, and is forgotten when a later one is.
func (t *tally) add(period int64, s Sample) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.moments[period]
	if m == nil {
		m = &moment{}
		t.moments[period] = m
	}
	m.sum = m.sum.and(&s)
	m.wall += s.Wall
	if m.told++; m.told < t.all {
		return
	}
	m.sum.Wall = m.wall / time.Duration(t.all)
	for p := range t.moments {
		if p <= period {
			delete(t.moments, p)
		}
	}
	select {
	case t.samples <- m.sum:
	default:
	}
}

// end is a core's last word. No samples come after that of the last core.
func (t *tally) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cores--; t.cores == 0 {
		close(t.samples)
	}
}
