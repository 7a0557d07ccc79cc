package vpc

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A bandwidth with one figure has it for ever; credits are for what is above the baseline.
func TestLimitsOfAnAllowance(t *testing.T) {
	for _, c := range []struct {
		given Allowance
		want  Limits
	}{
		{Allowance{Connections: 5}, Limits{}},
		{Allowance{PacketsPerSecond: 5}, Limits{PacketsPerSecond: 5}},
		{Allowance{PeakBandwidthInGbps: 5}, Limits{Peak: 5e9}},
		{Allowance{BaselineBandwidthInGbps: 0.75}, Limits{Peak: 75e7}},
		{Allowance{BaselineBandwidthInGbps: 5, PeakBandwidthInGbps: 5}, Limits{Peak: 5e9}},
		{Allowance{BaselineBandwidthInGbps: 0.75, PeakBandwidthInGbps: 10}, Limits{Baseline: 75e7, Peak: 1e10, Burst: burst}},
	} {
		require.Equal(t, c.want, c.given.limits(), c.given)
	}
}
