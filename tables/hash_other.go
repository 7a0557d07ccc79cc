//go:build !amd64

package tables

import "unsafe"

// hashBurst writes the hashes of n keys to out.
func (t *index) hashBurst(keys unsafe.Pointer, n int, out *uint64) {
	t.keys.portable(keys, t.words, n, out)
}
