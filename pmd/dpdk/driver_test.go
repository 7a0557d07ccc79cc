//go:build dpdk && cgo && linux

package dpdk

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
	"nitrocard/pmd/pmdtest"
)

func TestMain(m *testing.M) { pmdtest.Isolate(m) }

var made atomic.Uint32

// unique is a name that no other test uses.
func unique(prefix string) string { return fmt.Sprintf("%s%d", prefix, made.Add(1)) }

// plug opens a port until the test ends.
func plug(t testing.TB, text string) *Port {
	t.Helper()
	p, err := Open(text)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p.(*Port)
}

// cable makes two ports until the test ends.
func cable(t testing.TB) (one, other pmd.Port) {
	one, other, err := Cable(unique("c"))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, one.Close())
		require.NoError(t, other.Close())
	})
	return one, other
}

// peer is a Pair whose far end is a port too.
func peer(port, far pmd.Port) *pmdtest.Pair {
	var f pmd.Frame
	var b pmd.Burst
	one, mem := []*pmd.Frame{&f}, make([]byte, pmd.Headroom+2*pmd.MaxFrame)
	return &pmdtest.Pair{
		Port: port, Max: pmd.MaxFrame,
		Give: func(frame []byte) bool {
			f.Lend(mem, pmd.Headroom, copy(mem[pmd.Headroom:], frame))
			return far.Tx(one) == 1
		},
		Take: func(fn func([]byte)) {
			for far.Rx(&b); b.N > 0; far.Rx(&b) {
				for i := range b.N {
					fn(b.Frames[i].Bytes())
				}
			}
		},
	}
}

func TestDriverOverACable(t *testing.T) {
	pmdtest.Run(t, func(t *testing.T) *pmdtest.Pair { return peer(cable(t)) })
}
