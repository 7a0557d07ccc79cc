package bench

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
)

func TestRequestsAreWhatTheEdgeSends(t *testing.T) {
	o := small(IO)
	o.Sizes = imix
	frames, err := o.Requests(false)
	require.NoError(t, err)
	r := set(t, o)
	require.Len(t, frames, r.flows)
	var b pmd.Burst
	for n := 0; n < len(frames); {
		r.ports[0].Rx(&b)
		for i := 0; i < b.N && n < len(frames); i, n = i+1, n+1 {
			require.Equal(t, b.Frames[i].Bytes(), frames[n])
		}
	}
}

func TestRequestsHoldEachFlowOnce(t *testing.T) {
	const flags = 50 + 14 + 20 + 13
	for _, syn := range []bool{true, false} {
		frames, err := small(SG).Requests(syn)
		require.NoError(t, err)
		seen := map[string]bool{}
		for _, f := range frames {
			require.NoError(t, wiretest.Check(f))
			require.Equal(t, syn, f[flags]&2 != 0)
			seen[string(f)] = true
		}
		require.Len(t, seen, 100)
	}
}
