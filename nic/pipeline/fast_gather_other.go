//go:build !amd64 || race

package pipeline

import "nitrocard/pmd"

// tunnels is tunnelsPortable where there is no assembly.
func (g *gather) tunnels(frames []pmd.Frame) (plain, odd, second uint64) {
	return g.tunnelsPortable(frames)
}

// packets is packetsPortable where there is no assembly.
func (g *gather) packets(from *guest, frames []pmd.Frame) (plain, odd uint64) {
	return g.packetsPortable(from, frames)
}
