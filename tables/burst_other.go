//go:build !amd64 || race

package tables

import "unsafe"

// prefetch does nothing where it has no instruction for it: the lanes' loads do not depend on each other, so they overlap
// as far as the processor looks ahead.
func prefetch(unsafe.Pointer, uintptr, uintptr, *[Burst]uint32, uint64) {}

func candidates(buckets unsafe.Pointer, l *lanes, at *[Burst]uint32, todo uint64) (found uint64) {
	return candidatesPortable(buckets, l, at, todo)
}

func equal2(entries unsafe.Pointer, stride uintptr, keys unsafe.Pointer, at *[Burst]uint32, todo uint64) (hits uint64) {
	return equal2Portable(entries, stride, keys, at, todo)
}
