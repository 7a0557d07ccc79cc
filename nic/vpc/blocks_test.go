package vpc

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

// Each mode blocks what EC2 says, by direction and by who began.
func TestWhatABlockModeBlocks(t *testing.T) {
	for _, c := range []struct {
		mode  BlockMode
		dir   wire.Direction
		began bool
		want  bool
	}{
		{BlockNothing, wire.In, false, false}, {BlockNothing, wire.Out, true, false},
		{BlockIngress, wire.In, false, true}, {BlockIngress, wire.In, true, false}, {BlockIngress, wire.Out, true, false},
		{BlockBidirectional, wire.In, true, true}, {BlockBidirectional, wire.Out, true, true},
	} {
		require.Equal(t, c.want, c.mode.Blocks(c.dir, c.began), "%+v", c)
	}
}
