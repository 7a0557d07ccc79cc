package tables

import (
	"encoding/binary"
	"unsafe"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/sys/cpu"
)

// useAES says whether New makes tables with the AES hash; tests switch it off. The steps of a burst need SSSE3 too, which
// every processor with AES instructions has, unless a hypervisor hides it.
var useAES = cpu.X86.HasAES && cpu.X86.HasSSSE3

// hasher is a table's own hash function.
type hasher struct {
	secret [maxWords]uint64 // four AES round keys, or the words that xxhash's input is XORed with
	aes    bool             // AES rounds, and a burst's steps in assembly; on amd64 only
}

// newHasher makes a hash function whose secret words come from the seed.
func newHasher(seed uint64) hasher {
	h := hasher{aes: useAES}
	for i := range h.secret {
		seed += 0x9e37_79b9_7f4a_7c15 // splitmix64 (Steele, Lea, Flood 2014)
		z := seed
		z = (z ^ z>>30) * 0xbf58_476d_1ce4_e5b9
		z = (z ^ z>>27) * 0x94d0_49bb_1331_11eb
		h.secret[i] = z ^ z>>31
	}
	return h
}

// portable hashes n keys with xxhash. Each word is XORed with a secret first, because some inputs collide under every seed
// of xxhash.
func (h *hasher) portable(keys unsafe.Pointer, words, n int, out *uint64) {
	for i := range n {
		var b [8 * maxWords]byte
		for w := range words {
			binary.LittleEndian.PutUint64(b[8*w:], *word(keys, i*words+w)^h.secret[w])
		}
		*word(unsafe.Pointer(out), i) = xxhash.Sum64(b[:8*words])
	}
}
