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
		require.Equal(t, c.want, EmptyRegion().limits(c.given), c.given)
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
	require.Greater(t, len(typeTable()), 150)
	for name, of := range typeTable() {
		require.Regexp(t, `^[a-z0-9]+\.[a-z0-9-]+$`, name)
		require.Positive(t, of.baseline, name)
		require.Empty(t, EmptyRegion().wrong(Allowance{InstanceType: name, BaselineBandwidthInGbps: of.baseline, PeakBandwidthInGbps: of.peak}), name)
		require.Positive(t, EmptyRegion().limits(Allowance{InstanceType: name}).PacketsPerSecond, name)
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
		require.Equal(t, bitsOf(c.gbps), EmptyRegion().limits(Allowance{InstanceType: c.instanceType}).Internet, c.instanceType)
	}
}

// What describe-instance-types tells of a type counts before the card's table, card by card of the
// instance; a type that neither has is a mistake, and one that goes while an allowance names it.
func TestInstanceTypesOfTheConfiguration(t *testing.T) {
	c := story(t)
	c.Placement.Allowances = map[string]Allowance{"i-a1": {InstanceType: "z1d.huge"}, "i-b1": {InstanceType: "m5.large"}}
	_, err := Compile(c, CompileOptions{})
	require.ErrorContains(t, err, `InstanceType "z1d.huge" is not known; give InstanceTypes (aws ec2 describe-instance-types)`)

	told, err := Parse("types.json", []byte(`{"InstanceTypes": [
		{"InstanceType": "z1d.huge", "CurrentGeneration": true, "VCpuInfo": {"DefaultVCpus": 48, "DefaultCores": 24},
			"NetworkInfo": {"NetworkPerformance": "2x 20 Gigabit", "MaximumNetworkCards": 2, "NetworkCards": [
				{"NetworkCardIndex": 0, "NetworkPerformance": "20 Gigabit", "MaximumNetworkInterfaces": 15, "BaselineBandwidthInGbps": 15.5, "PeakBandwidthInGbps": 20.0},
				{"NetworkCardIndex": 1, "NetworkPerformance": "20 Gigabit", "MaximumNetworkInterfaces": 15, "BaselineBandwidthInGbps": 15.5, "PeakBandwidthInGbps": 20.0}]}},
		{"InstanceType": "m5.large", "VCpuInfo": {"DefaultVCpus": 2}, "NetworkInfo": {"NetworkCards": [{"NetworkCardIndex": 0}]}}]}`))
	require.NoError(t, err)
	c.InstanceTypes = told.InstanceTypes
	p, err := Compile(c, CompileOptions{})
	require.NoError(t, err)
	require.Equal(t, Limits{Baseline: 31e9, Peak: 4e10, Burst: burst, Flow: 5e9, Internet: 2e10, PacketsPerSecond: 4e6, PacketsGuessed: true, InstanceType: "z1d.huge"}, p.ENI("eni-a1").Limits)
	require.EqualValues(t, 1e10, p.ENI("eni-b1").Limits.Peak, "an answer without figures leaves the table's")

	for _, cards := range []string{"{PeakBandwidthInGbps: -1}", "{BaselineBandwidthInGbps: 1e-9, PeakBandwidthInGbps: 5}", "{BaselineBandwidthInGbps: -1, PeakBandwidthInGbps: 5}", "{PeakBandwidthInGbps: 1e300}", "{BaselineBandwidthInGbps: 6, PeakBandwidthInGbps: 5}", "{PeakBandwidthInGbps: 9000}, {PeakBandwidthInGbps: 9000}"} {
		wrong, err := Put("InstanceTypes", []byte("{InstanceType: m5.large, NetworkInfo: {NetworkCards: ["+cards+"]}}"))
		require.NoError(t, err)
		_, err = p.Region.Change(wrong)
		require.ErrorContains(t, err, "InstanceTypes m5.large: NetworkInfo: ", cards)
	}
	silent, err := Put("InstanceTypes", []byte("{InstanceType: z1d.huge, NetworkInfo: {NetworkCards: [{PeakBandwidthInGbps: 40}]}}"))
	require.NoError(t, err)
	r, err := p.Region.Change(silent)
	require.NoError(t, err)
	l := r.limits(Allowance{InstanceType: "z1d.huge"})
	require.Equal(t, []any{uint64(2e10), true}, []any{l.Internet, l.InternetGuessed}, "nothing tells how many vCPUs the type has")
	_, err = p.Region.Change(Edit{Kind: "InstanceTypes", ID: "z1d.huge"})
	require.ErrorContains(t, err, `InstanceType "z1d.huge" is not known`)
	slower, err := Put("InstanceTypes", []byte("{InstanceType: m5.large, NetworkInfo: {NetworkCards: [{BaselineBandwidthInGbps: 1, PeakBandwidthInGbps: 3}]}}"))
	require.NoError(t, err)
	r, err = p.Region.Change(slower)
	require.NoError(t, err)
	require.EqualValues(t, 3e9, r.limits(Allowance{InstanceType: "m5.large"}).Peak)
}
