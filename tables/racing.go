//go:build race

package tables

import "sync/atomic"

const raceDetector = true

func peek(p *uint64) uint64 { return atomic.LoadUint64(p) }
