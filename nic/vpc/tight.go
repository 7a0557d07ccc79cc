package vpc

import (
	"cmp"
	"slices"

	"github.com/tidwall/btree"
)

// numberSet is a set of numbers whose copy costs a word.
type numberSet = btree.Map[uint64, struct{}]

// insert puts a number into a set, and tells whether it is new there.
func insert(s *numberSet, n uint64) bool {
	_, had := s.Set(n, struct{}{})
	return !had
}

// setOf is the set of some numbers, which it sorts.
func setOf(numbers []uint64) *numberSet {
	slices.Sort(numbers)
	loaded := &numberSet{}
	for _, n := range numbers {
		loaded.Load(n, struct{}{})
	}
	return trimmed(loaded)
}

// tight is a tree with the same entries in half the memory. Nodes that grow one
// entry after the other have room to spare.
func tight[K cmp.Ordered, V any](t *btree.Map[K, V]) *btree.Map[K, V] {
	loaded := &btree.Map[K, V]{}
	t.Scan(func(key K, value V) bool {
		loaded.Load(key, value)
		return true
	})
	return trimmed(loaded)
}

// trimmed is tight for a tree that was loaded in order. Its nodes are half full, with
// arrays for full ones; to copy a node makes its array as long as it needs to be.
func trimmed[K cmp.Ordered, V any](t *btree.Map[K, V]) *btree.Map[K, V] {
	t = t.Copy()
	t.ScanMut(func(K, V) bool { return true })
	return t
}
