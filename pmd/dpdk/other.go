//go:build !(dpdk && cgo && linux)

package dpdk

import (
	"errors"
	"fmt"
	"runtime"
	"strings"

	"nitrocard/pmd"
)

// Missing says why there are no DPDK ports, and how to get them.
func Missing() error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("DPDK ports need Linux, and this is %s", runtime.GOOS)
	}
	return errors.New("this build has no DPDK; install libdpdk-dev, pkg-config and gcc (as root: `make deps`), then `make build` takes it in")
}

// Init has nothing to start. Options that are meant for DPDK are an error.
func Init(opts []string) error {
	if len(opts) == 0 {
		return nil
	}
	return fmt.Errorf("--eal %s: %w", strings.Join(opts, " "), Missing())
}

// Memory is empty: there is none.
func Memory() string { return "" }

// Open answers that this build has no DPDK, and how to get one.
func Open(text string) (pmd.Port, error) {
	_, err := OpenQueues(text, 1)
	return nil, err
}

// OpenQueues answers as Open does.
func OpenQueues(text string, _ int) ([]pmd.Port, error) {
	return nil, fmt.Errorf("dpdk:%s: %w", text, Missing())
}
