//go:build !amd64 || race

package nic

import "nitrocard/pmd"

func (g *gather) tunnels(frames []pmd.Frame) (plain, odd, second uint64) {
	return g.tunnelsPortable(frames)
}
