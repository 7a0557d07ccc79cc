//go:build dpdk && cgo && linux

package dpdk

// #include "dpdk.h"
import "C"

import (
	"unsafe"

	"nitrocard/pmd"
	"nitrocard/pmd/internal/gso"
)

// cut lends segments of merged frames, and the frames held behind them, in the
// order in which they came. What the burst has no room for is lent by the next
// Rx, and so is a segment for which there is no memory now.
func (p *Port) cut() {
	for p.q.lent < pmd.MaxBurst && p.merge() && p.segment() {
	}
	p.q.cutting = C.bool(p.unfinished.Active() || p.q.held > 0)
}

// merge has a merged frame to cut. It is false if none is left, or the burst is
// full of frames before it.
func (p *Port) merge() bool {
	for !p.unfinished.Active() {
		if !C.nc_held(p.q, unsafe.Pointer(&p.merged[0])) {
			return false
		}
		d := &p.q.merged
		h := gso.Stream(int(d.start), int(d.size))
		p.unfinished.Take(p.merged[:d.len], &h)
	}
	return true
}

// segment lends the next segment; it is false if there is no memory.
func (p *Port) segment() bool {
	m := p.empty(pmd.MaxBurst - int(p.q.lent))
	if m == 0 {
		return false
	}
	m.setLen(p.unfinished.Next(m.mem()[pmd.Headroom:]))
	p.q.rx[p.q.lent] = C.uintptr_t(m)
	p.q.lent++
	return true
}
