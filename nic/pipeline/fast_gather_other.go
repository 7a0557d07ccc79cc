//go:build !amd64 || race

package pipeline

import "nitrocard/pmd"

func (g *gather) tunnels(frames []pmd.Frame) (plain, odd, second uint64) {
	return g.tunnelsPortable(frames)
}

func (g *gather) packets(from *guest, frames []pmd.Frame) (plain, odd uint64) {
	return g.packetsPortable(from, frames)
}
