package tables

import (
	"math/bits"
	"sync/atomic"
	"unsafe"
)

// lanes is a burst under way: the hash of each key and the bucket to look into.
type lanes struct {
	hash   [Burst]uint64
	bucket [Burst]uint32
}

// findBurst looks up n keys. Sets of lanes are bit masks: bit i stands for keys[i].
func (t *index) findBurst(keys unsafe.Pointer, n int, at *[Burst]uint32) (hits uint64) {
	if n <= 0 {
		return 0
	}
	n = min(n, Burst)
	var l lanes
	t.keys.hash(keys, t.words, n, &l.hash[0])
	for i := range n {
		l.bucket[i] = t.home(l.hash[i])
	}
	all := ^uint64(0) >> (Burst - n)
	hits, unequal := t.probe(keys, &l, all, at)
	rest := all &^ hits
	if rest == 0 {
		return hits
	}
	for m := rest; m != 0; m &= m - 1 {
		i := bits.TrailingZeros64(m) & (Burst - 1)
		l.bucket[i] = t.other(l.bucket[i], tagOf(l.hash[i]))
	}
	more, again := t.probe(keys, &l, rest, at)
	hits |= more
	return hits | t.settle(keys, &l, (unequal|again)&^hits, at)
}

// probe looks into one bucket of each lane in todo. A lane in unequal had a candidate with another key, and may have more.
func (t *index) probe(keys unsafe.Pointer, l *lanes, todo uint64, at *[Burst]uint32) (hits, unequal uint64) {
	prefetch(t.buckets, bucketSize, 0, &l.bucket, todo)
	found := candidates(t.buckets, l, at, todo)
	prefetch(t.entries, t.stride, t.span, at, found)
	hits = t.equalBurst(keys, found, at)
	return hits, found &^ hits
}

// candidatesPortable finds the lanes of todo whose tag is in their bucket, and sets at of each to the index in the first such slot.
// at of the other lanes in todo is undefined.
func candidatesPortable(buckets unsafe.Pointer, l *lanes, at *[Burst]uint32, todo uint64) (found uint64) {
	for ; todo != 0; todo &= todo - 1 {
		i := bits.TrailingZeros64(todo) & (Burst - 1)
		b := (*bucket)(unsafe.Add(buckets, uintptr(l.bucket[i])*bucketSize))
		m := b.match(tagOf(l.hash[i]))
		at[i] = atomic.LoadUint32(&b.at[slotOf(m)])
		found |= nonzero(m) << i
	}
	return found
}

// nonzero is 1 unless x is 0, without a branch: which bucket a key is in cannot be predicted.
func nonzero(x uint64) uint64 { return (x | -x) >> 63 }

// equalBurst finds the lanes of todo whose key is that of entry at. The common sizes have loops of their own, without a loop in them.
func (t *index) equalBurst(keys unsafe.Pointer, todo uint64, at *[Burst]uint32) (hits uint64) {
	switch t.words {
	case 2:
		return equal2(t.entries, t.stride, keys, at, todo)
	case 5:
		return t.equal5(keys, todo, at)
	}
	return t.equalN(keys, todo, at)
}

// equal2Portable is equalBurst for keys of two words.
func equal2Portable(entries unsafe.Pointer, stride uintptr, keys unsafe.Pointer, at *[Burst]uint32, todo uint64) (hits uint64) {
	for ; todo != 0; todo &= todo - 1 {
		i := bits.TrailingZeros64(todo) & (Burst - 1)
		e := (*[2]uint64)(unsafe.Add(entries, uintptr(at[i])*stride))
		k := (*[2]uint64)(unsafe.Add(keys, i*16))
		d := (peek(&e[0]) ^ k[0]) | (peek(&e[1]) ^ k[1])
		hits |= (1 - nonzero(d)) << i
	}
	return hits
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
func (t *index) settle(keys unsafe.Pointer, l *lanes, todo uint64, at *[Burst]uint32) (hits uint64) {
	for ; todo != 0; todo &= todo - 1 {
		i := bits.TrailingZeros64(todo) & (Burst - 1)
		var ok bool
		if at[i], ok = t.find(unsafe.Add(keys, i*t.words*8), l.hash[i]); ok {
			hits |= 1 << i
		}
	}
	return hits
}
