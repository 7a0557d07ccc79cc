package tables

import (
	"fmt"
	"math"
	"unsafe"
)

// Wheel holds one timer for each entry of a table, by index. It belongs to one goroutine at a time.
//
// Timers lie in slots, one a tick, in the order they were set. There is one level: a timer farther off than the wheel reaches
// fires early, and its owner, who looks at the entry's real deadline then, sets it again. So a packet need not touch the wheel at all:
// it notes its time in the entry.
type Wheel struct {
	array *Array[link]
	links []link // of array: 0 is unused, then one head for each slot, then one link for each entry
	slots uint64
	tick  uint64 // the tick being fired, or fired last; its slot only drains
}

// link is a node of a slot's ring. An entry without a timer has next 0.
type link struct{ next, prev uint32 }

var _ [8]byte = [unsafe.Sizeof(link{})]byte{}

// NewWheel makes a wheel for entries 0 to n-1 that reaches slots-1 ticks ahead, at tick 0. It takes 8 bytes an entry and
// 8 a slot.
func NewWheel(n int, slots int) (*Wheel, error) {
	if n < 0 || slots < 2 || uint64(n)+uint64(slots) >= math.MaxUint32 {
		return nil, fmt.Errorf("wheel for %d entries with %d slots: it needs at least 2 slots, and under %d of both", n, slots, uint32(math.MaxUint32))
	}
	array, err := NewArray[link](1 + slots + n)
	if err != nil {
		return nil, err
	}
	w := &Wheel{array: array, links: array.list, slots: uint64(slots)}
	for s := range uint32(slots) {
		w.links[1+s] = link{1 + s, 1 + s}
	}
	return w, nil
}

// Close gives the memory back. The wheel must not be used afterwards.
func (w *Wheel) Close() {
	w.array.Close()
	*w = Wheel{}
}

// Memory returns the size of the wheel in bytes.
func (w *Wheel) Memory() int { return w.array.Memory() }

// Set makes entry i fire at tick, whether or not it had a timer. A tick that has come already is the next one; one farther ahead than the
// wheel reaches is the farthest it reaches.
func (w *Wheel) Set(i uint32, tick uint64) {
	tick = min(max(tick, w.tick+1), w.tick+w.slots-1)
	e := w.entry(i)
	w.unlink(e)
	head := w.head(tick)
	last := w.links[head].prev
	w.links[e] = link{next: head, prev: last}
	w.links[last].next = e
	w.links[head].prev = e
}

// Cancel takes the timer of entry i away, if it has one.
func (w *Wheel) Cancel(i uint32) { w.unlink(w.entry(i)) }

// Advance fires every timer due at or before now, in the order of their ticks, but at most budget of them; done says that none
// is left. A timer is off when it fires, and fire may Set or Cancel any entry, this one too.
//
// After a jump of more than one revolution each slot is visited once, not once for each tick missed. The slots come in another order
// then.
func (w *Wheel) Advance(now uint64, budget int, fire func(i uint32)) (done bool) {
	if now > w.slots && now-w.slots > w.tick {
		w.tick = now - w.slots
	}
	for {
		head := w.head(w.tick)
		for e := w.links[head].next; e != head; e = w.links[head].next {
			if budget <= 0 {
				return false
			}
			budget--
			w.unlink(e)
			fire(e - w.entry(0))
		}
		if w.tick >= now {
			return true
		}
		w.tick++
	}
}

func (w *Wheel) head(tick uint64) uint32 { return 1 + uint32(tick%w.slots) }

func (w *Wheel) entry(i uint32) uint32 { return 1 + uint32(w.slots) + i }

func (w *Wheel) unlink(e uint32) {
	l := w.links[e]
	if l.next == 0 {
		return
	}
	w.links[l.prev].next = l.next
	w.links[l.next].prev = l.prev
	w.links[e] = link{}
}
