//go:build !linux

package afpacket

import (
	"fmt"
	"runtime"

	"nitrocard/pmd"
)

// DefaultRing and MostRing are the usual and the largest receive ring, in frames.
const DefaultRing, MostRing = 24 << 10, 1 << 20

// Open answers that only Linux has packet sockets.
func Open(name string) (pmd.Port, error) {
	return nil, fmt.Errorf("afpacket:%s: %s has no AF_PACKET sockets; this port needs Linux", name, runtime.GOOS)
}

// OpenRing answers as Open.
func OpenRing(name string, _ int) (pmd.Port, error) { return Open(name) }
