package nic

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
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

// What an instance lacked is counted by the counter of ENA's driver that has the name, and by no other.
func TestWhatAnInstanceLackedIsCounted(t *testing.T) {
	times := func(n int, port string, frame []byte) func(x *rig) {
		return func(x *rig) {
			for range n {
				require.True(t, x.ports[port].Inject(frame))
				x.card.Poll(x.now)
			}
		}
	}
	for name, c := range map[string]struct {
		allowed vpc.Allowance
		sends   func(x *rig)
	}{
		"bw_in_allowance_exceeded": {vpc.Allowance{PeakBandwidthInGbps: 0.001}, func(x *rig) {
			times(20, Uplink, x.tunnel(edge, "eni-a1", wiretest.TCP(client+":40000", "35.72.2.8:22").Flags(wire.TCPSyn).Size(1400)))(x)
		}},
		"bw_out_allowance_exceeded": {vpc.Allowance{PeakBandwidthInGbps: 0.001}, func(x *rig) {
			times(20, "eni-a1", x.routed("eni-a1", wiretest.UDP("10.0.1.5:4000", client+":53").Size(1400)))(x)
		}},
		"pps_allowance_exceeded": {vpc.Allowance{PacketsPerSecond: 100}, func(x *rig) {
			times(20, "eni-a1", x.routed("eni-a1", wiretest.UDP("10.0.1.5:4000", client+":53")))(x)
		}},
		"conntrack_allowance_exceeded": {vpc.Allowance{Connections: 1}, func(x *rig) {
			for i := range uint16(3) {
				times(1, "eni-a1", x.routed("eni-a1", wiretest.UDP("10.0.1.5:1", client+":53").SrcPort(4000+i)))(x)
			}
		}},
		"linklocal_allowance_exceeded": {vpc.Allowance{Connections: 9}, func(x *rig) {
			times(1030, "eni-a1", x.routed("eni-a1", wiretest.Echo("10.0.1.5", "10.0.1.1", 7)))(x)
		}},
	} {
		x := newRig(t)
		config := *x.config
		config.Placement.Allowances = allowances{"i-a1": c.allowed}
		x.apply(&config)
		c.sends(x)
		for range 100 { // what waits leaves
			x.wait(10 * time.Millisecond)
		}
		v, there := x.card.Allowance("i-a1")
		require.True(t, there)
		text, err := json.Marshal(v)
		require.NoError(t, err)
		var counts map[string]any
		require.NoError(t, json.Unmarshal(text, &counts))
		for _, counter := range []string{"bw_in", "bw_out", "pps", "conntrack", "linklocal"} {
			n, is := counts[counter+"_allowance_exceeded"].(float64)
			require.True(t, is, counter)
			require.Equal(t, counter+"_allowance_exceeded" == name, n > 0, "%s while it is %s: %v", counter, name, n)
		}
	}
}

// routed is a packet that an ENI's guest sends to its router.
func (r *rig) routed(eni string, p wiretest.Packet) []byte {
	e := r.eni(eni)
	return p.MACs(e.MAC, e.RouterMAC).Bytes()
}
