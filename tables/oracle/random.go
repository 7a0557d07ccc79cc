package oracle

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// Random is a source of random numbers for one test. A failing test prints its seed, and NITROCARD_SEED repeats the run.
func Random(t testing.TB) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("NITROCARD_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("NITROCARD_SEED is %q; a number is expected", text)
		}
	}
	t.Logf("NITROCARD_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}
