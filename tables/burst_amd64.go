//go:build !race

package tables

import "unsafe"

// candidates is candidatesPortable, in assembly if the processor has the instructions.
func (t *index) candidates(hash *[Burst]uint64, n int, at *[Burst]uint32) (missing uint64) {
	if t.keys.aes {
		return candidatesSSE(t, hash, n, at)
	}
	return t.candidatesPortable(hash, n, at)
}

// unequal2 is unequal2Portable, in assembly if the processor has the instructions.
func (t *index) unequal2(keys unsafe.Pointer, n int, at *[Burst]uint32) (unequal uint64) {
	if t.keys.aes {
		return unequal2SSE(t, keys, n, at)
	}
	return t.unequal2Portable(keys, n, at)
}

// candidatesSSE is candidatesPortable with one comparison a bucket. candidatesSSE also prefetches what the lane needs
// next: its entry or its second bucket. n is not 0.
//
//go:noescape
func candidatesSSE(t *index, hash *[Burst]uint64, n int, at *[Burst]uint32) (missing uint64)

// unequal2SSE is unequal2Portable with one comparison a lane. n is not 0.
//
//go:noescape
func unequal2SSE(t *index, keys unsafe.Pointer, n int, at *[Burst]uint32) (unequal uint64)
