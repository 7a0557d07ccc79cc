package tables

import (
	"math/bits"
	"sync/atomic"
	"unsafe"
)

// findBurst looks up n keys. Sets of lanes are bit masks: bit i stands for keys[i].
func (t *index) findBurst(keys unsafe.Pointer, n int, at *[Burst]uint32) (hits uint64) {
	if n <= 0 {
		return 0
	}
	n = min(n, Burst)
	var hash [Burst]uint64
	t.hashBurst(keys, n, &hash[0])
	found := ^uint64(0) >> (Burst - n) &^ t.candidates(&hash, n, at)
	if found == 0 {
		return 0
	}
	hits = t.equalBurst(keys, found, at)
	if hits == found {
		return hits
	}
	return hits | t.settle(keys, &hash, found&^hits, at)
}

// candidatesPortable sets at of each lane to the index in a slot with its tag, in the first of its buckets that has one. What is
// missing has its tag in neither, and some entry's index all the same.
func (t *index) candidatesPortable(hash *[Burst]uint64, n int, at *[Burst]uint32) (missing uint64) {
	for i := range n {
		h := hash[i&(Burst-1)]
		missing |= t.bucket(t.home(h)).candidate(tagOf(h), &at[i&(Burst-1)]) << i
	}
	for m := missing; m != 0; m &= m - 1 {
		i := bits.TrailingZeros64(m) & (Burst - 1)
		tag := tagOf(hash[i])
		missing ^= (1 ^ t.bucket(t.other(t.home(hash[i]), tag)).candidate(tag, &at[i])) << i
	}
	return missing
}

// candidate sets at to the index in a slot with a tag; missing is 1 if there is none. It has no branch: which bucket
// a key is in cannot be predicted.
func (b *bucket) candidate(tag uint64, at *uint32) (missing uint64) {
	m := b.match(tag)
	*at = atomic.LoadUint32(&b.at[slotOf(m)])
	return 1 - nonzero(m)
}

// nonzero is 1 unless x is 0.
func nonzero(x uint64) uint64 { return (x | -x) >> 63 }

// equalBurst finds the lanes of todo, which is not empty, whose key is that of entry at. The common sizes have loops
// of their own, without a loop in them.
func (t *index) equalBurst(keys unsafe.Pointer, todo uint64, at *[Burst]uint32) (hits uint64) {
	switch t.words {
	case 2:
		return todo &^ t.unequal2(keys, bits.Len64(todo), at)
	case 5:
		return t.equal5(keys, todo, at)
	}
	return t.equalN(keys, todo, at)
}

// unequal2Portable finds the lanes below n whose key, of two words, is not that of entry at. Comparing all of them takes less than looking
// for those with a candidate, and every at is some entry's.
func (t *index) unequal2Portable(keys unsafe.Pointer, n int, at *[Burst]uint32) (unequal uint64) {
	for i := range n {
		e := (*[2]uint64)(t.entry(at[i&(Burst-1)]))
		k := (*[2]uint64)(unsafe.Add(keys, i*16))
		unequal |= nonzero((peek(&e[0])^k[0])|(peek(&e[1])^k[1])) << i
	}
	return unequal
}

func (t *index) equal5(keys unsafe.Pointer, todo uint64, at *[Burst]uint32) (hits uint64) {
	for ; todo != 0; todo &= todo - 1 {
		i := bits.TrailingZeros64(todo) & (Burst - 1)
		e := (*[5]uint64)(t.entry(at[i]))
		k := (*[5]uint64)(unsafe.Add(keys, i*40))
		d := (peek(&e[0]) ^ k[0]) | (peek(&e[1]) ^ k[1]) | (peek(&e[2]) ^ k[2]) | (peek(&e[3]) ^ k[3]) | (peek(&e[4]) ^ k[4])
		hits |= (1 - nonzero(d)) << i
	}
	return hits
}

func (t *index) equalN(keys unsafe.Pointer, todo uint64, at *[Burst]uint32) (hits uint64) {
	for ; todo != 0; todo &= todo - 1 {
		i := bits.TrailingZeros64(todo) & (Burst - 1)
		if equal(t.entry(at[i]), unsafe.Add(keys, i*t.words*8), t.words) {
			hits |= 1 << i
		}
	}
	return hits
}

// settle looks up one by one the lanes whose tag another key has as well, about one in 4,000.
func (t *index) settle(keys unsafe.Pointer, hash *[Burst]uint64, todo uint64, at *[Burst]uint32) (hits uint64) {
	for ; todo != 0; todo &= todo - 1 {
		i := bits.TrailingZeros64(todo) & (Burst - 1)
		var ok bool
		if at[i], ok = t.find(unsafe.Add(keys, i*t.words*8), hash[i]); ok {
			hits |= 1 << i
		}
	}
	return hits
}
