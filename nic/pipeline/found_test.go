package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
)

// A packet inherits nothing of the packet that was in its place before, whatever the
// stages had found about that one.
func TestAPacketBeginsWithNothingFound(t *testing.T) {
	dirty := found{
		was: ^flow.Status(0), outdated: true, restarts: true,
		rule: 1, initiator: wire.Out, asked: true, allowed: true, untracked: true, related: true,
		exit: exit{1, flow.FlagNeighbor | flow.FlagNAT}, vtep: 9,
	}
	for _, c := range verdictCases {
		fresh, used := newRig(t), newRig(t)
		for _, x := range []*rig{fresh, used} {
			if c.setup != nil {
				c.setup(x)
			}
		}
		for _, b := range []*burst{&used.w.inward, &used.w.outward} {
			for i := range b.packets {
				b.packets[i].found = dirty
				b.packets[i].egress = &b.packets[i]
			}
		}
		want, got := fresh.send(c.port, c.frame(fresh)), used.send(c.port, c.frame(used))
		require.Equal(t, want.Verdict.String(), got.Verdict.String(), c.what)
		require.Equal(t, []any{want.To, want.Rule, want.Egress, want.frame}, []any{got.To, got.Rule, got.Egress, got.frame}, c.what)
		require.Equal(t, fresh.flows(""), used.flows(""), c.what)
	}
}
