package tables

import "testing"

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
	for _, at := range []uint32{t.free, t.late, t.later} {
		for ; at != 0; n++ {
			at = uint32(*word(t.entry(at-1), 0))
		}
	}
	return n
}
