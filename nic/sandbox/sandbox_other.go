//go:build !linux

package sandbox

import "runtime"

// Enter does nothing.
func Enter(Options) (Report, error) {
	return Report{Lacks: []string{runtime.GOOS + " has nothing of it"}}, nil
}
