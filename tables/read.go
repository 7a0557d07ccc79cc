package tables

import (
	"sync/atomic"
	"unsafe"
)

// read copies the entry of key k to e, for readers beside the writer.
//
// A copy is whole if no entry has left its bucket since before the slot was read: an entry is written again only after it
// has left. A miss is a miss if no entry has left either bucket since before the first was read: an entry that moves is
// in its new bucket before it leaves its old one, so it escapes only a reader who looked into the new one too
// early, and then the old one has lost it since.
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

// locate finds the index of key k, for readers beside the writer. A guarded entry that has left its bucket keeps its key until no
// reader can see it, so what is found needs no second look at the version; a miss is one as in read.
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

// copyFrom copies the entry of key k from one bucket to e. It may be torn until the bucket's version has been checked.
func (t *index) copyFrom(b *bucket, tag uint64, k, e unsafe.Pointer) bool {
	for m := b.match(tag); m != 0; m &= m - 1 {
		load(e, t.entry(atomic.LoadUint32(&b.at[slotOf(m)])), int(t.stride/8))
		if equal(e, k, t.words) {
			return true
		}
	}
	return false
}

// load copies words from where the writer may be writing.
func load(to, from unsafe.Pointer, words int) {
	for i := range words {
		*word(to, i) = atomic.LoadUint64(word(from, i))
	}
}
