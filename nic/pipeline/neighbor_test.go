package pipeline

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
)

// A flood that an instance sends and receives takes nothing from its neighbours: all that a neighbour sends and
// receives passes at once, its allowances are as full as without the flood, and no FIFO of it is made.
func TestAFloodOfOneInstanceLeavesItsNeighbours(t *testing.T) {
	for _, way := range ways {
		left := func(flood bool) int64 {
			x := newRig(t)
			x.opened()
			x.allows(allowances{"i-a1": {PeakBandwidthInGbps: 8 * mbit}, "i-a2": {PeakBandwidthInGbps: 80 * mbit, PacketsPerSecond: 20000}})
			x.observe(nil)
			neighbour, hostile := x.nearFlows("eni-a2", way.dir), x.farFlows(way.dir)
			for range 2000 {
				if flood {
					for range 10 {
						hostile.send(4001) // until the ring takes no more
					}
				}
				neighbour.offer(5001)
				neighbour.turn(200 * time.Microsecond)
				x.ports[hostile.out].Drain(func([]byte) {})
				require.Equal(t, neighbour.sent, neighbour.arrived)
			}
			m := x.places["eni-a2"][0].meter
			require.Zero(t, m.exceeded)
			require.Nil(t, m.fifo)
			require.Equal(t, flood, x.places["eni-a1"][0].meter.exceeded != Exceeded{})
			x.settleAll(hostile)
			return m.instance.bandwidth(way.dir).peak.spent.Load()
		}
		require.Equal(t, left(false), left(true), way.name)
	}
}

// Under one flood, instances with unequal allowances get unequal shares, each its own.
func TestUnequalInstancesGetUnequalShares(t *testing.T) {
	notShort(t)
	for _, way := range ways {
		x := newRig(t)
		x.opened()
		x.allows(allowances{"i-a1": {PeakBandwidthInGbps: 8 * mbit}, "i-a2": {PeakBandwidthInGbps: 40 * mbit}})
		x.observe(nil)
		slow, fast := x.nearFlows("eni-a1", way.dir), x.nearFlows("eni-a2", way.dir)
		fast.last, fast.arrived = slow.last, slow.arrived
		for range 30_000 { // 3 s
			slow.send(4001)
			fast.send(5001)
			slow.turn(50 * time.Microsecond)
			fast.turn(50 * time.Microsecond)
		}
		require.InDelta(t, 3000, slow.arrived[4001], 30+64, way.name) // a burst more passes at once
		require.InDelta(t, 15000, slow.arrived[5001], 150+64, way.name)
		x.settleAll(slow, fast)
	}
}

// settleAll lets pass what waits.
func (r *rig) settleAll(all ...*flowSet) {
	r.allows(map[string]vpc.Allowance{})
	for _, f := range all {
		r.ports[f.out].Drain(func([]byte) {})
	}
	for range 100 {
		r.now += int64(time.Millisecond)
		for r.Poll(r.now) > 0 {
			for _, f := range all {
				r.ports[f.out].Drain(func([]byte) {})
			}
		}
	}
}
