package tables

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// Buckets and entries of every table begin on a cache line, also those of a table large enough for huge pages.
func TestMemoryIsAlignedAndZero(t *testing.T) {
	for _, size := range []uintptr{1, 4096, 1 << 20, 5 << 20} {
		m, err := allocate(size)
		require.NoError(t, err)
		require.Zero(t, uintptr(m.base)%64)
		require.GreaterOrEqual(t, uintptr(unsafe.Pointer(unsafe.SliceData(m.bytes)))+uintptr(m.size()), uintptr(m.base)+size)
		last := (*byte)(unsafe.Add(m.base, size-1))
		require.Zero(t, *last)
		*last = 1
		m.release()
	}
	c, err := New[uint64, uint64](1000, 1)
	require.NoError(t, err)
	defer c.Close()
	require.Zero(t, uintptr(c.entries)%64)
}

func TestAligned(t *testing.T) {
	b := make([]byte, 512)
	for i := range 128 {
		first, p := uintptr(unsafe.Pointer(&b[i])), uintptr(aligned(b[i:], 128))
		require.Zero(t, p%128)
		require.Less(t, p-first, uintptr(128), "the first such address")
	}
}

func TestMemoryThatIsNotThere(t *testing.T) {
	_, err := New[[8]uint64, [1 << 20]uint64](maxCapacity, 1) // 16 PB, more than a process can address
	require.ErrorContains(t, err, "the system gives no memory")
}

// The packet path allocates nothing.
func TestNoAllocation(t *testing.T) {
	c, err := New[[2]uint64, [6]uint64](1000, 1)
	require.NoError(t, err)
	defer c.Close()
	var keys [Burst][2]uint64
	var at [Burst]uint32
	n := uint64(0)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		k := [2]uint64{n % 1500, 1}
		n++
		_, _ = c.Insert(k, [6]uint64{n})
		c.Lookup(&k)
		c.Get(k)
		c.LookupBurst(&keys, Burst, &at)
		c.Remove([2]uint64{n * 7 % 1500, 1})
	}))
}
