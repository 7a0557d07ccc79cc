package ec2

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// cpus is how many CPUs the calling thread may run on. In a card those are fewer than the
// process has: more threads that decode would wait for each other, and others for them.
func cpus() int {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return runtime.NumCPU()
	}
	return set.Count()
}
