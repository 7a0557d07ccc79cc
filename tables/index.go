package tables

import (
	"sync/atomic"
	"unsafe"
)

// index is the table behind Cuckoo. Keys are words here: a pointer to a key points at index.words of them.
type index struct {
	buckets unsafe.Pointer // mask+1 of them
	entries unsafe.Pointer // key, then value; stride bytes each
	mask    uint32
	words   int     // of a key
	stride  uintptr // of entries, in bytes
	keys    hasher

	cap    uint32
	grace  *Grace // of the readers that indexes wait for; nil: none
	memory memory
	stirs  atomic.Uint64 // see Cuckoo.Stirs; written so seldom that it may lie among what all read

	_    [64]byte // what follows is written again and again, and what is above read by all
	used uint32   // entries ever given out
	free uint32   // 1 + the entry to give out next, which links to the one after it in its first word; 0: none
	// What was removed in the generation under way, and in the one before: lists like free.
	late, later uint32
	len         atomic.Uint32

	queue [maxVisits]visit // of place, here because a stack frame would be zeroed on each call
}

func (t *index) bucket(i uint32) *bucket {
	return (*bucket)(unsafe.Add(t.buckets, uintptr(i)*bucketSize))
}

func (t *index) entry(at uint32) unsafe.Pointer {
	return unsafe.Add(t.entries, uintptr(at)*t.stride)
}

func (t *index) hash(k unsafe.Pointer) (h uint64) {
	t.hashBurst(k, 1, &h)
	return h
}

// home returns the first bucket of a hash. Its lowest six bits are left out, so that the bucket's place in memory is a masked hash.
func (t *index) home(hash uint64) uint32 { return uint32(hash>>6) & t.mask }

// other returns the second bucket of an entry with this tag that is in bucket i, and the first from the second. The two differ,
// as the lowest bit does, and are within 2 MB of each other, on one huge page.
func (t *index) other(i uint32, tag uint64) uint32 {
	return i ^ (uint32(tag)&0x7fff|1)&t.mask
}

// find looks up one key. Beside the writer it may miss one that is there, as an entry that moves may be behind a reader when the reader
// comes to its new place.
func (t *index) find(k unsafe.Pointer, hash uint64) (at uint32, ok bool) {
	i, tag := t.home(hash), tagOf(hash)
	if at, _, ok = t.scan(t.bucket(i), k, tag); ok {
		return at, true
	}
	at, _, ok = t.scan(t.bucket(t.other(i, tag)), k, tag)
	return at, ok
}

// scan looks for a key in one bucket.
func (t *index) scan(b *bucket, k unsafe.Pointer, tag uint64) (at uint32, slot int, ok bool) {
	for m := b.match(tag); m != 0; m &= m - 1 {
		slot = slotOf(m)
		if at = atomic.LoadUint32(&b.at[slot]); equal(t.entry(at), k, t.words) {
			return at, slot, true
		}
	}
	return 0, 0, false
}

// word returns word i of what p points at.
func word(p unsafe.Pointer, i int) *uint64 { return (*uint64)(unsafe.Add(p, 8*i)) }

// equal compares an entry's key with another, without a branch a word: keys that get here are equal almost always.
func equal(entry, k unsafe.Pointer, words int) bool {
	d := peek(word(entry, 0)) ^ *word(k, 0)
	for i := 1; i < words; i++ {
		d |= peek(word(entry, i)) ^ *word(k, i)
	}
	return d == 0
}
