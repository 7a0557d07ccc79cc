//go:build linux

package lab

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
)

// A card that drops the first packet of each flow fails, though each sender sends again. A card that does so as often
// as a busy machine does passes, and the lab tells of it.
func TestACardThatDropsEachFirstPacketFails(t *testing.T) {
	first := []nic.LastDrop{{Reason: "underlay_unresolved"}}
	for _, x := range []struct {
		flows, lossy, cards int
		want                string
		bad                 bool
	}{
		{60, 0, 2, "0 of 60 flows lost a packet", false},
		{60, 20, 2, "20 of 60 flows lost a packet: underlay_unresolved 20", false},
		{60, 60, 2, "60 of 60 flows lost a packet: underlay_unresolved 60; at most 20 should", true},
		{21, 21, 2, "at most 20 should", true},
		{300, 31, 2, "at most 30 should", true},
		{60, 36, 6, "36 of 60 flows lost a packet", false},
		{60, 37, 6, "at most 36 should", true},
	} {
		var l losses
		for n := range x.flows {
			l.note(first[:min(1, max(0, x.lossy-n))])
		}
		said, err := l.judge(x.cards)
		require.Equal(t, x.bad, err != nil, x.want)
		if err != nil {
			said = err.Error()
		}
		require.Contains(t, said, x.want)
	}
}
