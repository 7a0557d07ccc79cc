package nic

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What the configuration grants an instance is its own. The others share the rest
// in equal parts, and one part is kept for who comes.
func TestAllowancesDivideTheTable(t *testing.T) {
	x := newRig(t)
	c := *x.config
	c.Placement.Allowances = allowances{"i-a1": {Connections: 10}}
	x.apply(&c)
	for _, e := range x.card.ENIs() {
		want := (1<<10 - 10) / 4 // three instances, and who comes
		if e.Instance == "i-a1" {
			want = 10
		}
		require.Equal(t, want, e.Allowance, e.ID)
	}
}
