//go:build !amd64

package tables

import "unsafe"

// hash writes the hashes of n keys to out.
func (h *hasher) hash(keys unsafe.Pointer, words, n int, out *uint64) {
	h.portable(keys, words, n, out)
}
