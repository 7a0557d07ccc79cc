package tables

import (
	"math/bits"
	"sync/atomic"
	"unsafe"
)

// findBurst looks up n keys. A lane is a key's place in the burst; sets of lanes are bit masks, in which bit i is keys[i].
func (t *index) findBurst(keys unsafe.Pointer, n int, at *[Burst]uint32) (hits uint64) {
	if n <= 0 {
		return 0
	}
	n = min(n, Burst)
	var hash [Burst]uint64
	t.hashBurst(keys, n, &hash[0])
	return t.findHashed(keys, &hash, n, at)
}

// findHashed is findBurst of n keys, at least one, with their hashes.
func (t *index) findHashed(keys unsafe.Pointer, hash *[Burst]uint64, n int, at *[Burst]uint32) (hits uint64) {
	found := ^uint64(0) >> (Burst - n) &^ t.candidates(hash, n, at)
	if found == 0 {
		return 0
	}
	hits = t.equalBurst(keys, found, at)
	if hits == found {
		return hits
	}
	return hits | t.retry(keys, hash, found&^hits, at)
}

// candidatesPortable sets at of each lane to the index in a slot with the lane's tag, in the first of the lane's two
// buckets that has such a slot. A lane in missing has its tag in neither bucket; at of such a lane is some entry's index,
// so that the next step may read an entry for every lane.
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

// candidate sets at to the index in a slot with the tag; missing is 1 if no slot has the tag. candidate has no branch,
// because the processor cannot predict which of its buckets a key is in.
func (b *bucket) candidate(tag uint64, at *uint32) (missing uint64) {
	m := b.match(tag)
	*at = atomic.LoadUint32(&b.at[slotOf(m)])
	return 1 - nonzero(m)
}

// nonzero is 0 if x is 0, and 1 otherwise.
func nonzero(x uint64) uint64 { return (x | -x) >> 63 }

// equalBurst finds the lanes of todo whose key is that of entry at. todo is not empty. Keys of two words have code of
// their own, without an inner loop over words.
func (t *index) equalBurst(keys unsafe.Pointer, todo uint64, at *[Burst]uint32) (hits uint64) {
	if t.words == 2 {
		return todo &^ t.unequal2(keys, bits.Len64(todo), at)
	}
	return t.equalN(keys, todo, at)
}

// unequal2Portable finds the lanes below n whose key, of two words, is not that of entry at. To compare all lanes takes
// less time than to look for the lanes with a candidate; every at is some entry's index.
func (t *index) unequal2Portable(keys unsafe.Pointer, n int, at *[Burst]uint32) (unequal uint64) {
	for i := range n {
		e := (*[2]uint64)(t.entry(at[i&(Burst-1)]))
		k := (*[2]uint64)(unsafe.Add(keys, i*16))
		unequal |= nonzero((peek(&e[0])^k[0])|(peek(&e[1])^k[1])) << i
	}
	return unequal
}

// equalN is equalBurst for keys of any length.
func (t *index) equalN(keys unsafe.Pointer, todo uint64, at *[Burst]uint32) (hits uint64) {
	for ; todo != 0; todo &= todo - 1 {
		i := bits.TrailingZeros64(todo) & (Burst - 1)
		if equal(t.entry(at[i]), unsafe.Add(keys, i*t.words*8), t.words) {
			hits |= 1 << i
		}
	}
	return hits
}

// retry looks up one by one the lanes whose candidate was another key with the same tag, about one lane in 4,000.
func (t *index) retry(keys unsafe.Pointer, hash *[Burst]uint64, todo uint64, at *[Burst]uint32) (hits uint64) {
	for ; todo != 0; todo &= todo - 1 {
		i := bits.TrailingZeros64(todo) & (Burst - 1)
		var ok bool
		if at[i], ok = t.find(unsafe.Add(keys, i*t.words*8), hash[i]); ok {
			hits |= 1 << i
		}
	}
	return hits
}
