//go:build race

package tables

import "sync/atomic"

// raceDetector is explained in notracing.go.
const raceDetector = true

// peek is explained in notracing.go.
func peek(p *uint64) uint64 { return atomic.LoadUint64(p) }
