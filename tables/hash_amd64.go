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

// hashAES runs each key through AES rounds under four secret round keys. Two rounds follow each 16 bytes, which spread a
// difference in one byte over all 16; one more round follows at the end. hashAES also prefetches the first bucket of each
// key.
//
//go:noescape
func hashAES(t *index, keys unsafe.Pointer, n int, out *uint64)
