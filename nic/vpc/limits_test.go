package vpc

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
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
		{Allowance{InstanceType: "m5.large"}, Limits{Baseline: 75e7, Peak: 1e10, Burst: burst, PacketsPerSecond: 1e6, PacketsGuessed: true, InstanceType: "m5.large"}},
		{Allowance{InstanceType: "c5n.18xlarge"}, Limits{Peak: 1e11, PacketsPerSecond: 1e7, PacketsGuessed: true, InstanceType: "c5n.18xlarge"}},
		{Allowance{InstanceType: "t3.nano", PeakBandwidthInGbps: 1, PacketsPerSecond: 7}, Limits{Peak: 1e9, PacketsPerSecond: 7, InstanceType: "t3.nano"}},
		{Allowance{InstanceType: "x9.unknown"}, Limits{InstanceType: "x9.unknown"}},
		{Allowance{BaselineBandwidthInGbps: 0.75, PeakBandwidthInGbps: 10}, Limits{Baseline: 75e7, Peak: 1e10, Burst: burst}},
	} {
		require.Equal(t, c.want, c.given.limits(), c.given)
	}
}

// What has no limits in time keeps those of connections, and changes no other's Placement.
func TestUnbound(t *testing.T) {
	given := Placement{AllowancesByType: true, Allowances: map[string]Allowance{"i-1": {PeakBandwidthInGbps: 1, Connections: 7}, "i-2": {InstanceType: "m5.large"}}}
	p := given
	p.Unbound()
	require.Equal(t, Placement{Allowances: map[string]Allowance{"i-1": {Connections: 7}}}, p)
	require.Len(t, given.Allowances, 2)
}

// Every type of the table has figures that an allowance may have.
func TestInstanceTypesAreRead(t *testing.T) {
	require.Greater(t, len(typeAllowances()), 150)
	for name, a := range typeAllowances() {
		require.Regexp(t, `^[a-z0-9]+\.[a-z0-9-]+$`, name)
		require.Positive(t, a.BaselineBandwidthInGbps, name)
		require.Empty(t, a.wrong(), name)
		require.Positive(t, a.PacketsPerSecond, name)
	}
}

// An instance's type bounds it only if Placement says so, and Placement's own figures come first.
func TestAllowancesByType(t *testing.T) {
	c := story(t)
	c.Instances = []ec2.Instance{{InstanceId: "i-a1", InstanceType: "t3.micro"}, {InstanceId: "i-b1", InstanceType: "m5.large"}}
	peak := func(eni string) uint64 {
		p, err := Compile(c, CompileOptions{})
		require.NoError(t, err)
		return p.ENI(eni).Limits.Peak
	}
	require.Zero(t, peak("eni-a1"))
	c.Placement.AllowancesByType = true
	require.EqualValues(t, 5e9, peak("eni-a1"))
	c.Placement.Allowances = map[string]Allowance{"i-a1": {PeakBandwidthInGbps: 2}}
	require.EqualValues(t, 2e9, peak("eni-a1"))
}
