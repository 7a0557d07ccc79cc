package pmdtest

import (
	"encoding/binary"

	"nitrocard/pmd"
)

// etherType is IEEE 802's for local experiments: no kernel answers it, and
// what kernels send by themselves never carries it.
const etherType = 0x88b5

const header = 14

// frame is a broadcast with number i and a pattern that depends on it.
func frame(i, n int) []byte {
	f := make([]byte, n)
	copy(f, "\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x01")
	binary.BigEndian.PutUint16(f[12:], etherType)
	binary.BigEndian.PutUint32(f[header:], uint32(i))
	for k := header + 4; k < n; k++ {
		f[k] = byte(i*7 + k)
	}
	return f
}

// frames are count frames of n bytes, numbered from first.
func frames(first, count, n int) [][]byte {
	var fs [][]byte
	for i := range count {
		fs = append(fs, frame(first+i, n))
	}
	return fs
}

// ours tells a frame of the suite, tagged or not, from what kernels send.
func ours(f []byte) bool {
	return len(f) > header+4 && (binary.BigEndian.Uint16(f[12:]) == etherType || binary.BigEndian.Uint16(f[16:]) == etherType)
}

// lend puts frames into memory of the suite's own, as a port would.
func lend(frames [][]byte) []*pmd.Frame {
	var fs []*pmd.Frame
	for _, b := range frames {
		mem := append(make([]byte, pmd.Headroom), b...)
		f := new(pmd.Frame)
		f.Lend(mem, pmd.Headroom, len(b))
		fs = append(fs, f)
	}
	return fs
}
