//go:build !linux

package tap

import (
	"fmt"
	"runtime"

	"nitrocard/pmd"
)

// Open answers that only Linux has TAP interfaces of this kind.
func Open(name string) (pmd.Port, error) {
	return nil, fmt.Errorf("tap:%s: %s has no /dev/net/tun; this port needs Linux", name, runtime.GOOS)
}
