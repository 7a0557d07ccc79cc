package pipeline

import (
	"math/bits"

	"nitrocard/pmd"
)

// A merged frame stands for several packets of a TCP stream (pmd.Merging). The frame takes
// the stages once, because all its packets have the same of what stages look at, and
// counts as that many packets. The fast path leaves merged frames to the stages, because
// to copy 64 KB takes longer than all stages. A port that takes no merged frames gets the
// packets, which are cut when the burst is sent.

// unmerged is how many packets the received burst stands for beyond its frames.
func (w *Worker) unmerged() (more uint64) {
	for left := w.rx.Merged; left != 0; left &= left - 1 {
		more += uint64(w.rx.Frames[bits.TrailingZeros64(left)&(pmd.MaxBurst-1)].Packets() - 1)
	}
	return more
}

// packets is how many packets p stands for.
func (p *packet) packets() uint64 { return uint64(p.frame.Packets()) }

// accountMerged counts the packets of a merged frame that account did not, and returns
// the bytes of their headers.
func (w *Worker) accountMerged(p *packet) (bytes int) {
	_, payload := p.frame.Headers()
	more := p.frame.Packets() - 1
	bytes = more * (payload - int(p.L3))
	p.conn.More(p.dir, more, bytes)
	return bytes
}

// pieces are the packets that merged frames for one queue were cut into, and the frames
// between them, on their way to the port.
type pieces struct {
	queue *Queue
	full  bool // the port refused one: those behind are not offered

	n      int
	out    [pmd.MaxBurst]*pmd.Frame
	frames [pmd.MaxBurst]pmd.Frame
	of     [pmd.MaxBurst]uint8 // which frame of the chain each is of
	memory [pmd.MaxBurst][pmd.MaxFrame]byte

	cutter pmd.Cutter
	taken  [pmd.MaxBurst]int // packets of each frame of the chain that the port took
}

// flushMerged is flush for a burst with merged frames.
func (w *Worker) flushMerged() {
	if w.pieces == nil {
		w.pieces = new(pieces) // once: bursts without merged frames need none
	}
	o := &w.out
	for _, q := range o.dirty[:o.queues] {
		if chain := o.chainOf(q); q.merged && q != w.uplink {
			w.pieces.sendWhole(q, chain)
		} else {
			w.pieces.send(q, chain)
		}
		w.tellMerged(q)
		q.out.n = 0
	}
	o.n, o.queues, o.answers = 0, 0, 0
}

// sendWhole sends the frames of a queue's chain as they are, and notes in taken how many
// packets of each the port took.
func (s *pieces) sendWhole(q *Queue, chain []*pmd.Frame) {
	clear(s.taken[:])
	for i, f := range chain[:q.tx.Tx(chain)] {
		s.taken[i] = f.Packets()
	}
}

// send is sendWhole for a port that takes no merged frames. So is the uplink: no port cuts
// what is in a tunnel.
func (s *pieces) send(q *Queue, chain []*pmd.Frame) {
	s.queue, s.full, s.n = q, false, 0
	clear(s.taken[:])
	for i, f := range chain {
		if !f.Merged() {
			s.put(i, f)
			continue
		}
		for s.cutter.Start(f); !s.full; {
			n := s.cutter.Next(s.memory[s.n][:])
			if n == 0 {
				break
			}
			s.frames[s.n].Lend(s.memory[s.n][:], 0, n)
			s.put(i, &s.frames[s.n])
		}
	}
	s.flush()
}

// put offers a packet of frame i in the chain to the port, with others.
func (s *pieces) put(i int, f *pmd.Frame) {
	if s.full {
		return
	}
	s.out[s.n], s.of[s.n] = f, uint8(i)
	if s.n++; s.n == len(s.out) {
		s.flush()
	}
}

func (s *pieces) flush() {
	if s.n == 0 {
		return
	}
	taken := s.queue.tx.Tx(s.out[:s.n])
	for _, i := range s.of[:taken] {
		s.taken[i]++
	}
	s.full, s.n = taken < s.n, 0
}

// tellMerged is tellOf for frames whose packets the port took as pieces.taken says.
func (w *Worker) tellMerged(q *Queue) {
	next := q.out.first
	for n := range int(q.out.n) {
		i := next
		next = w.out.after[i]
		taken, refused := w.pieces.taken[n], w.out.frames[i].Packets()-w.pieces.taken[n]
		w.ingress.sent += uint64(taken)
		q.delivered += uint64(taken)
		w.tellFrame(q, i, taken, refused)
	}
}
