//go:build !amd64 || race

package tables

import "unsafe"

// The portable steps do not prefetch: Go has no prefetch instruction. The lanes' loads do not depend on each other, so
// they overlap as far as the processor looks ahead.

// candidates is candidatesPortable where there is no assembly.
func (t *index) candidates(hash *[Burst]uint64, n int, at *[Burst]uint32) (missing uint64) {
	return t.candidatesPortable(hash, n, at)
}

// unequal2 is unequal2Portable where there is no assembly.
func (t *index) unequal2(keys unsafe.Pointer, n int, at *[Burst]uint32) (unequal uint64) {
	return t.unequal2Portable(keys, n, at)
}
