package nic

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/pipeline"
)

// What the card makes, and what waited, came by no port that is known.
func TestCommentsOnPacketsThatNoPortReceived(t *testing.T) {
	full := "dropped as tx_full: the port it should leave by had no room"
	for text, r := range map[string]pipeline.Record{
		"the card's own": {Own: true, Drop: pipeline.Drop{Verdict: pipeline.Sent}},
		full:             {Own: true, Drop: pipeline.Drop{Verdict: pipeline.TxFull}},
		"dropped as port_down: the port it should leave by is down": {Out: true, Drop: pipeline.Drop{Verdict: pipeline.PortDown}},
	} {
		require.Equal(t, text, (&Captured{Record: &r}).Comment())
	}
}
