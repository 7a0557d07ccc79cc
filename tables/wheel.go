package tables

import (
	"fmt"
	"math"
	"unsafe"
)

// Wheel holds one timer for each entry of a table, by index. A Wheel belongs to one goroutine at a time.
//
// Timers lie in slots, one slot a tick, in the order in which they were set:
//
//	slot of tick 41   tick 42       tick 43
//	+----+            +----+        +----+
//	|head|⇄ 7 ⇄ 3 ⇄   |head|⇄       |head|⇄ 12 ⇄
//	+----+            +----+        +----+
//
// A Wheel has one level of slots. A timer farther off than the slots reach fires early, and its owner looks at the entry's
// real deadline and sets the timer again. So a packet notes its time in the entry and need not touch the wheel.
type Wheel struct {
	array *Array[link]
	links []link // array's: an unused one, then a head for each slot, then a link for each entry
	slots uint64
	tick  uint64 // the tick being fired, or fired last; no timer is set into its slot
}

// link is a node of a slot's ring. The link of an entry without a timer has next 0.
type link struct{ next, prev uint32 }

var _ [8]byte = [unsafe.Sizeof(link{})]byte{}

// NewWheel makes a wheel for entries 0 to n-1 that reaches slots-1 ticks ahead and stands at tick 0. A wheel takes 8 bytes
// an entry and 8 a slot.
func NewWheel(n int, slots int) (*Wheel, error) {
	if n < 0 || slots < 2 || uint64(n)+uint64(slots) >= math.MaxUint32 {
		const format = "wheel for %d entries with %d slots: it needs at least 2 slots, and under %d of both"
		return nil, fmt.Errorf(format, n, slots, uint32(math.MaxUint32))
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

// Set makes entry i fire at tick, in the place of the timer that the entry had. A tick that has come already counts as the
// next tick; a tick beyond the wheel's reach counts as the farthest tick in reach.
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

// Cancel takes the timer of entry i away, if the entry has one.
func (w *Wheel) Cancel(i uint32) { w.unlink(w.entry(i)) }

// Advance fires the timers due at or before now, in the order of their ticks, and at most budget of them; done says that no
// due timer is left. A timer is off when it fires; fire may Set or Cancel any entry, this one too.
//
// After a jump of more than one revolution Advance visits each slot once. Timers then fire in the order of the slots from
// tick now-slots on, which need not be the order of their ticks.
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

// head returns the link that is the head of a tick's slot.
func (w *Wheel) head(tick uint64) uint32 { return 1 + uint32(tick%w.slots) }

// entry returns the link of entry i.
func (w *Wheel) entry(i uint32) uint32 { return 1 + uint32(w.slots) + i }

// unlink takes a link out of its ring, if it is in one.
func (w *Wheel) unlink(e uint32) {
	l := w.links[e]
	if l.next == 0 {
		return
	}
	w.links[l.prev].next = l.next
	w.links[l.next].prev = l.prev
	w.links[e] = link{}
}
