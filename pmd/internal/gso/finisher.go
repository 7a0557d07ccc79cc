package gso

import (
	"sync/atomic"

	"nitrocard/pmd"
)

// Finisher finishes the frames that one port receives, and counts them. Count
// may be called by anyone at any time; all else is the receiver's.
type Finisher struct {
	Cutter
	mended, long, uncut, unsummed atomic.Uint64
}

// Take takes a frame that lacks what h says, or is too long. It is true if the
// frame is finished now. If not, either its segments come next, until the
// Cutter is not Active any more, or it is lost and counted.
func (f *Finisher) Take(frame []byte, h *Header) bool {
	switch {
	case h.Merged():
		f.cut(frame, h)
		return false
	case len(frame) > pmd.MaxFrame:
		count(&f.long)
		return false
	case !h.Finished() && !Sum(frame, h):
		count(&f.unsummed)
		return false
	case !h.Finished():
		count(&f.mended)
	}
	return true
}

func (f *Finisher) cut(frame []byte, h *Header) {
	switch {
	case !f.locate(frame, h):
		count(&f.uncut)
	case !f.fits(pmd.MaxFrame):
		count(&f.long)
	default:
		count(&f.mended)
	}
}

// Lose counts a frame of which the device has only a part, as it is too long.
func (f *Finisher) Lose() { count(&f.long) }

// count adds one; nobody else writes.
func count(n *atomic.Uint64) { n.Store(n.Load() + 1) }

// Count writes what was counted into a port's Stats.
func (f *Finisher) Count(s *pmd.Stats) {
	s.Mended, s.RxTooLong, s.RxUncut, s.RxUnsummed = f.mended.Load(), f.long.Load(), f.uncut.Load(), f.unsummed.Load()
}
