package tables

import (
	"sync/atomic"
	"unsafe"
)

// maxVisits bounds the buckets in which an insert looks for an empty slot. In a table that stays at 95 % load an insert
// visits four buckets on average, and visited at most 94 in 64 million inserts.
const maxVisits = 1024

// visit is a bucket on the way to an empty slot. The entry in the given slot of the parent visit's bucket can move here.
type visit struct {
	bucket uint32
	parent int16 // -1 for the new entry's own two buckets
	slot   int8
}

// insert is Cuckoo.Insert of the entry at e, key and value, whose key has the hash h.
func (t *index) insert(e unsafe.Pointer, h uint64) (at uint32, err error) {
	if at, ok := t.find(e, h); ok {
		return at, ErrExists
	}
	return t.insertNew(e, h)
}

// insertNew is insert of an entry whose key is not in the table.
func (t *index) insertNew(e unsafe.Pointer, h uint64) (at uint32, err error) {
	if t.len == t.cap {
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
	add(&t.len, 1)
	return at, nil
}

// place returns an empty slot for a hash, and moves other entries to make one if both buckets are full. place finds the whole
// way first and moves entries only then, so a table without a way stays as it is.
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

// shift moves entries along the way to visit i, whose bucket has the empty slot, and returns the slot that is empty then:
//
//	new entry ──▶ bucket 1 ──▶ bucket 2 ──▶ bucket 3, visit i
//	                 3rd move     2nd move      1st move: into the empty slot
//
// The last entry moves first, and each entry is in its new slot before it leaves the old one, so a reader finds it in one
// of the two. Visits are made in the order of their distance, so the way is a shortest one and has no bucket twice.
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

// ready tells whether an entry is there for take. For a moment none is there if all unused entries wait for readers.
func (t *index) ready() bool {
	if t.free != 0 || t.grace != nil && t.ripen() {
		return true
	}
	return t.used < t.cap
}

// ripen ends generations until an entry is free, or until a reader has not passed yet.
func (t *index) ripen() bool {
	for t.free == 0 && t.turn() {
	}
	return t.free != 0
}

// turn ends the generation, if entries wait and every reader has passed; ended tells whether. Those that were removed in
// the generation before are free then.
func (t *index) turn() (ended bool) {
	if t.older|t.newer == 0 {
		return false
	}
	atomic.StoreUint32(&t.fence, 0)
	if !t.grace.advance() {
		return false
	}
	if t.older != 0 {
		atomic.StoreUint64(word(t.entry(t.olderLast), 0), uint64(t.free))
		t.free = t.older
	}
	t.older, t.olderLast, t.newer = t.newer, t.newerLast, 0
	return true
}

// take returns an unused entry: the one freed last, which is the most likely to be in the cache.
func (t *index) take() (at uint32) {
	if t.free == 0 {
		t.used++
		return t.used - 1
	}
	at = t.free - 1
	t.free = uint32(*word(t.entry(at), 0))
	return at
}

// removeAt is Cuckoo.RemoveAt. The entry is found by its index, so no key is compared.
func (t *index) removeAt(at uint32, h uint64) {
	i, tag := t.home(h), tagOf(h)
	b := t.bucket(i)
	slot, ok := b.slotAt(tag, at)
	if !ok {
		b = t.bucket(t.other(i, tag))
		if slot, ok = b.slotAt(tag, at); !ok {
			return
		}
	}
	b.clear(slot)
	t.give(at)
	add(&t.len, ^uint32(0))
}

// give zeroes the value of an entry and puts the entry on the free list, or on the list of those that wait for readers. A
// reader may be copying the entry; the bucket's version, which has changed before, tells the reader to drop the copy.
func (t *index) give(at uint32) {
	e, list := t.entry(at), &t.free
	if t.grace != nil {
		list = &t.newer
		if *list == 0 {
			t.newerLast = at
		}
	}
	release(e, uint64(*list), t.words, int(t.stride/8))
	*list = at + 1
}
