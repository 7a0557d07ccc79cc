//go:build !race

package pipeline

import (
	"unsafe"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// tunnels is tunnelsPortable in 107 instructions a frame; the compiler makes 200.
func (g *gather) tunnels(frames []pmd.Frame) gathered {
	return tunnels(g, unsafe.SliceData(frames), len(frames))
}

// packets is packetsPortable in 61 instructions a frame; the compiler makes 130.
func (g *gather) packets(from *guest, frames []pmd.Frame) gathered {
	return packets(g, from, unsafe.SliceData(frames), len(frames))
}

// between is betweenPortable in a third of the instructions. The processor waits for the
// addresses of many connections at once.
func (g *gather) between(flows *flow.Table, frames []pmd.Frame, six uint64, at endOffsets) (same uint64) {
	return between(g, flows.Pairs(), unsafe.SliceData(frames), six, at)
}

// between finds the pair at index i at pairs + i * 32 bytes. six is not empty.
//
//go:noescape
func between(work *gather, pairs *flow.PairWords, frames *pmd.Frame, six uint64, at endOffsets) (same uint64)

// packets takes n frames, from 1 to pmd.MaxBurst.
//
//go:noescape
func packets(work *gather, from *guest, frames *pmd.Frame, n int) (f gathered)

// The offsets of a pmd.Frame's fields, for assembly.
const (
	frameSize = pmd.FrameSize
	frameOff  = pmd.FrameOff
	frameLen  = pmd.FrameLen
)

// tunnels takes n frames, from 1 to pmd.MaxBurst.
//
//go:noescape
func tunnels(work *gather, frames *pmd.Frame, n int) (f gathered)

// The offsets of a flow.Key's fields, for assembly, which writes both ports as one word.
const (
	keySize   = unsafe.Sizeof(flow.Key{})
	keyLocal  = unsafe.Offsetof(flow.Key{}.Local)
	keyRemote = unsafe.Offsetof(flow.Key{}.Remote)
	keyPorts  = unsafe.Offsetof(flow.Key{}.LocalPort)
	keyWho    = unsafe.Offsetof(flow.Key{}.Who)

	whoIPv6 = flow.WhoIPv6
)

// The assembly has these sizes as numbers: 50 bytes of outer headers, and 104 of all
// headers of a plain tunnel.
var (
	_ = [1]struct{}{}[unsafe.Sizeof(eniPlace{})-1<<placeBits]
	_ = [1]struct{}{}[len(wire.Tunnel{})-104]
	_ = [1]struct{}{}[wire.OuterLen-50]
	_ = [1]struct{}{}[len(wire.Plain6{})-74]
	_ = [1]struct{}{}[unsafe.Sizeof(flow.PairWords{})-32]
)
