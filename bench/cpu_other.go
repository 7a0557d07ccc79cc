//go:build !linux

package bench

import "time"

// cpuClock is what threadTime measures.
const cpuClock = "wall time, as this system tells no thread's CPU time"

var started = time.Now()

// threadTime is wall time: what a neighbor on the machine takes counts as ours.
func threadTime() time.Duration { return time.Since(started) }

// processTime is the time that passed.
func processTime() time.Duration { return time.Since(started) }
