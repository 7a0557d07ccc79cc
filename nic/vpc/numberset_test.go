package vpc

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/tables/oracle"
)

// numbers are those of a set, from the first on.
func (s *numberSet) numbers(first uint64) []uint64 { return slices.Collect(s.from(first)) }

// A set is what a map is after any changes; the sets before stay as they were.
func TestNumberSetAgreesWithAMap(t *testing.T) {
	r := oracle.Random(t)
	var s numberSet
	truth := map[uint64]bool{}
	for range 300 {
		was, before := s, s.numbers(0)
		var twice []uint64
		next := map[uint64]bool{}
		for n := range truth {
			if r.IntN(1+r.IntN(8)) == 0 {
				s.remove(n)
			} else {
				next[n] = true
			}
		}
		for range r.IntN(1 + r.IntN(4*mostInChunk)) {
			n := r.Uint64N(1 << 14)
			s.add(n)
			if next[n] {
				twice = append(twice, n)
			}
			next[n] = true
		}
		slices.Sort(twice)
		require.Equal(t, twice, s.settle())
		truth = next
		from := r.Uint64N(1 << 14)
		var want []uint64
		for n := range truth {
			if n >= from {
				want = append(want, n)
			}
		}
		slices.Sort(want)
		require.Equal(t, want, s.numbers(from))
		require.Equal(t, len(truth), s.Len())
		require.Equal(t, truth[from], s.has(from))
		require.Equal(t, before, was.numbers(0))
		for _, c := range s.chunks {
			require.True(t, len(c) > 0 && len(c) <= mostInChunk)
		}
	}
}

// A change of a few numbers copies the chunks of these.
func TestNumberSetSharesChunks(t *testing.T) {
	var s numberSet
	for n := range uint64(100 * mostInChunk) {
		s.add(2 * n)
	}
	require.Empty(t, s.settle())
	was := s
	s.add(7)
	s.remove(60000)
	require.Empty(t, s.settle())
	others := 0
	for i := range s.chunks {
		if !slices.ContainsFunc(was.chunks, func(c []uint64) bool { return &c[0] == &s.chunks[i][0] }) {
			others++
		}
	}
	require.LessOrEqual(t, others, 3)
}

func BenchmarkNumberSet(b *testing.B) {
	numbers := make([]uint64, 1_000_000)
	for i := range numbers {
		numbers[i] = rand.Uint64()
	}
	b.ReportAllocs()
	for b.Loop() {
		var s numberSet
		s.expect(len(numbers))
		for _, n := range numbers {
			s.add(n)
		}
		sink += len(s.settle())
	}
}
