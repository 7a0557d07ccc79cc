package vpc

import (
	"iter"
	"slices"
	"sort"
)

// numberSet is a set of numbers that regions share: a set and its copy share the chunks in
// which they do not differ. A set changes by a list of numbers that go and a list of those
// that come, all at once, so that a million numbers cost a sort and no search each. The
// zero value is empty.
type numberSet struct {
	chunks [][]uint64 // in order, each sorted and not empty
	len    int

	gone, come []uint64 // of the change under way
}

// mostInChunk bounds a chunk, which a change of one number copies.
const mostInChunk = 512

// Len is how many numbers are in the set.
func (s *numberSet) Len() int { return s.len }

// has tells whether a number is in the set.
func (s *numberSet) has(n uint64) bool {
	for first := range s.from(n) {
		return first == n
	}
	return false
}

// from yields the numbers from the first on, in order.
func (s *numberSet) from(first uint64) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for i := s.chunkOf(first); i < len(s.chunks); i++ {
			at := 0
			if s.chunks[i][0] < first {
				at, _ = slices.BinarySearch(s.chunks[i], first)
			}
			for _, n := range s.chunks[i][at:] {
				if !yield(n) {
					return
				}
			}
		}
	}
}

// chunkOf is the index of the first chunk that has a number as large as n.
func (s *numberSet) chunkOf(n uint64) int {
	return sort.Search(len(s.chunks), func(i int) bool { return s.chunks[i][len(s.chunks[i])-1] >= n })
}

// remove takes a number out when the change settles; the number is in the set.
func (s *numberSet) remove(n uint64) { s.gone = append(s.gone, n) }

// add puts a number in when the change settles.
func (s *numberSet) add(n uint64) { s.come = append(s.come, n) }

// expect makes room for so many numbers that come.
func (s *numberSet) expect(n int) { s.come = slices.Grow(s.come, n) }

// settle puts the change in force. Numbers that came, and that came before or were in the
// set and did not go, are twice.
func (s *numberSet) settle() (twice []uint64) {
	gone, come := s.gone, s.come
	s.gone, s.come = nil, nil
	if len(gone)+len(come) == 0 {
		return nil
	}
	slices.Sort(gone)
	slices.Sort(come)
	old := s.chunks
	s.chunks, s.len = make([][]uint64, 0, len(old)+len(come)/mostInChunk+1), 0
	for i := 0; i < max(len(old), 1); i++ {
		if i+1 >= len(old) {
			twice = s.merge(chunkAt(old, i), gone, come, twice)
			break
		}
		next := old[i+1][0]
		g, c := below(gone, next), below(come, next)
		twice = s.merge(old[i], gone[:g], come[:c], twice)
		gone, come = gone[g:], come[c:]
	}
	return twice
}

// chunkAt is a chunk, or none behind the last.
func chunkAt[T any](chunks []T, i int) (none T) {
	if i < len(chunks) {
		return chunks[i]
	}
	return none
}

// below is how many of some sorted numbers are below a bound.
func below(numbers []uint64, bound uint64) int {
	n, _ := slices.BinarySearch(numbers, bound)
	return n
}

// merge appends to the set what becomes of a chunk, and to twice the numbers that it meets
// twice.
func (s *numberSet) merge(chunk, gone, come, twice []uint64) []uint64 {
	if len(gone)+len(come) == 0 {
		s.append(chunk)
		return twice
	}
	all := make([]uint64, 0, len(chunk)+len(come))
	for len(chunk)+len(come) > 0 {
		var n uint64
		if len(come) == 0 || len(chunk) > 0 && chunk[0] <= come[0] {
			n, chunk = chunk[0], chunk[1:]
			gone = gone[below(gone, n):]
			if len(gone) > 0 && gone[0] == n {
				gone = gone[1:]
				continue
			}
		} else {
			n, come = come[0], come[1:]
		}
		if len(all) > 0 && all[len(all)-1] == n {
			twice = append(twice, n)
			continue
		}
		all = append(all, n)
	}
	s.append(all)
	return twice
}

// append appends sorted numbers as chunks, of the same length if there are several.
func (s *numberSet) append(numbers []uint64) {
	s.len += len(numbers)
	for parts := (len(numbers) + mostInChunk - 1) / mostInChunk; parts > 0; parts-- {
		n := len(numbers) / parts
		s.chunks, numbers = append(s.chunks, numbers[:n:n]), numbers[n:]
	}
}
