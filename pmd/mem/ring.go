package mem

import "nitrocard/pmd"

// ring is a bounded queue of frames. Each slot is headroom and frame, and its
// memory is used again by the frames that follow.
type ring struct {
	slots      [][]byte
	head, used int
}

func newRing(n int) ring { return ring{slots: make([][]byte, n)} }

func (r *ring) at(i int) []byte { return r.slots[(r.head+i)%len(r.slots)] }

// push copies frame to the tail; it is false if the ring is full.
func (r *ring) push(frame []byte) bool {
	if r.used == len(r.slots) {
		return false
	}
	slot := &r.slots[(r.head+r.used)%len(r.slots)]
	n := pmd.Headroom + len(frame)
	if cap(*slot) <= n { // a byte more: an empty rest of a frame begins within its memory, too
		*slot = make([]byte, n, n+1)
	}
	*slot = (*slot)[:n]
	copy((*slot)[pmd.Headroom:], frame)
	r.used++
	return true
}

// drop takes n frames off the head.
func (r *ring) drop(n int) {
	r.head = (r.head + n) % len(r.slots)
	r.used -= n
}

// keep takes frames off the tail until n are left.
func (r *ring) keep(n int) { r.used = n }
