package tables

import (
	"iter"
	"testing"
)

// Portable makes tables that are made during the test use the portable hash.
func Portable(t *testing.T) {
	was := useAES
	useAES = false
	t.Cleanup(func() { useAES = was })
}

// HasAES says whether tables use the AES hash here.
func HasAES() bool { return useAES }

// Slots returns the number of slots in all buckets.
func (t *Cuckoo[K, V]) Slots() int { return int(t.mask+1) * slots }

// Moves returns the number of times that an entry has left a bucket, by Remove or eviction.
func (t *Cuckoo[K, V]) Moves() (n uint64) {
	for i := range t.mask + 1 {
		n += t.bucket(i).version / 2
	}
	return n
}

// RaceDetector says whether it watches.
const RaceDetector = raceDetector

// Free returns the number of entries that are not in use, by walking the lists of them.
func (t *Cuckoo[K, V]) Free() int {
	n := int(t.cap - t.used)
	for _, at := range []uint32{t.free, t.older, t.newer} {
		for ; at != 0; n++ {
			at = uint32(*word(t.entry(at-1), 0))
		}
	}
	return n
}

// All returns every index in use with its key, in no order. The loop may remove the entry that it is at.
func (t *Cuckoo[K, V]) All() iter.Seq2[uint32, K] {
	return func(yield func(uint32, K) bool) {
		for b := range t.mask + 1 {
			for s := range slots {
				if at := t.bucket(b).at[s]; t.bucket(b).tag(s) != 0 && !yield(at, *t.Key(at)) {
					return
				}
			}
		}
	}
}
