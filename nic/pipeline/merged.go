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

// pieces are the packets that merged frames for one queue were cut into, the fragments of
// packets that are longer than their way's MTU, and the frames between them, on their way
// to the port.
type pieces struct {
	queue *Queue
	full  bool // the port refused one: those behind are not offered

	n      int
	out    [pmd.MaxBurst]*pmd.Frame
	frames [pmd.MaxBurst]pmd.Frame
	of     [pmd.MaxBurst]piece
	memory [pmd.MaxBurst][pmd.MaxFrame]byte

	whole      [pmd.MaxFrame]byte // a packet to be fragmented
	cutter     pmd.Cutter
	fragmenter pmd.Fragmenter

	// Of each frame of the chain, what the port took: packets, and fragments beside each
	// packet's last.
	taken, more [pmd.MaxBurst]int
}

// piece tells which frame of the chain a piece is of, and whether a packet ends with it.
type piece struct {
	frame uint8
	last  bool
}

// scratch is the worker's memory for pieces.
func (w *Worker) scratch() *pieces {
	if w.pieces == nil {
		w.pieces = new(pieces) // once: most workers need none
	}
	return w.pieces
}

// flushPieces is flush for a burst with merged frames, or with packets that leave in
// fragments.
func (w *Worker) flushPieces() {
	o, s := &w.out, w.scratch()
	for _, q := range o.dirty[:o.queues] {
		if takes := q.merged && (q != w.uplink || q.bundle); takes && !o.long {
			s.sendWhole(q, o.chainOf(q))
		} else {
			s.send(q, o, q == w.uplink)
		}
		w.tellPieces(q)
		q.out.n = 0
	}
	o.empty()
}

// sendWhole sends the frames of a queue's chain as they are, and notes in taken how many
// packets of each the port took.
func (s *pieces) sendWhole(q *Queue, chain []*pmd.Frame) {
	clear(s.taken[:])
	clear(s.more[:])
	for i, f := range chain[:q.tx.Tx(chain)] {
		s.taken[i] = f.Packets()
	}
}

// send is sendWhole for a port that does not take its merged frames, or for frames to be
// fragmented.
func (s *pieces) send(q *Queue, o *outbox, tunneled bool) {
	s.queue, s.full, s.n = q, false, 0
	clear(s.taken[:])
	clear(s.more[:])
	at := q.out.first
	for i := range q.out.n {
		f, mtu := o.frames[at], o.mtuOf(at)
		at = o.after[at]
		switch {
		case f.Merged():
			s.cut(i, f, tunneled, mtu)
		case mtu != 0:
			s.fragment(i, f.Bytes(), tunneled, mtu)
		default:
			s.put(i, f)
		}
	}
	s.flush()
}

// mtuOf is what the packets of frame i are to be fragmented to, 0 if they are not.
func (o *outbox) mtuOf(i uint8) int {
	if p := o.of[i]; p != nil && o.answers&(1<<i) == 0 {
		return int(p.mtu)
	}
	return 0
}

// cut puts the packets of frame i in the chain, a merged one, or their fragments.
func (s *pieces) cut(i uint8, f *pmd.Frame, tunneled bool, mtu int) {
	for s.cutter.Start(f); !s.full; {
		to := s.memory[s.n][:]
		if mtu != 0 {
			to = s.whole[:]
		}
		n := s.cutter.Next(to)
		if n == 0 {
			return
		}
		if mtu != 0 {
			s.fragment(i, to[:n], tunneled, mtu)
		} else {
			s.copied(n, piece{i, true})
		}
	}
}

// fragment puts the fragments of a packet of frame i in the chain.
func (s *pieces) fragment(i uint8, packet []byte, tunneled bool, mtu int) {
	s.fragmenter.Start(packet, tunneled, mtu)
	for !s.full {
		n, more := s.fragmenter.Next(s.memory[s.n][:])
		s.copied(n, piece{i, !more})
		if !more {
			return
		}
	}
}

// put offers frame i in the chain to the port, with others.
func (s *pieces) put(i uint8, f *pmd.Frame) { s.offer(f, piece{i, true}) }

// copied offers a piece of n bytes in the next memory.
func (s *pieces) copied(n int, of piece) {
	f := &s.frames[s.n]
	f.Lend(s.memory[s.n][:], 0, n)
	s.offer(f, of)
}

func (s *pieces) offer(f *pmd.Frame, of piece) {
	if s.full {
		return
	}
	s.out[s.n], s.of[s.n] = f, of
	if s.n++; s.n == len(s.out) {
		s.flush()
	}
}

func (s *pieces) flush() {
	if s.n == 0 {
		return
	}
	taken := s.queue.tx.Tx(s.out[:s.n])
	for _, of := range s.of[:taken] {
		if of.last {
			s.taken[of.frame]++
		} else {
			s.more[of.frame]++
		}
	}
	s.full, s.n = taken < s.n, 0
}

// tellPieces is tellOf for frames whose packets the port took as pieces says. The card made
// the fragments beside each packet's last.
func (w *Worker) tellPieces(q *Queue) {
	next := q.out.first
	for n := range int(q.out.n) {
		i := next
		next = w.out.after[i]
		taken, refused := w.pieces.taken[n], w.out.frames[i].Packets()-w.pieces.taken[n]
		w.ingress.sent += uint64(taken)
		q.delivered += uint64(taken + w.pieces.more[n])
		q.originated += uint64(w.pieces.more[n])
		w.tellFrame(q, i, taken, refused)
	}
}
