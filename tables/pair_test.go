package tables

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// offer tries to add a pair of keys, whose values are each other's index.
func offer(c *Cuckoo[[2]uint64, uint64], first, second [2]uint64) (p Pair[[2]uint64, uint64], added bool) {
	for i, k := range [2][2]uint64{first, second} {
		p.Entries[i].Key, p.Hashes[i] = k, c.Hash(&k)
	}
	if !c.Reserve(&p) {
		return p, false
	}
	p.Entries[0].Value, p.Entries[1].Value = uint64(p.At[1]), uint64(p.At[0])
	return p, c.AddPair(&p) == nil
}

// Both entries of a pair lead to each other, and go as any others.
func TestAPairLeadsToEachOther(t *testing.T) {
	c, err := New[[2]uint64, uint64](4, 1)
	require.NoError(t, err)
	defer c.Close()
	p, added := offer(c, [2]uint64{1}, [2]uint64{2})
	require.True(t, added)
	require.Equal(t, 2, c.Len())
	for i := range p.At {
		at, ok := c.Lookup(&p.Entries[i].Key)
		require.True(t, ok)
		require.Equal(t, p.At[i], at)
		require.Equal(t, uint64(p.At[1-i]), *c.At(at))
	}
	require.True(t, c.Remove([2]uint64{1}))
	require.Equal(t, []int{1, 3}, []int{c.Len(), c.Free()})
}

// A table with room for one entry takes no pair, and still has room for one: as one that has too many entries,
// and as one whose free indexes wait for readers.
func TestAPairNeedsTwoIndexes(t *testing.T) {
	c, err := New[[2]uint64, uint64](3, 1)
	require.NoError(t, err)
	defer c.Close()
	g := NewGrace(1)
	c.Guard(g)
	g.Reader(0).Pass()
	_, added := offer(c, [2]uint64{1}, [2]uint64{2})
	require.True(t, added)
	_, added = offer(c, [2]uint64{3}, [2]uint64{4})
	require.False(t, added)
	require.Equal(t, []int{2, 1}, []int{c.Len(), c.Free()})

	require.True(t, c.Remove([2]uint64{2}))
	_, added = offer(c, [2]uint64{3}, [2]uint64{4})
	require.False(t, added, "a reader may hold the index of the entry that went")
	_, err = c.Insert([2]uint64{5}, 5)
	require.NoError(t, err, "the other index is there")
	require.True(t, c.Remove([2]uint64{5}))
	for range 2 {
		g.Reader(0).Pass()
		c.Reclaim()
	}
	_, added = offer(c, [2]uint64{3}, [2]uint64{4})
	require.True(t, added)
}

// A pair of which one entry finds no slot is not added, and leaves nothing.
func TestAPairWithoutASlot(t *testing.T) {
	c, err := New[[2]uint64, uint64](90, 1)
	require.NoError(t, err)
	defer c.Close()
	keys := crowd(c, 2*slots+1)
	last, other := keys[2*slots], [2]uint64{1 << 60}
	for _, k := range keys[:2*slots] {
		_, err := c.Insert(k, 1)
		require.NoError(t, err)
	}
	for _, pair := range [][2][2]uint64{{last, other}, {other, last}} {
		p, added := offer(c, pair[0], pair[1])
		require.False(t, added)
		require.Equal(t, []int{2 * slots, c.Cap() - 2*slots}, []int{c.Len(), c.Free()})
		for i := range p.At {
			require.Zero(t, *c.At(p.At[i]))
			_, ok := c.Lookup(&p.Entries[i].Key)
			require.False(t, ok)
		}
	}
	require.True(t, c.Remove(keys[0]))
	_, added := offer(c, other, last)
	require.True(t, added, "the slot that became empty")
}
