//go:build !(dpdk && cgo && linux)

package dpdk

import (
	"fmt"
	"runtime"

	"nitrocard/pmd"
)

// Init does nothing: there is nothing to start.
func Init([]string) error { return nil }

// Memory is empty: there is none.
func Memory() string { return "" }

// Open answers that this build has no DPDK, and how to get one.
func Open(text string) (pmd.Port, error) {
	_, err := OpenQueues(text, 1)
	return nil, err
}

// OpenQueues answers as Open does.
func OpenQueues(text string, _ int) ([]pmd.Port, error) {
	if runtime.GOOS != "linux" {
		return nil, fmt.Errorf("dpdk:%s: DPDK ports need Linux, and this is %s", text, runtime.GOOS)
	}
	return nil, fmt.Errorf("dpdk:%s: this build has no DPDK; install libdpdk-dev, pkg-config and gcc (as root: `make deps`), then `make build` takes it in", text)
}
