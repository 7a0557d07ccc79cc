package pipeline

import (
	"math/bits"

	"nitrocard/pmd"
)

// A merged frame stands for several packets of a TCP stream (pmd.Merging). The frame takes
// the stages once, because all its packets have the same of what stages look at, and
// counts as that many packets. The fast path leaves merged frames to the stages, because
// to copy 64 KB takes longer than all stages. A port that takes no merged frames gets the
// packets, which are cut when the burst is sent. No port takes merged frames of IPv6, which
// a NAT gateway makes of IPv4's.

// unmerged is how many packets the received burst stands for beyond its frames.
func (w *Worker) unmerged() (more uint64) {
	for left := w.rx.Merged; left != 0; left &= left - 1 {
		more += uint64(w.rx.Frames[bits.TrailingZeros64(left)&(pmd.MaxBurst-1)].Packets() - 1)
	}
	return more
}

// packets is how many packets p stands for.
func (p *packet) packets() uint64 {
	if !p.frame.Merged() {
		return 1
	}
	return uint64(p.frame.Packets())
}

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
	memory [pmd.MaxBurst][pmd.Headroom + pmd.MaxFrame]byte
	used   int  // of memory
	kept   bool // the queue's appliance has the memory until the worker's visit ends

	whole      [pmd.MaxFrame]byte // a packet to be fragmented
	cutter     pmd.Cutter
	fragmenter pmd.Fragmenter

	// Of each frame of the chain: the packets that it stands for, those that the port took,
	// and the fragments that it took beside each packet's last. A frame is counted before the
	// port has it, because an appliance writes to what it takes.
	packets, taken, more [pmd.MaxBurst]int
	waits                uint64 // bit n: pieces of frame n were taken, and wait for an allowance
	lost                 uint64 // bit n: pieces of frame n were to wait for a class, and found no room
}

// piece tells which frame of the chain a piece is of, and how many packets end with it.
type piece struct {
	frame   uint8
	packets uint8
}

// scratch is the worker's memory for pieces.
func (w *Worker) scratch() *pieces {
	if w.pieces == nil {
		w.pieces = new(pieces) // once: most workers need none
	}
	return w.pieces
}

// piecesFor is memory for the pieces of frames that leave by q. An appliance has memory of its
// own until visit ends, because it keeps what it takes while the worker sends other frames.
func (w *Worker) piecesFor(q *Queue) *pieces {
	e, is := q.tx.(*entrance)
	if !is {
		return w.scratch()
	}
	if e.pieces == nil {
		e.pieces = w.takeSpare()
	}
	return e.pieces
}

// takeSpare is spare memory for pieces, which is made where none is spare: a worker has as much as
// appliances needed in one visit, however many there are.
func (w *Worker) takeSpare() *pieces {
	n := len(w.spare)
	if n == 0 {
		return &pieces{kept: true}
	}
	s := w.spare[n-1]
	w.spare = w.spare[:n-1]
	return s
}

// giveBack makes an appliance's memory for pieces spare.
func (w *Worker) giveBack(e *entrance) {
	if s := e.pieces; s != nil {
		s.used, s.full = 0, false
		w.spare, e.pieces = append(w.spare, s), nil
	}
}

// flushPieces is flush for a burst with merged frames, or with packets that leave in
// fragments.
func (w *Worker) flushPieces() {
	o := &w.out
	for _, q := range o.dirty[:o.queues] {
		if len(w.captures) > 0 {
			w.captureLeaving(q)
		}
		s := w.piecesFor(q)
		s.send(q, o, q == w.uplink)
		w.tellPieces(q, s)
		q.out.n = 0
	}
	o.empty()
	if len(w.captures) > 0 {
		w.publish()
	}
}

// send sends the frames of a queue's chain, in pieces where they must be.
func (s *pieces) send(q *Queue, o *outbox, tunneled bool) {
	s.queue, s.full, s.n, s.waits, s.lost = q, s.used == len(s.memory), 0, 0, 0
	clear(s.taken[:])
	clear(s.more[:])
	at, takes := q.out.first, q.merged && (!tunneled || q.bundle)
	for i := range q.out.n {
		f, mtu := o.frames[at], o.mtuOf(at)
		at = o.after[at]
		s.packets[i] = f.Packets()
		switch {
		case f.Merged() && (mtu != 0 || !takes || f.IsIPv6() || f.Over6()):
			s.cut(i, f, tunneled, mtu)
		case mtu != 0:
			s.fragment(i, f.Bytes(), tunneled, mtu)
		default:
			s.offer(f, piece{i, uint8(s.packets[i])})
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
		to := s.room()
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
			s.copied(n, piece{i, 1})
		}
	}
}

// fragment puts the fragments of a packet of frame i in the chain.
func (s *pieces) fragment(i uint8, packet []byte, tunneled bool, mtu int) {
	s.fragmenter.Start(packet, tunneled, mtu)
	for !s.full {
		n, more := s.fragmenter.Next(s.room())
		if !more {
			s.copied(n, piece{i, 1})
			return
		}
		s.copied(n, piece{i, 0})
	}
}

// room is memory for the next piece, behind a driver's headroom.
func (s *pieces) room() []byte { return s.memory[s.used][pmd.Headroom:] }

// copied offers a piece of n bytes, which is in room.
func (s *pieces) copied(n int, of piece) {
	f := &s.frames[s.used]
	f.Lend(s.memory[s.used][:], pmd.Headroom, n)
	s.used++
	s.offer(f, of)
	if s.used == len(s.memory) {
		s.flush()
		s.full = s.full || s.kept
	}
}

// offer offers a frame or a piece to the port, with others.
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
	taken := s.queue.sendAny(s.out[:s.n])
	lost, kept := s.queue.lost(), s.queue.kept()
	reached := taken + bits.OnesCount64(lost)
	for i, of := range s.of[:reached] {
		s.waits |= kept >> i & 1 << of.frame
		s.lost |= lost >> i & 1 << of.frame
		switch {
		case lost>>i&1 != 0:
		case of.packets > 0:
			s.taken[of.frame] += int(of.packets)
		default:
			s.more[of.frame]++
		}
	}
	if reached < s.n { // of a merged frame, the port may have taken some packets
		if of := s.of[reached]; of.packets > 1 {
			s.taken[of.frame] += int(of.packets) - s.out[reached].Packets()
		}
	}
	s.full, s.n = reached < s.n, 0
	if !s.kept {
		s.used = 0
	}
}

// tellPieces is tellOf for frames whose packets the port took as pieces says. The card made
// the fragments beside each packet's last.
func (w *Worker) tellPieces(q *Queue, s *pieces) {
	next := q.out.first
	for n := range int(q.out.n) {
		i := next
		next = w.out.after[i]
		taken := s.taken[n]
		w.ingress.sent += uint64(taken)
		q.delivered += uint64(taken + s.more[n])
		if s.more[n] > 0 {
			q.tally().Originated += uint64(s.more[n])
		}
		w.out.waits |= s.waits >> n & 1 << i
		w.tellFrame(q, i, taken, s.packets[n]-taken, q.refusal(s.lost>>n&1 != 0))
	}
}
