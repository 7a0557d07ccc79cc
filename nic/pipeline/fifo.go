package pipeline

import "nitrocard/pmd"

// fifo has frames wait in order, first in, first out. The frames are copies, because the memory of a received frame is
// its driver's again with the next burst:
//
//	memory  |  free  |hdr frame|hdr frame|hdr frame|  free  |
//	                 ▲ the oldest                  ▲ next
//
// A frame lies in one piece, behind a driver's headroom. Where the memory ends, the FIFO goes on
// at the memory's start.
type fifo struct {
	first, n int // of slots
	slots    [fifoFrames]fifoSlot
	next     int // of memory
	memory   [fifoBytes]byte
}

// How much waits for one ENI at one worker at most. The bounds are ours: 512 KB take 0.8 ms at
// 5 Gbit/s, and 84 ms at 50 Mbit/s.
const (
	fifoFrames = 1 << 10
	fifoBytes  = 512 << 10
)

// fifoSlot is where a frame lies in a FIFO's memory.
type fifoSlot struct {
	at, length       uint32
	segment, packets uint16 // as pmd.Frame has them
	bytes            uint32 // of the packets together
}

// enqueue has a frame wait, and is false if there is no room.
func (q *fifo) enqueue(f *pmd.Frame) bool {
	if q.n == fifoFrames {
		return false
	}
	need := pmd.Headroom + f.Len() + 1 // an empty rest of a frame begins within its memory, too
	at, ok := q.room(need)
	if !ok {
		return false
	}
	q.slots[(q.first+q.n)%fifoFrames] = fifoSlot{uint32(at), uint32(f.Len()), uint16(f.Segment()), uint16(f.Packets()), uint32(f.WireLen())}
	copy(q.memory[at+pmd.Headroom:], f.Bytes())
	q.n, q.next = q.n+1, at+need
	return true
}

// room is where so many bytes are free.
func (q *fifo) room(need int) (at int, ok bool) {
	if q.n == 0 {
		return 0, need <= fifoBytes
	}
	oldest := int(q.slots[q.first].at)
	switch {
	case q.next <= oldest: // the FIFO goes over the end of the memory
		return q.next, q.next+need <= oldest
	case q.next+need <= fifoBytes:
		return q.next, true
	}
	return 0, need <= oldest
}

// at is the frame behind i others, which lies where it is until dequeue takes it off.
func (q *fifo) at(i int) *fifoSlot { return &q.slots[(q.first+i)%fifoFrames] }

// load makes f the frame at p.
func (q *fifo) load(p *fifoSlot, f *pmd.Frame) {
	f.LendMerged(q.memory[p.at:], pmd.Headroom, int(p.length), int(p.segment))
}

// dequeue takes the oldest frame off.
func (q *fifo) dequeue() { q.first, q.n = (q.first+1)%fifoFrames, q.n-1 }

// counts is what the frame at p counts.
func (p *fifoSlot) counts() amount { return amount{int64(p.bytes), int64(p.packets)} }
