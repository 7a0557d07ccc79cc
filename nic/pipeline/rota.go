package pipeline

// A worker looks at some of its queues in each turn: at the uplink and at the queues
// that brought frames of late, which are awake; and at the next few of the sleeping
// queues. So a turn costs what there is to do, not what the card has: to look at a
// thousand silent guests would take 20 µs of each turn.
//
// A sleeping queue waits for at most (number of queues / glances) turns: 1 turn with 16
// queues, 63 turns with 1,000, which are 0.2 ms beside an uplink that is never empty. A
// worker that has nothing to do looks at all queues before it sleeps.
const (
	glances   = 16 // sleeping queues that are looked at in each turn
	wakefuls  = 64 // turns without a frame after which a queue falls asleep
	notAwake  = -1 // polled.empty of a sleeping queue
	justAwake = 0  // polled.empty of a queue that brought a frame
)

// polled is a queue that a worker receives from.
type polled struct {
	*Queue
	guest *guest // that sends by the queue; nil: the queue is the uplink's
	empty int    // turns in a row without a frame; notAwake: the queue sleeps and is not in rota.awake
}

// rota is the queues that a worker receives from.
type rota struct {
	polls []polled // the uplink's first
	awake []int32  // indexes of polls
	next  int      // index of polls, where the next glance begins
}

// add adds q, unless another worker receives from q's port. The uplink is always awake.
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

// turn takes one burst from each queue that is awake and from the next few sleeping
// queues, and returns how many frames the bursts had.
func (w *Worker) turn() (n int) {
	r := &w.rota
	if last := len(r.awake) - 1; last > 0 && len(w.setup.meters) > 0 {
		any := int(w.random >> 33 % uint64(last+1)) // no ENI is always the first to ask for what its instance shares
		r.awake[0], r.awake[any] = r.awake[any], r.awake[0]
	}
	for i := 0; i < len(r.awake); {
		p := &r.polls[r.awake[i]]
		if took := w.take(p); took > 0 {
			p.empty = justAwake
			n += took
		} else if p.empty++; p.empty > wakefuls && p.guest != nil && !p.Held() {
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

// glance takes one burst from each sleeping queue among the next most queues. A queue
// that brings frames is awake from now on.
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
		if took := w.take(p); took > 0 || p.Held() { // which asks for its allowance with those that are awake
			p.empty = justAwake
			r.awake = append(r.awake, int32(r.next))
			n += took
		}
	}
	return n
}

// GlanceAll takes one burst from each sleeping queue.
func (w *Worker) GlanceAll() int { return w.glance(len(w.polls)) }
