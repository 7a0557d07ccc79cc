package afpacket

import (
	"errors"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/pmd/internal/gso"
)

// Port is a network interface.
type Port struct {
	info  atomic.Pointer[pmd.Info]
	index int
	rxFd  int
	txFd  int
	bulk  int    // socket that merged frames are sent by
	claim *claim // on the interface
	rx    rxRing
	tx    txRing

	unfinished gso.Finisher
	segments   []byte   // one for each frame of a burst
	merged     []byte   // the frame that is cut
	whole      [][]byte // for merged frames that are lent as they are; nil: all are cut
	tunneled   bool     // merged frames in outer headers are lent so, too
	joiner     pmd.Joiner
	lent       int // merged frames in the burst at hand
	looks      int // that Rx has left
	idle       int // Rx in a row that found nothing

	cutter  pmd.Cutter          // of the merged frame in a tunnel that is sent
	bundle  []byte              // memory for what of it is sent at once; nil until one is sent
	header  [gso.HeaderLen]byte // of the merged frame that is sent
	vectors [2]unix.Iovec

	rxPackets, rxBytes, unkept            atomic.Uint64 // unkept: long frames that the kernel had no memory for
	txPackets, txBytes, txFull, txDropped atomic.Uint64

	mu     sync.Mutex // what follows, and the sockets' life against Stats
	missed uint64     // as the kernel told so far
	closed bool
}

const (
	segmentSize = pmd.Headroom + gso.HeaderLen + pmd.MaxFrame
	mergedSize  = pmd.Headroom + gso.HeaderLen + 1<<16 + 64
)

// Rx lends the frames that wait in the ring.
func (p *Port) Rx(b *pmd.Burst) {
	b.N = 0
	p.rx.release()
	packets, bytes := 0, 0
	p.looks = pmd.MaxLooks
	for p.lent = 0; b.N < pmd.MaxBurst && p.lent < pmd.MaxMerged && p.fill(b); b.N++ {
		f := &b.Frames[b.N]
		if f.Merged() {
			b.Merged |= 1 << b.N
			p.lent++
		}
		packets += f.Packets()
		bytes += f.WireLen()
	}
	if b.N == 0 {
		p.rest()
		return
	}
	p.idle = 0
	p.rxPackets.Store(p.rxPackets.Load() + uint64(packets))
	p.rxBytes.Store(p.rxBytes.Load() + uint64(bytes))
}

// rest takes the error that a link leaves on its socket when it goes down:
// poll(2) would return at once as long as it is there.
func (p *Port) rest() {
	if p.idle++; p.idle%256 == 0 {
		unix.GetsockoptInt(p.rxFd, unix.SOL_SOCKET, unix.SO_ERROR)
	}
}

// fill puts the next frame into the burst; it is false if none waits.
func (p *Port) fill(b *pmd.Burst) bool {
	var f received
	buf := p.segments[b.N*segmentSize:][:segmentSize]
	for !p.unfinished.Active() {
		if p.looks--; p.looks < 0 || !p.rx.next(&f) {
			return false
		}
		if (!f.long() || p.fetch(&f, buf)) && p.finish(&f) {
			b.Frames[b.N].LendMerged(f.mem, f.off, len(f.mem)-f.off, f.segment)
			return true
		}
	}
	b.Frames[b.N].Lend(buf, pmd.Headroom, p.unfinished.Next(buf[pmd.Headroom:]))
	return true
}

// fetch reads a long frame, to buf if it fits there. It is false if the frame is
// lost, and counted: the kernel had no memory to keep it, or no port carries
// anything as long.
func (p *Port) fetch(f *received, buf []byte) bool {
	switch {
	case f.length <= pmd.MaxFrame:
	case p.whole != nil:
		buf = p.whole[p.lent]
	default:
		buf = p.merged
	}
	switch {
	case !f.queued:
		p.unkept.Store(p.unkept.Load() + 1)
		return false
	case !f.read(p.rxFd, buf):
		p.unfinished.Lose()
		return false
	}
	return true
}

// finish is false if there is no frame to lend: it is to be cut first, or lost.
func (p *Port) finish(f *received) bool {
	header := gso.Read(f.mem[f.off-gso.HeaderLen : f.off])
	if f.tag != 0 {
		f.putTagBack()
		header.Shift(wire.VLANLen)
	}
	frame := f.mem[f.off:]
	if header.Finished() && len(frame) <= pmd.MaxFrame {
		return true
	}
	if !header.Merged() {
		return p.unfinished.Take(frame, &header)
	}
	if p.whole != nil {
		var ok bool
		if f.segment, ok = gso.Whole(frame, &header, p.tunneled); ok {
			return true
		}
	}
	if p.tunneled && f.join(&p.joiner, &header) {
		return true
	}
	if p.whole != nil || len(frame) <= pmd.MaxFrame {
		frame = p.merged[:copy(p.merged, frame)] // its segments may take several Rx
	}
	return p.unfinished.Take(frame, &header)
}

// LendMerged has merged frames lent as they are, as pmd.Merging says.
func (p *Port) LendMerged(tunneled bool) {
	p.tunneled = tunneled
	for len(p.whole) < pmd.MaxMerged {
		p.whole = append(p.whole, make([]byte, mergedSize))
	}
}

// Fd becomes readable when a frame waits.
func (p *Port) Fd() int { return p.rxFd }

// Info describes the port.
func (p *Port) Info() pmd.Info { return *p.info.Load() }

// Stats are the counts since Open. What the kernel found no room for counts
// as missed: it handed over all that was neither received nor lost to a reason.
func (p *Port) Stats() pmd.Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.askKernel()
	s := pmd.Stats{
		RxPackets: p.rxPackets.Load(), RxBytes: p.rxBytes.Load(),
		TxPackets: p.txPackets.Load(), TxBytes: p.txBytes.Load(),
		RxMissed: p.missed + p.unkept.Load(),
		TxFull:   p.txFull.Load(), TxDropped: p.txDropped.Load(),
	}
	p.unfinished.Count(&s)
	return s
}

// askKernel adds what was lost since it was asked last.
func (p *Port) askKernel() {
	if p.closed {
		return
	}
	if s, err := unix.GetsockoptTpacketStats(p.rxFd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
		p.missed += uint64(s.Drops)
	}
}

// Close gives the interface back.
func (p *Port) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.askKernel()
	p.closed = true
	var errs []error
	for _, mem := range [][]byte{p.rx.mem, p.tx.mem} {
		if mem != nil {
			errs = append(errs, unix.Munmap(mem))
		}
	}
	for _, fd := range []int{p.rxFd, p.txFd, p.bulk} {
		if fd >= 0 {
			errs = append(errs, unix.Close(fd))
		}
	}
	p.claim.release()
	return errors.Join(errs...)
}
