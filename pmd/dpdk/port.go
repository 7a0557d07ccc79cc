//go:build dpdk && cgo && linux

package dpdk

// #include "dpdk.h"
import "C"

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"unsafe"

	"nitrocard/pmd"
	"nitrocard/pmd/internal/gso"
)

// Port is one queue of a device.
type Port struct {
	dev   *device
	info  atomic.Pointer[pmd.Info]
	queue int
	limit atomic.Int64 // longest frame to send

	q   *C.struct_nc_queue  // nil once it is closed
	out [pmd.MaxBurst]uint8 // which frame of the burst each of q.tx is

	merged     []byte // what is cut
	unfinished gso.Finisher

	rxPackets, rxBytes, txPackets, txBytes, txFull, txDropped atomic.Uint64

	last pmd.Stats // after Close
}

// overhead is what a frame may have besides its MTU: Ethernet and a VLAN tag.
const overhead = 14 + 4

// newPort makes the port of a queue.
func newPort(d *device, queue int) (*Port, error) {
	p := &Port{dev: d, queue: queue, merged: make([]byte, C.NC_MERGED)}
	info := pmd.Info{Name: "dpdk:" + d.name, Driver: "dpdk", MTU: int(d.c.mtu)}
	for i, b := range d.c.mac {
		info.MAC[i] = byte(b)
	}
	if d.kernel {
		if mtu, mac, err := ask(uint32(d.c.if_index)); err == nil {
			info.MTU, info.MAC = d.carried(mtu), mac
		}
	}
	p.info.Store(&info)
	p.limit.Store(d.longest(info.MTU))
	if p.q = C.nc_queue_new(d.c.port, C.uint16_t(queue), eal.pool); p.q == nil {
		return nil, fmt.Errorf("no memory for queue %d", queue)
	}
	return p, nil
}

// Rx lends the frames that wait in the device.
func (p *Port) Rx(b *pmd.Burst) {
	C.nc_rx(p.q)
	if p.q.cutting {
		p.cut()
	}
	slots, bytes := p.q.rx[:p.q.lent], 0
	for i := range slots {
		f := &b.Frames[i]
		mbuf(slots[i]).lend(f)
		f.Ref = uintptr(unsafe.Pointer(&slots[i]))
		bytes += f.Len()
	}
	b.N = len(slots)
	p.rxPackets.Store(p.rxPackets.Load() + uint64(b.N))
	p.rxBytes.Store(p.rxBytes.Load() + uint64(bytes))
}

// Tx hands frames to the device. Those of DPDK ports are taken over in their
// memory, and all others copied.
func (p *Port) Tx(frames []*pmd.Frame) int {
	n := 0
	for n < len(frames) {
		burst := frames[n:min(n+pmd.MaxBurst, len(frames))]
		took := p.send(burst)
		n += took
		if took < len(burst) {
			p.txFull.Store(p.txFull.Load() + uint64(len(frames)-n))
			break
		}
	}
	return n
}

// send sends a burst and returns how many frames it took.
func (p *Port) send(frames []*pmd.Frame) int {
	took, n, bytes := len(frames), 0, 0
	limit := int(p.limit.Load())
	for i, f := range frames {
		if f.Len() > limit {
			continue
		}
		var m mbuf
		if f.Ref != 0 {
			m = takeOver(f)
		} else if m = p.copyOf(f, len(frames)-i); m == 0 {
			took = i // there is no memory to copy it to
			break
		}
		if m == 0 {
			continue // it was sent before
		}
		m.setLen(f.Len())
		p.q.tx[n], p.out[n] = C.uintptr_t(m), uint8(i)
		n++
		bytes += f.Len()
	}
	sent := int(C.nc_tx(p.q, C.uint32_t(n)))
	if sent < n {
		took = int(p.out[sent])
		bytes -= p.untake(frames, sent, n)
	}
	p.txPackets.Store(p.txPackets.Load() + uint64(sent))
	p.txBytes.Store(p.txBytes.Load() + uint64(bytes))
	p.txDropped.Store(p.txDropped.Load() + uint64(took-sent))
	return took
}

// takeOver is the frame's own mbuf, which leaves the port that lent it. It is
// 0 if it has left already.
func takeOver(f *pmd.Frame) mbuf {
	slot := (*mbuf)(unsafe.Add(nil, f.Ref))
	m := *slot
	*slot = 0
	if m != 0 {
		m.setOffset(f.Offset())
	}
	return m
}

// copyOf is an mbuf of ours with the bytes of a frame that lies elsewhere. It
// is 0 if there is no memory. As many as more frames may need one.
func (p *Port) copyOf(f *pmd.Frame, more int) mbuf {
	m := p.empty(more)
	if m == 0 {
		return 0
	}
	copy(m.mem()[pmd.Headroom:], f.Bytes())
	return m
}

// empty is an mbuf of ours, 0 if there is no memory. As many as more may be
// needed, so one call fetches them all.
func (p *Port) empty(more int) mbuf {
	if p.q.fresh == 0 {
		C.nc_refill(p.q, C.uint32_t(more))
	}
	if p.q.fresh == 0 {
		return 0
	}
	p.q.fresh--
	return mbuf(p.q.copy[p.q.fresh])
}

// untake gives back what the device did not take of q.tx, and returns how
// many bytes that is.
func (p *Port) untake(frames []*pmd.Frame, sent, n int) (bytes int) {
	for i := sent; i < n; i++ {
		f, m := frames[p.out[i]], p.q.tx[i]
		bytes += f.Len()
		if f.Ref != 0 {
			*(*C.uintptr_t)(unsafe.Add(nil, f.Ref)) = m
			continue
		}
		p.q.copy[p.q.fresh] = m
		p.q.fresh++
	}
	return bytes
}

// BindThread makes the calling thread known to DPDK, which then keeps mbufs
// at hand for it: null to null 97 Mpps instead of 55. The thread is to be
// locked to its goroutine.
func (p *Port) BindThread() error {
	if errno := C.nc_bind_thread(); errno != 0 {
		return fmt.Errorf("%s: DPDK cannot take another thread: %w", p.Info().Name, syscall.Errno(errno))
	}
	return nil
}

// UnbindThread undoes one BindThread.
func (p *Port) UnbindThread() { C.nc_unbind_thread() }
