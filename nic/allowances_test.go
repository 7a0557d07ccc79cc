package nic

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire/wiretest"
)

// What an instance may take is shown under ENA's names: of all its ENIs together, and of those
// without limits, too.
func TestAllowancesAreShown(t *testing.T) {
	x := newRig(t)
	c := *x.config
	c.Placement.Allowances = allowances{"i-a1": {Connections: 10, BaselineBandwidthInGbps: 0.001, PeakBandwidthInGbps: 0.002, PacketsPerSecond: 1000}}
	x.apply(&c)
	all := x.card.Allowances()
	require.Len(t, all, 4)
	require.Equal(t, AllowanceView{
		Instance: "i-a1", ENIs: []string{"eni-a1"}, BaselineBandwidthInGbps: 0.001, PeakBandwidthInGbps: 0.002, CreditsIn: 1, CreditsOut: 1,
		PacketsPerSecond: 1000, Guesses: []string{"credits"}, ConntrackAvailable: 10,
	}, all[0])
	require.Equal(t, "i-a2", all[1].Instance)
	require.Zero(t, all[1].PeakBandwidthInGbps)

	for range 5 {
		x.fromGuest("eni-a1", wiretest.UDP("10.0.1.5:4000", client+":53").Size(1400))
		x.wait(100 * time.Millisecond)
	}
	v, there := x.card.Allowance("i-a1")
	require.True(t, there)
	require.Less(t, v.CreditsOut, 1.0)
	require.Equal(t, 1.0, v.CreditsIn)
	_, there = x.card.Allowance("i-b9")
	require.False(t, there)
}
