package tables

import "math/rand/v2"

// FillSecret fills words that key a hash from a seed, which is a secret. use is a number that only this hash has, so that
// no two hashes of one seed share their words.
func FillSecret(words []uint64, seed, use uint64) {
	random := rand.NewPCG(seed, use)
	for i := range words {
		words[i] = random.Uint64()
	}
}
