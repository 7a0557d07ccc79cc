//go:build !linux

package ec2

import "runtime"

// cpus is how many CPUs the process has.
func cpus() int { return runtime.NumCPU() }
