//go:build !race

package pipeline

import (
	"unsafe"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// tunnels is tunnelsPortable in 107 instructions a frame, where the compiler
// makes 200.
func (g *gather) tunnels(frames []pmd.Frame) (plain, odd, second uint64) {
	return tunnels(g, unsafe.SliceData(frames), len(frames))
}

// packets is packetsPortable in 61 instructions a frame, where the compiler makes
// 130.
func (g *gather) packets(from *guest, frames []pmd.Frame) (plain, odd uint64) {
	return packets(g, from, unsafe.SliceData(frames), len(frames))
}

//go:noescape
func packets(work *gather, from *guest, frames *pmd.Frame, n int) (plain, odd uint64)

// Where the parts of a frame are.
const (
	frameSize = pmd.FrameSize
	frameOff  = pmd.FrameOff
	frameLen  = pmd.FrameLen
)

// tunnels is for at most pmd.MaxBurst frames, and at least one.
//
//go:noescape
func tunnels(work *gather, frames *pmd.Frame, n int) (plain, odd, second uint64)

// And those of a key. Its ports are written as one word.
const (
	keySize   = unsafe.Sizeof(flow.Key{})
	keyLocal  = unsafe.Offsetof(flow.Key{}.Local)
	keyRemote = unsafe.Offsetof(flow.Key{}.Remote)
	keyPorts  = unsafe.Offsetof(flow.Key{}.LocalPort)
	keyWho    = unsafe.Offsetof(flow.Key{}.Who)
)

// The headers of a plain tunnel are 104 bytes, of which 50 are the outer ones.
var (
	_ = [1]struct{}{}[unsafe.Sizeof(eniPlace{})-1<<placeBits]
	_ = [1]struct{}{}[len(wire.Tunnel{})-104]
	_ = [1]struct{}{}[wire.OuterLen-50]
)
