package pipeline

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// Bounds of the packets that wait at one worker: fragments for those before them, and packets for the
// records of an ENI that came (handover.go). A packet takes the memory of the longest frame, 9 KB. The
// bounds are ours: 32 hold back a datagram of 45 KB that comes backwards over Ethernet.
const (
	earlyFragments = 128
	earlyOfAnENI   = 32
)

// earlyWait is flow.FragmentWait in ticks.
var earlyWait = uint32(flow.TickOf(int64(flow.FragmentWait)))

// earlyFragment is a frame with a fragment or a packet that waits, as the frame came.
type earlyFragment struct {
	since   uint32 // tick
	order   uint64 // in which they came
	whole   bool   // it is no fragment, and waits for records
	key     flow.Key
	pair    flow.Pair
	place   wire.Place
	dir     wire.Direction
	ingress *Queue // that received the frame
	length  int
	memory  [pmd.Headroom + pmd.MaxFrame]byte
}

// earlies are a worker's fragments that came before those that belong before them. Each has
// yet to be counted as received, so that received packets are those that ended, always.
type earlies struct {
	n        int              // of all
	order    uint64           // of the last one
	all      []*earlyFragment // n that wait, then those whose memory is free
	stirred  bool             // since the last look, a fragment passed that others may wait for
	looked   uint32           // tick of the last look
	released bool             // fragments that waited are on their way, and wait no more
}

// hold keeps a fragment that came early until its turn. It is false if there is no room, or if
// the fragment waited already. A fragment that was sent on within this card, by a guest or to
// a middlebox, does not wait: its bytes are no more those that the queue received.
func (w *Worker) hold(p *packet) bool {
	h := &w.early
	if h.released || p.dir == wire.In && p.outerSrc.IsZero() || !h.hasRoom(p.key.ENI()) {
		return false
	}
	frame := p.whole()
	if frame == nil || p.frame.Merged() {
		return false
	}
	f := h.add()
	h.order++
	f.since, f.order, f.key, f.pair, f.dir, f.ingress = w.tick, h.order, p.key, p.pair, p.dir, w.ingress
	if f.whole = p.Frag != wire.LaterFragment; !f.whole {
		f.place = p.Place(p.frame.Bytes())
	}
	f.length = copy(f.memory[pmd.Headroom:], frame)
	w.ingress.received--
	return true
}

// unheld is why p is dropped, which could not wait.
func (p *packet) unheld() Verdict {
	if p.Frag == wire.LaterFragment {
		return FragmentUnknown
	}
	return [...]Verdict{SecurityGroupIn, SecurityGroupOut}[p.dir&1]
}

// whole is p's frame as it came, nil if that is gone: a tag for a priority was taken off. The
// tunnel has no checksum any more, because the packet inside may have got the underlay's mark
// since the checksum was checked.
func (p *packet) whole() []byte {
	if p.outerSrc.IsZero() {
		return p.frame.Bytes()
	}
	n := p.wrapped
	if n == 0 {
		return nil
	}
	frame := p.frame.Push(int(n))
	clear(frame[n-wire.VXLANLen-2 : n-wire.VXLANLen])
	p.frame.Pull(int(n))
	return frame
}

// hasRoom tells whether one more fragment of an ENI may wait.
func (h *earlies) hasRoom(eni uint32) bool {
	if h.n == earlyFragments {
		return false
	}
	of := 0
	for _, f := range h.all[:h.n] {
		if f.key.ENI() == eni {
			of++
		}
	}
	return of < earlyOfAnENI
}

// add is the memory of one more fragment. Memory is allocated when so many fragments wait for
// the first time, and never given back.
func (h *earlies) add() *earlyFragment {
	if h.n == len(h.all) {
		h.all = append(h.all, new(earlyFragment))
	}
	h.n++
	return h.all[h.n-1]
}

// remove frees the memory of fragment i.
func (h *earlies) remove(i int) {
	h.n--
	h.all[i], h.all[h.n] = h.all[h.n], h.all[i]
}

// releaseEarly sends on the fragments that waited for one that has passed, and ends those that
// waited for too long. Another worker's fragments are seen to have passed with the next tick.
func (w *Worker) releaseEarly() {
	h := &w.early
	if !h.stirred && h.looked == w.tick {
		return
	}
	h.released = true
	for i := w.due(); i >= 0; i = w.due() {
		w.release(i)
	}
	h.released, h.stirred, h.looked = false, false, w.tick
}

// due is the one that waits no more and came first, -1 if there is none.
func (w *Worker) due() int {
	first, all := -1, w.early.all[:w.early.n]
	for i, f := range all {
		if (first < 0 || f.order < all[first].order) && (w.tick-f.since > earlyWait || w.isDue(f)) {
			first = i
		}
	}
	return first
}

// isDue tells whether what a fragment or a packet waits for has come.
func (w *Worker) isDue(f *earlyFragment) bool {
	if f.whole {
		n := w.setup.newcomers[f.key.ENI()]
		return n == nil || !n.lasts(w.now)
	}
	at, epoch, s := w.flows.Find(&f.key)
	return epoch != 0 && w.flows.Has(at, &f.pair) && s.Walked(f.dir) && w.flows.Order(at, f.dir, f.place) != flow.Early
}

// release runs fragment i, and those of its datagram that follow one after the other, to
// their ends.
func (w *Worker) release(i int) {
	h, n := &w.early, 0
	ingress := h.all[i].ingress
	for ; i >= 0 && n < pmd.MaxBurst; n++ {
		f := h.all[i]
		w.rx.Frames[n].Lend(f.memory[:], pmd.Headroom, f.length)
		h.remove(i) // add takes the memory no sooner than after the burst
		i = h.after(f)
	}
	w.rx.N, w.rx.Merged, w.backlog.shed = n, 0, 0
	ingress.received += uint64(n)
	g := w.behind(ingress)
	if g != nil || ingress == w.uplink {
		w.runBurst(ingress, g, n)
		return
	}
	w.ingress = ingress
	for i := range n { // the ENI went while its guest's fragments waited
		p := &w.inward.packets[0]
		p.begin(&w.rx.Frames[i], wire.In)
		w.finish(p, p.refuse(NoPort))
	}
}

// after is the fragment that follows f in its datagram, -1 if that does not wait.
func (h *earlies) after(f *earlyFragment) int {
	for i, o := range h.all[:h.n] {
		if !o.whole && !f.whole && o.key == f.key && o.pair == f.pair && o.dir == f.dir && o.ingress == f.ingress && o.place.From == f.place.To {
			return i
		}
	}
	return -1
}
