//go:build !linux

package afpacket

import (
	"fmt"
	"runtime"

	"nitrocard/pmd"
)

// Open answers that only Linux has packet sockets.
func Open(name string) (pmd.Port, error) {
	return nil, fmt.Errorf("afpacket:%s: %s has no AF_PACKET sockets; this port needs Linux", name, runtime.GOOS)
}
