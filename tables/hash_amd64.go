package tables

import "unsafe"

// hash writes the hashes of n keys to out.
func (h *hasher) hash(keys unsafe.Pointer, words, n int, out *uint64) {
	if h.aes {
		hashAES(keys, words, n, &h.secret, out)
		return
	}
	h.portable(keys, words, n, out)
}

// hashAES runs each key through AES rounds under four secret round keys: two rounds after each 16 bytes (a difference in one byte
// is in all of them then), one more at the end.
//
//go:noescape
func hashAES(keys unsafe.Pointer, words, n int, secret *[maxWords]uint64, out *uint64)
