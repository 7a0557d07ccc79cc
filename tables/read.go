package tables

import (
	"sync/atomic"
	"unsafe"
)

// read copies the entry of key k to e, for readers beside the writer.
//
// An entry that moves from the second bucket to the first can escape a reader:
//
//  1. the reader looks into the first bucket, where the entry is not yet
//  2. the writer puts the entry into the first bucket
//  3. the writer clears the entry's slot in the second bucket, which changes that bucket's version
//  4. the reader looks into the second bucket, where the entry is no more
//
// A copy can mix two entries:
//
//  1. the reader reads an index in a slot
//  2. the writer clears the slot, which changes the bucket's version, and gives the index to another entry
//  3. the reader copies the words while the writer writes them
//
// In both races the version of a bucket changes while the reader looks. So read loads both versions before and after, and
// tries again if one has changed.
func (t *index) read(k, e unsafe.Pointer) bool {
	h := t.hash(k)
	i, tag := t.home(h), tagOf(h)
	first, second := t.bucket(i), t.bucket(t.other(i, tag))
	for {
		v1, v2 := atomic.LoadUint64(&first.version), atomic.LoadUint64(&second.version)
		found := t.copyFrom(first, tag, k, e)
		if !found {
			found = t.copyFrom(second, tag, k, e)
		}
		if atomic.LoadUint64(&first.version) == v1 && atomic.LoadUint64(&second.version) == v2 {
			return found
		}
	}
}

// locate finds the index of key k, for readers beside the writer of a guarded table. A removed entry's index goes to another
// key only when no reader can see the entry, so a hit needs no second look at the versions. A miss needs one, as in read.
func (t *index) locate(k unsafe.Pointer) (at uint32, ok bool) {
	h := t.hash(k)
	i, tag := t.home(h), tagOf(h)
	first, second := t.bucket(i), t.bucket(t.other(i, tag))
	for {
		v1, v2 := atomic.LoadUint64(&first.version), atomic.LoadUint64(&second.version)
		if at, _, ok = t.scan(first, k, tag); ok {
			return at, true
		}
		if at, _, ok = t.scan(second, k, tag); ok {
			return at, true
		}
		if atomic.LoadUint64(&first.version) == v1 && atomic.LoadUint64(&second.version) == v2 {
			return 0, false
		}
	}
}

// copyFrom copies the entry of key k from one bucket to e. The copy may mix two entries until read has checked the bucket's
// version.
func (t *index) copyFrom(b *bucket, tag uint64, k, e unsafe.Pointer) bool {
	for m := b.match(tag); m != 0; m &= m - 1 {
		load(e, t.entry(atomic.LoadUint32(&b.at[slotOf(m)])), int(t.stride/8))
		if equal(e, k, t.words) {
			return true
		}
	}
	return false
}

// load copies words that the writer may be writing.
func load(to, from unsafe.Pointer, words int) {
	for i := range words {
		*word(to, i) = atomic.LoadUint64(word(from, i))
	}
}
