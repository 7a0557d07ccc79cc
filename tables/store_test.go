package tables

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// Assembly stores what Go stores, and not a word beside.
func TestStoresAsThePortableOnes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		var b bucket
		for i := range b.tags {
			b.tags[i], b.version = r.Uint64(), r.Uint64()
		}
		same, s, at, tags := b, r.IntN(slots), r.Uint32(), r.Uint64()
		fillSlot(&b, s, at, s>>2, tags)
		fillSlotPortable(&same, s, at, s>>2, tags)
		require.Equal(t, same, b)
		clearSlot(&b, s>>2, ^tags)
		clearSlotPortable(&same, s>>2, ^tags)
		require.Equal(t, same, b)
	}
	var from [maxWords]uint64
	for words := range from {
		from[words] = r.Uint64()
		to := [maxWords + 1]uint64{}
		for i := range to {
			to[i] = r.Uint64()
		}
		same, first := to, r.Uint64()
		store(unsafe.Pointer(&to), unsafe.Pointer(&from), words+1)
		storePortable(unsafe.Pointer(&same), unsafe.Pointer(&from), words+1)
		require.Equal(t, same, to)
		for value := 1; value <= words+1; value++ { // of which the last has no word
			release(unsafe.Pointer(&to), first, value, words+1)
			releasePortable(unsafe.Pointer(&same), first, value, words+1)
			require.Equal(t, same, to)
		}
		n, m := r.Uint32(), r.Uint32()
		sum := n
		add(&n, m)
		addPortable(&sum, m)
		require.Equal(t, sum, n)
	}
}
