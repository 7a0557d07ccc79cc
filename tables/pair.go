package tables

import (
	"sync/atomic"
	"unsafe"
)

// Entry is a key with its value, padded to whole words.
type Entry[K comparable, V any] struct {
	_     [0]uint64
	Key   K
	Value V
}

// Pair is two entries on their way into a table, whose values may name each other's index.
type Pair[K comparable, V any] struct {
	Entries [2]Entry[K, V]
	Hashes  [2]Hash   // of the keys
	At      [2]uint32 // the indexes, from Reserve on
}

// Reserve gives a pair the indexes at which AddPair, which the writer calls next, adds the pair; ok is false if the table has
// no room for both.
func (t *Cuckoo[K, V]) Reserve(p *Pair[K, V]) (ok bool) { return t.reserve(&p.At) }

// AddPair adds a pair whose keys are not in the table, as the writer knows from look-ups. Both entries are whole before a
// reader finds either. The error is ErrFull: the table is as it was before Reserve, but that readers may have found the
// first entry for a moment.
func (t *Cuckoo[K, V]) AddPair(p *Pair[K, V]) error {
	t.write(p.At[0], unsafe.Pointer(&p.Entries[0]))
	t.write(p.At[1], unsafe.Pointer(&p.Entries[1]))
	return t.addPair(&p.At, &p.Hashes)
}

// reserve is Cuckoo.Reserve.
func (t *index) reserve(at *[2]uint32) (ok bool) {
	if t.len+1 >= t.cap || !t.ready() {
		return false
	}
	at[0] = t.take()
	if !t.ready() {
		atomic.StoreUint64(word(t.entry(at[0]), 0), uint64(t.free))
		t.free = at[0] + 1
		return false
	}
	at[1] = t.take()
	return true
}

// write writes the entry at an index, which no reader finds yet.
func (t *index) write(at uint32, e unsafe.Pointer) { store(t.entry(at), e, int(t.stride/8)) }

// addPair is Cuckoo.AddPair of entries that are written.
func (t *index) addPair(at *[2]uint32, h *[2]Hash) error {
	if !t.show(at[0], uint64(h[0])) {
		t.give(at[0])
		t.give(at[1])
		return ErrFull
	}
	if !t.show(at[1], uint64(h[1])) {
		t.removeAt(at[0], uint64(h[0]))
		t.give(at[1])
		return ErrFull
	}
	return nil
}

// show puts the entry at an index, whose key has the hash h, into a bucket, where readers find it.
func (t *index) show(at uint32, h uint64) (ok bool) {
	b, slot, ok := t.place(h)
	if ok {
		b.fill(slot, tagOf(h), at)
		add(&t.len, 1)
	}
	return ok
}
