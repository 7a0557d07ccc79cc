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
	const early, full = "underlay_unresolved", "tx_full"
	for _, x := range []struct {
		flows, lossy int
		reason       string
		cards        int
		want         string
		bad          bool
	}{
		{60, 0, "", 2, "0 of 60 flows lost a packet", false},
		{60, 4, early, 2, "4 of 60 flows lost a packet: underlay_unresolved 4", false},
		{60, 5, early, 2, "5 of 60 flows lost a packet: underlay_unresolved 5; at most 4 should before a neighbor answers", true},
		{60, 36, early, 6, "36 of 60 flows lost a packet", false},
		{8, 8, early, 2, "at most 4 should", true},
		{8, 2, full, 2, "2 of 8 flows lost a packet: tx_full 2", false},
		{8, 3, full, 2, "at most 2 should to a queue or a port", true},
		{100, 5, full, 9, "5 of 100 flows lost a packet", false},
		{100, 6, full, 9, "at most 5 should to a queue or a port", true},
	} {
		var l losses
		for n := range x.flows {
			l.note([]nic.LastDrop{{Reason: x.reason}}[:min(1, max(0, x.lossy-n))])
		}
		said, err := l.judge(x.cards)
		require.Equal(t, x.bad, err != nil, x.want)
		if err != nil {
			said = err.Error()
		}
		require.Contains(t, said, x.want)
	}
}
