package tables

import (
	"sync/atomic"
	"unsafe"
)

// index is the table behind Cuckoo, without type parameters. A key is words here: a pointer k to a key points at t.words of
// them.
type index struct {
	buckets unsafe.Pointer // mask+1 buckets
	entries unsafe.Pointer // each a key, then a value
	mask    uint32         // the number of buckets, a power of two, less 1
	words   int            // of a key
	stride  uintptr        // bytes from one entry to the next
	keys    hasher

	cap    uint32
	grace  *Grace // the readers that removed indexes wait for; nil for none
	memory memory
	stirs  atomic.Uint64 // see Cuckoo.Stirs; few inserts write it, so it may share a line with fields that all read

	_    [64]byte // keeps the fields below, which the writer writes often, off the lines that all threads read
	used uint32   // entries ever given out
	free uint32   // list of entries to give out: 1 + the first, whose first word is 1 + the next; 0 ends the list
	// Lists like free of entries that wait for readers (see Grace): newer has those removed in the generation under way,
	// older those removed in the generation before.
	older, newer         uint32
	olderLast, newerLast uint32 // the indexes at which the two lists end, if they are not empty
	fence                uint32 // stored atomically, so that all threads see what was removed before the Grace is asked for its generation
	len                  uint32 // which all threads read

	queue [maxVisits]visit // for place; on the stack each call would zero the queue
}

// bucket returns the bucket of a number from 0 to mask.
func (t *index) bucket(i uint32) *bucket {
	return (*bucket)(unsafe.Add(t.buckets, uintptr(i)*bucketSize))
}

// entry returns the address of the entry at an index, which begins with the key.
func (t *index) entry(at uint32) unsafe.Pointer {
	return unsafe.Add(t.entries, uintptr(at)*t.stride)
}

// hash returns the hash of one key.
func (t *index) hash(k unsafe.Pointer) (h uint64) {
	t.hashBurst(k, 1, &h)
	return h
}

// home returns the first bucket of a hash.
//
//	63      48 47                6 5    0
//	+---------+-------------------+------+
//	|   tag   |     ... bucket    |unused|
//	+---------+-------------------+------+
//
// The lowest six bits are unused, so that the hash under a mask is the bucket's offset in memory: a bucket has 64 bytes.
func (t *index) home(hash uint64) uint32 { return uint32(hash>>6) & t.mask }

// other returns the second bucket of an entry with this tag whose first bucket is i, and the first bucket if i is the second.
// The two differ in the lowest bit at least. Both lie on one huge page, because only the lowest 15 bits of the number
// differ.
func (t *index) other(i uint32, tag uint64) uint32 {
	return i ^ (uint32(tag)&0x7fff|1)&t.mask
}

// find looks up one key. Beside the writer find may miss a key: read tells how a moving entry escapes a reader.
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

// word returns the i-th word after p, from 0.
func word(p unsafe.Pointer, i int) *uint64 { return (*uint64)(unsafe.Add(p, 8*i)) }

// equal compares an entry's key with the key k. equal has no branch a word, because keys with equal tags are almost always
// equal.
func equal(entry, k unsafe.Pointer, words int) bool {
	d := peek(word(entry, 0)) ^ *word(k, 0)
	for i := 1; i < words; i++ {
		d |= peek(word(entry, i)) ^ *word(k, i)
	}
	return d == 0
}
