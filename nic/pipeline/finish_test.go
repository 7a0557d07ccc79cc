package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// behind finds the guest of each queue by its number, and the right one also while a setup that is
// not in force yet numbers the ENIs anew.
func TestAGuestIsFoundByItsQueue(t *testing.T) {
	x := newRig(t)
	require.Nil(t, x.w.behind(x.w.uplink))
	for name, queues := range x.places {
		if name == Uplink {
			continue
		}
		q := queues[0]
		g := x.w.behind(q)
		require.Equal(t, name, g.eni.ID)
		require.Equal(t, g.number, q.number.Load(), "no search")
		for _, other := range []uint32{g.number + 1, 1 << 20} {
			q.number.Store(other)
			require.Same(t, g, x.w.behind(q))
		}
		q.number.Store(g.number)
	}
	gone := NewQueues(1, []string{"eni-gone"})[0][0]
	require.Nil(t, x.w.behind(gone))
}
