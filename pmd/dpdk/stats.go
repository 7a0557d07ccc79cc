//go:build dpdk && cgo && linux

package dpdk

// #include "dpdk.h"
import "C"

import (
	"sync/atomic"
	"unsafe"

	"nitrocard/pmd"
)

// Stats are the counts since Open.
func (p *Port) Stats() pmd.Stats {
	p.dev.mu.Lock()
	defer p.dev.mu.Unlock()
	if p.q == nil {
		return p.last
	}
	return p.stats()
}

func (p *Port) stats() pmd.Stats {
	s := pmd.Stats{
		RxPackets: p.rxPackets.Load(), RxBytes: p.rxBytes.Load(),
		TxPackets: p.txPackets.Load(), TxBytes: p.txBytes.Load(),
		RxMissed: load(&p.q.missed),
		TxFull:   p.txFull.Load(), TxDropped: p.txDropped.Load(),
	}
	p.unfinished.Count(&s)
	s.RxTooLong += load(&p.q.too_long)
	if p.queue == 0 {
		p.dev.count(&s)
	}
	return s
}

// load reads a count that the polling thread writes.
func load(n *C.uint64_t) uint64 { return (*atomic.Uint64)(unsafe.Pointer(n)).Load() }

// count adds what only the device knows. Some drivers count a frame that they
// refused as an error too, and it was not sent by then: an error is a frame
// lost only as far as the device took more than it sent.
func (d *device) count(s *pmd.Stats) {
	var own C.struct_nc_stats
	if C.nc_stats(d.c.port, &own) != 0 {
		return
	}
	s.RxMissed += uint64(own.missed)
	var taken uint64
	for _, p := range d.ports {
		taken += p.txPackets.Load()
	}
	if sent := uint64(own.tx_packets); taken > sent {
		lost := min(taken-sent, uint64(own.tx_errors), s.TxPackets)
		s.TxPackets -= lost
		s.TxDropped += lost
	}
}
