package tables

import (
	"sync/atomic"
	"unsafe"
)

// maxVisits bounds the buckets that an insert looks at for an empty slot. In a table that stays at 95 % load
// four are enough on average, and 94 were the most in 64 million inserts.
const maxVisits = 1024

// visit is a bucket on the way to an empty slot: the entry in slot of the bucket at queue[parent] can move here.
type visit struct {
	bucket uint32
	parent int16 // -1: one of the new entry's own two buckets
	slot   int8
}

func (t *index) insert(e unsafe.Pointer) (at uint32, err error) {
	h := t.hash(e)
	if at, ok := t.find(e, h); ok {
		return at, ErrExists
	}
	if t.len.Load() == t.cap {
		return 0, ErrFull
	}
	if !t.ready() {
		return 0, ErrFull
	}
	b, slot, ok := t.place(h)
	if !ok {
		return 0, ErrFull
	}
	at = t.take()
	store(t.entry(at), e, int(t.stride/8))
	b.fill(slot, tagOf(h), at)
	t.len.Add(1)
	return at, nil
}

// place returns an empty slot for a hash, which it makes by moving others if it must. Until it has found a way for all of
// them it moves none.
func (t *index) place(hash uint64) (b *bucket, slot int, ok bool) {
	first := t.home(hash)
	t.queue[0] = visit{bucket: first, parent: -1}
	t.queue[1] = visit{bucket: t.other(first, tagOf(hash)), parent: -1}
	for i, n := 0, 2; i < n; i++ {
		b := t.bucket(t.queue[i].bucket)
		if m := b.empty(); m != 0 {
			b, slot := t.shift(i, slotOf(m))
			return b, slot, true
		}
		for s := 0; s < slots && n < maxVisits; s++ {
			t.queue[n] = visit{t.other(t.queue[i].bucket, b.tag(s)), int16(i), int8(s)}
			n++
		}
	}
	return nil, 0, false
}

// shift moves one entry after the other along the way to visit i, whose slot is empty, the last one first: each is in its new place before it
// leaves its old one. It returns the slot that is empty then. Visits are made in the order of their distance, so
// the way is a shortest one and sees no bucket twice.
func (t *index) shift(i int, slot int) (*bucket, int) {
	to := t.bucket(t.queue[i].bucket)
	if t.queue[i].parent < 0 {
		return to, slot
	}
	t.stirs.Add(1)
	defer t.stirs.Add(1)
	for t.queue[i].parent >= 0 {
		v := t.queue[i]
		from, s := t.bucket(t.queue[v.parent].bucket), int(v.slot)
		to.fill(slot, from.tag(s), from.at[s])
		from.clear(s)
		to, slot, i = from, s, int(v.parent)
	}
	return to, slot
}

// ready tells whether take has an entry to give. Where all that are not in use wait for readers, there is none for a moment.
func (t *index) ready() bool {
	if t.free != 0 || t.grace != nil && t.ripen() {
		return true
	}
	return t.used < t.cap
}

// ripen ends generations while it can and must: what was removed before the last one ended is free.
func (t *index) ripen() bool {
	for t.free == 0 && t.late|t.later != 0 && t.grace.turn() {
		t.free, t.late, t.later = t.late, t.later, 0
	}
	return t.free != 0
}

// take returns an entry that is not in use: the one freed last, which is the likeliest to be in the cache.
func (t *index) take() (at uint32) {
	if t.free == 0 {
		t.used++
		return t.used - 1
	}
	at = t.free - 1
	t.free = uint32(*word(t.entry(at), 0))
	return at
}

func (t *index) remove(k unsafe.Pointer) bool {
	h := t.hash(k)
	i, tag := t.home(h), tagOf(h)
	b := t.bucket(i)
	at, slot, ok := t.scan(b, k, tag)
	if !ok {
		b = t.bucket(t.other(i, tag))
		if at, slot, ok = t.scan(b, k, tag); !ok {
			return false
		}
	}
	b.clear(slot)
	t.give(at)
	t.len.Add(^uint32(0))
	return true
}

// give puts an entry on the free list, or on that of those that wait, its value zeroed. Readers may still be copying it: the bucket's
// version, changed before, tells them to drop what they have.
func (t *index) give(at uint32) {
	e, list := t.entry(at), &t.free
	if t.grace != nil {
		list = &t.later
	}
	atomic.StoreUint64(word(e, 0), uint64(*list))
	*list = at + 1
	for i := t.words; i < int(t.stride/8); i++ {
		put(word(e, i), 0)
	}
}

// store copies words to where readers may be looking.
func store(to, from unsafe.Pointer, words int) {
	for i := range words {
		put(word(to, i), *word(from, i))
	}
}

// put spares the store of a word that is right already: an atomic one costs as much as five plain ones, and most of a
// new connection's words are zero. Who holds an entry that is given back may still write to it.
func put(p *uint64, w uint64) {
	if peek(p) != w {
		atomic.StoreUint64(p, w)
	}
}
