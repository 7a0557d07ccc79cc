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
		{Allowance{PeakBandwidthInGbps: 4}, Limits{Peak: 4e9, Flow: 4e9, Internet: 4e9}},
		{Allowance{BaselineBandwidthInGbps: 0.75}, Limits{Peak: 75e7, Flow: 75e7, Internet: 75e7}},
		{Allowance{BaselineBandwidthInGbps: 5, PeakBandwidthInGbps: 5}, Limits{Peak: 5e9, Flow: 5e9, Internet: 5e9}},
		{Allowance{InstanceType: "m5.large"}, Limits{Baseline: 75e7, Peak: 1e10, Burst: burst, Flow: 5e9, Internet: 5e9, PacketsPerSecond: 1e6, PacketsGuessed: true, InstanceType: "m5.large"}},
		{Allowance{InstanceType: "c5n.18xlarge"}, Limits{Peak: 1e11, Flow: 5e9, Internet: 5e10, PacketsPerSecond: 1e7, PacketsGuessed: true, InstanceType: "c5n.18xlarge"}},
		{Allowance{InstanceType: "m5.8xlarge", FlowBandwidthInGbps: 10}, Limits{Peak: 1e10, Flow: 1e10, Internet: 5e9, PacketsPerSecond: 1e6, PacketsGuessed: true, InstanceType: "m5.8xlarge"}},
		{Allowance{InstanceType: "t3.nano", PeakBandwidthInGbps: 1, PacketsPerSecond: 7}, Limits{Peak: 1e9, Flow: 1e9, Internet: 1e9, PacketsPerSecond: 7, InstanceType: "t3.nano"}},
		{Allowance{InstanceType: "x9.unknown"}, Limits{InstanceType: "x9.unknown"}},
		{Allowance{BaselineBandwidthInGbps: 0.75, PeakBandwidthInGbps: 10}, Limits{Baseline: 75e7, Peak: 1e10, Burst: burst, Flow: 5e9, Internet: 5e9}},
		{Allowance{PeakBandwidthInGbps: 40}, Limits{Peak: 4e10, Flow: 5e9, Internet: 2e10, InternetGuessed: true}},
		{Allowance{PeakBandwidthInGbps: 40, InternetBandwidthInGbps: 30}, Limits{Peak: 4e10, Flow: 5e9, Internet: 3e10}},
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

// The half of the bandwidth is to the internet with 32 vCPUs or more.
func TestInternetBandwidthOfTypes(t *testing.T) {
	for _, c := range []struct {
		instanceType string
		gbps         float64
	}{
		{"t3.nano", 5}, {"m5.large", 5}, {"m5.xlarge", 5}, {"m6in.4xlarge", 5}, {"m5.8xlarge", 5}, {"m6in.8xlarge", 25},
		{"c5.9xlarge", 6}, {"c5n.metal", 50}, {"m7i.metal-48xl", 25},
	} {
		a, _ := Allowance{InstanceType: c.instanceType}.withType()
		require.Equal(t, c.gbps, a.internetGbps(), c.instanceType)
	}
}
