package pipeline

import "nitrocard/pmd"

// line is frames that wait in order. They are copies, because the memory of a received frame is
// its driver's again with the next burst:
//
//	memory  |  free  |hdr frame|hdr frame|hdr frame|  free  |
//	                 ▲ the oldest                  ▲ next
//
// A frame lies in one piece, behind a driver's headroom. Where the memory ends, the line goes on
// at its start.
type line struct {
	first, n int // of places
	places   [lineFrames]linePlace
	next     int // of memory
	memory   [lineBytes]byte
}

// How much waits for one ENI at one worker at most. The bounds are ours: 512 KB take 0.8 ms at
// 5 Gbit/s, and 84 ms at 50 Mbit/s.
const (
	lineFrames = 1 << 10
	lineBytes  = 512 << 10
)

// linePlace is where a frame lies in a line's memory.
type linePlace struct {
	at, length       uint32
	segment, packets uint16 // as pmd.Frame has them
	bytes            uint32 // of the packets together
}

// add has a frame wait, and is false if there is no room.
func (l *line) add(f *pmd.Frame) bool {
	if l.n == lineFrames {
		return false
	}
	need := pmd.Headroom + f.Len() + 1 // an empty rest of a frame begins within its memory, too
	at, ok := l.room(need)
	if !ok {
		return false
	}
	l.places[(l.first+l.n)%lineFrames] = linePlace{uint32(at), uint32(f.Len()), uint16(f.Segment()), uint16(f.Packets()), uint32(f.WireLen())}
	copy(l.memory[at+pmd.Headroom:], f.Bytes())
	l.n, l.next = l.n+1, at+need
	return true
}

// room is where so many bytes are free.
func (l *line) room(need int) (at int, ok bool) {
	if l.n == 0 {
		return 0, need <= lineBytes
	}
	oldest := int(l.places[l.first].at)
	switch {
	case l.next <= oldest: // the line goes over the end of the memory
		return l.next, l.next+need <= oldest
	case l.next+need <= lineBytes:
		return l.next, true
	}
	return 0, need <= oldest
}

// at is the frame behind i others, which lies where it is until drop takes it off.
func (l *line) at(i int) *linePlace { return &l.places[(l.first+i)%lineFrames] }

// lend makes f the frame at p.
func (l *line) lend(p *linePlace, f *pmd.Frame) {
	f.LendMerged(l.memory[p.at:], pmd.Headroom, int(p.length), int(p.segment))
}

// drop takes the oldest frame off.
func (l *line) drop() { l.first, l.n = (l.first+1)%lineFrames, l.n-1 }

// counts is what the frame at p counts.
func (p *linePlace) counts() amount { return amount{int64(p.bytes), int64(p.packets)} }
