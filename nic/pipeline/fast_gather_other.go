//go:build !amd64 || race

package pipeline

import (
	"nitrocard/nic/flow"
	"nitrocard/pmd"
)

// tunnels is tunnelsPortable where there is no assembly.
func (g *gather) tunnels(frames []pmd.Frame) gathered {
	return g.tunnelsPortable(frames)
}

// packets is packetsPortable where there is no assembly.
func (g *gather) packets(from *guest, frames []pmd.Frame) gathered {
	return g.packetsPortable(from, frames)
}

// between is betweenPortable where there is no assembly.
func (g *gather) between(flows *flow.Table, frames []pmd.Frame, six uint64, at endOffsets) (same uint64) {
	return g.betweenPortable(flows, frames, six, at)
}
