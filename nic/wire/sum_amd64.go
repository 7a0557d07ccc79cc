package wire

import "golang.org/x/sys/cpu"

// useAVX2 says whether Sum adds long packets in assembly, which takes a quarter of the time;
// tests switch it off.
var useAVX2 = cpu.X86.HasAVX2

// sumBlocks is the sum of the 32-bit words of b, in the machine's byte order. b is one or
// more whole blocks.
//
//go:noescape
func sumBlocks(b []byte) uint64
