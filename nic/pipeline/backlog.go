package pipeline

import (
	"slices"
	"time"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// backlog keeps a flood for one ENI from taking the uplink's ring away from the other
// ENIs. A worker is behind its uplink while every burst comes full; frames for all ENIs
// then wait behind those of the flood, and are lost where the ring has no room. backlog
// finds the ENI that most frames are for and drops its excess, as UplinkBacklog, before
// any other work is done for these frames: such a drop costs a hundredth of a new
// connection that leaves by a port of the kernel.
//
// A ring keeps what comes while a worker is kept from its CPU for patience; to catch up
// is no reason to drop. So backlog looks on for that long, at a few frames each half
// millisecond, which costs nothing beside full bursts. Then the heaviest ENI gets half of
// the rate that it had. From there on each window counts every frame: if the worker was
// behind for all of the window, the heaviest ENI's rate is halved; if not, all bounded
// rates grow by a sixteenth. An ENI of which nothing had to be dropped for a while is
// bounded no more.
//
// The ENI is known by VNI and inner MAC alone, so each worker does this for its own queue
// of the uplink, whatever the device spread over the queues.
type backlog struct {
	since    int64   // when the run of full bursts began, in ns since 1970; 0: the last burst was not full
	begun    int64   // when the counts below began
	next     int64   // when sample looks again
	frames   uint64  // Queue.received when the run began
	received uint32  // frames counted
	shares   []share // by ENI number
	seen     []uint32
	bounded  []uint32 // ENIs with a bound; with none, frames are only sampled
	shed     uint64   // bit i: frame i of the burst at hand is dropped
}

// share is an ENI's part of what the uplink brought.
type share struct {
	passed  uint32 // frames counted and not dropped
	gap     int64  // ns from one frame to the next at the bound; 0: no bound
	due     int64  // when the next frame may pass
	dropped int64  // when a frame was dropped last
}

const (
	patience    = int64(100 * time.Millisecond)
	sampleEvery = int64(500 * time.Microsecond)
	samples     = 8    // frames of a burst
	enough      = 256  // samples that a judgement takes: a share of 2 in 16 is then no chance
	tooMany     = 4096 // samples after which sample begins anew
	window      = int64(10 * time.Millisecond)
	leeway      = int64(time.Millisecond) // by which frames may come early, in a burst
	longestGap  = int64(10 * time.Millisecond)
	calm        = int64(time.Second) // without a drop, after which a bound goes
)

// grow makes room for so many ENIs, so that no burst has to.
func (b *backlog) grow(enis int) {
	if more := enis - len(b.shares); more > 0 {
		b.shares = append(b.shares, make([]share, more)...)
		b.seen = slices.Grow(b.seen, enis-len(b.seen))
		b.bounded = slices.Grow(b.bounded, enis-len(b.bounded))
	}
}

// keepUp looks at a burst from the uplink before the stages do, and chooses which frames
// are dropped as UplinkBacklog.
func (w *Worker) keepUp(q *Queue, frames []pmd.Frame) {
	b := &w.backlog
	b.shed = 0
	switch {
	case len(b.bounded) > 0:
		w.shed(frames)
	case len(frames) < pmd.MaxBurst:
		b.since = 0
	case w.now >= b.next:
		w.sample(q, frames)
	}
}

// sample counts some frames of a full burst, and gives the heaviest ENI a bound once the
// worker was behind for long enough.
func (w *Worker) sample(q *Queue, frames []pmd.Frame) {
	b := &w.backlog
	if b.since == 0 || b.received >= tooMany {
		b.since, b.frames = w.now, q.received
		b.count(w.now)
	}
	b.next = w.now + sampleEvery
	b.received += samples
	for i := range uint64(samples) {
		any := (samples*w.Bursts + i) * 0x9e3779b97f4a7c15 >> 58 // not every n-th: flows may take turns, too
		if eni := w.boundFor(frames[any&(pmd.MaxBurst-1)].Bytes()); eni != nil {
			b.pass(eni.number)
		}
	}
	if w.now-b.since < patience || b.received < enough {
		return
	}
	if eni, found := b.heaviest(); found {
		frames := float64(q.received-b.frames) * float64(b.shares[eni].passed) / float64(b.received)
		b.bound(eni, w.now, int64(2*float64(w.now-b.since)/frames))
		b.count(w.now)
	}
}

// shed counts every frame of a burst and marks those beyond their ENI's bound.
func (w *Worker) shed(frames []pmd.Frame) {
	b := &w.backlog
	if len(frames) < pmd.MaxBurst {
		b.since = 0
	} else if b.since == 0 {
		b.since = w.now
	}
	for i := range frames {
		b.received++
		if eni := w.boundFor(frames[i].Bytes()); eni != nil && !b.admit(eni.number, w.now) {
			b.shed |= 1 << i
		}
	}
	if w.now-b.begun >= window {
		b.endWindow(w.now)
	}
}

// admit tells whether a frame for an ENI is within the ENI's bound.
func (b *backlog) admit(eni uint32, now int64) bool {
	if s := &b.shares[eni]; s.gap != 0 {
		if s.due > now+leeway {
			s.dropped = now
			return false
		}
		s.due = max(s.due, now) + s.gap
	}
	b.pass(eni)
	return true
}

// pass counts a frame.
func (b *backlog) pass(eni uint32) {
	if b.shares[eni].passed == 0 {
		b.seen = append(b.seen, eni)
	}
	b.shares[eni].passed++
}

// endWindow moves the bounds, and counts anew.
func (b *backlog) endWindow(now int64) {
	behind := b.since != 0 && b.since <= b.begun
	if eni, found := b.heaviest(); behind && found {
		s := &b.shares[eni]
		if s.gap == 0 {
			b.bound(eni, now, 2*(now-b.begun)/int64(s.passed))
		} else {
			s.gap = min(2*s.gap, longestGap)
		}
	}
	b.bounded = slices.DeleteFunc(b.bounded, func(eni uint32) bool {
		s := &b.shares[eni]
		if !behind {
			s.gap -= s.gap / 16
		}
		if now-s.dropped < calm {
			return false
		}
		s.gap = 0
		return true
	})
	b.count(now)
}

// bound gives an ENI a bound.
func (b *backlog) bound(eni uint32, now, gap int64) {
	s := &b.shares[eni]
	s.gap, s.due, s.dropped = min(max(gap, 1), longestGap), now, now
	b.bounded = append(b.bounded, eni)
}

// count begins to count anew.
func (b *backlog) count(now int64) {
	for _, eni := range b.seen {
		b.shares[eni].passed = 0
	}
	b.seen, b.received, b.begun = b.seen[:0], 0, now
}

// heaviest is the ENI of which most frames passed, if these are more than its share: more
// than twice as many as for another ENI on average, and an eighth of all that came.
// Otherwise a bound would take from one ENI and give the others nothing.
func (b *backlog) heaviest() (eni uint32, found bool) {
	var sum, most uint64
	for _, e := range b.seen {
		n := uint64(b.shares[e].passed)
		if sum += n; n > most {
			eni, most = e, n
		}
	}
	others := uint64(max(len(b.seen)-1, 0))
	return eni, most*others > 2*(sum-most) && 8*most >= uint64(b.received)
}

// boundFor is the ENI of this card that a frame from the uplink is for, nil if there is
// none: then the stages drop the frame early, too.
func (w *Worker) boundFor(frame []byte) *eniPlace {
	var o wire.Outer
	tunnel, fault := wire.ParseVXLAN(frame, &o)
	if !tunnel || fault != wire.NoFault || o.Dst != w.underlay.card.VTEP || o.End < o.Inner+wire.EthernetLen {
		return nil
	}
	return w.setup.target(&o, wire.Ethernet(frame[o.Inner:]).DstBits())
}
