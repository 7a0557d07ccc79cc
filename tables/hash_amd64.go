package tables

import "unsafe"

// hashBurst writes the hashes of n keys to out.
func (t *index) hashBurst(keys unsafe.Pointer, n int, out *uint64) {
	if t.keys.aes {
		hashAES(t, keys, n, out)
		return
	}
	t.keys.portable(keys, t.words, n, out)
}

// hashAES runs each key through AES rounds under four secret round keys: two rounds after each 16 bytes (a difference in one byte
// is in all of them then), one more at the end. It asks for the first bucket of each.
//
//go:noescape
func hashAES(t *index, keys unsafe.Pointer, n int, out *uint64)
