// Package oracle holds slow, obvious twins of the tables: what package tables does, in code that cannot be wrong in the same way.
// Tests run both and compare.
//
//	table.go   Table, twin of tables.Cuckoo: a Go map
//	grace.go   Grace, twin of tables.Grace: who may still see a removed index
//	wheel.go   Wheel, twin of tables.Wheel: a sorted list
//	random.go  Random, for tests of any package: numbers that a seed repeats
package oracle

// Table is the twin of tables.Cuckoo. Where an entry lies is its caller's to say.
type Table[K comparable, V any] struct {
	Capacity int
	Entries  map[K]V
	At       map[K]uint32
}

// NewTable makes an empty table.
func NewTable[K comparable, V any](capacity int) *Table[K, V] {
	return &Table[K, V]{Capacity: capacity, Entries: map[K]V{}, At: map[K]uint32{}}
}

// Full says whether there is no room for a further entry.
func (t *Table[K, V]) Full() bool { return len(t.Entries) == t.Capacity }

// Has says whether key k is in the table.
func (t *Table[K, V]) Has(k K) bool { _, ok := t.Entries[k]; return ok }

// Insert adds an entry that the table has room for, with the index it was given.
func (t *Table[K, V]) Insert(k K, v V, at uint32) { t.Entries[k], t.At[k] = v, at }

// Remove takes the entry with key k out and says whether it was there.
func (t *Table[K, V]) Remove(k K) bool {
	had := t.Has(k)
	delete(t.Entries, k)
	delete(t.At, k)
	return had
}
