package vpc

import (
	"cmp"

	"github.com/tidwall/btree"
)

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
