//go:build !race

package tables

import "unsafe"

// prefetch asks for the cache line of base + at[i]*stride for each bit i of todo, and for the one span bytes on if span is not 0.
// One call a burst: a call for each lane costs more than it gains.
//
//go:noescape
func prefetch(base unsafe.Pointer, stride, span uintptr, at *[Burst]uint32, todo uint64)

// candidates is candidatesPortable with one SSE2 comparison a bucket; lookups of whole bursts take 2/3 of the time with it.
//
//go:noescape
func candidates(buckets unsafe.Pointer, l *lanes, at *[Burst]uint32, todo uint64) (found uint64)

// equal2 is equal2Portable with one SSE2 comparison a lane, in 3/5 of the instructions.
//
//go:noescape
func equal2(entries unsafe.Pointer, stride uintptr, keys unsafe.Pointer, at *[Burst]uint32, todo uint64) (hits uint64)
