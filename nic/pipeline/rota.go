package pipeline

// A worker looks at some of its queues in each turn: at the uplink and those that
// brought frames of late, which are awake, and at the next few of the others. So
// a turn costs what there is to do, and not what the card has: a thousand guests
// that are silent would take 20 µs of each.
//
// A queue that is not awake waits for at most as many turns as there are
// queues, divided by glances: one turn where a worker has 16, and with 1,000
// beside an uplink that is never empty 63, which is 0.2 ms. A worker that has
// nothing to do looks at all of them before it sleeps.
const (
	glances   = 16 // queues that are looked at in each turn beside those awake
	wakefuls  = 64 // turns without a frame after which a queue is awake no more
	notAwake  = -1
	justAwake = 0
)

// polled is a queue that a worker receives from.
type polled struct {
	*Queue
	guest *guest // behind it; nil: the underlay
	empty int    // turns in a row without a frame; notAwake: it is not in rota.awake
}

// rota is which queues a worker looks at.
type rota struct {
	polls []polled // the uplink's first
	awake []int32  // of polls
	next  int      // of polls, to be looked at next
}

// add makes q one that the worker receives from, if it does. The uplink is
// always awake.
func (r *rota) add(q *Queue, g *guest) {
	if !q.polled {
		return
	}
	p := polled{q, g, notAwake}
	if g == nil {
		p.empty = justAwake
		r.awake = append(r.awake, int32(len(r.polls)))
	}
	r.polls = append(r.polls, p)
}

// turn takes one burst from each queue that is awake, and from the next few of
// the others, and returns how many frames it took.
func (w *Worker) turn() (n int) {
	r := &w.rota
	for i := 0; i < len(r.awake); {
		p := &r.polls[r.awake[i]]
		if took := w.take(p); took > 0 {
			p.empty = justAwake
			n += took
		} else if p.empty++; p.empty > wakefuls && p.guest != nil {
			p.empty = notAwake
			last := len(r.awake) - 1
			r.awake[i] = r.awake[last]
			r.awake = r.awake[:last]
			continue
		}
		i++
	}
	return n + w.glance(glances)
}

// glance takes one burst from each of the next so many queues that are not
// awake. Those that bring frames are from now on.
func (w *Worker) glance(most int) (n int) {
	r := &w.rota
	for range min(most, len(r.polls)) {
		if r.next++; r.next >= len(r.polls) {
			r.next = 0
		}
		p := &r.polls[r.next]
		if p.empty != notAwake {
			continue
		}
		if took := w.take(p); took > 0 {
			p.empty = justAwake
			r.awake = append(r.awake, int32(r.next))
			n += took
		}
	}
	return n
}

// GlanceAll is glance at every queue that is not awake.
func (w *Worker) GlanceAll() int { return w.glance(len(w.polls)) }
