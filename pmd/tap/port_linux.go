package tap

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"nitrocard/pmd"
	"nitrocard/pmd/internal/gso"
)

// Port is the card's end of a TAP interface.
//
// It takes every frame up to pmd.MaxFrame: the MTU of the interface bounds
// what its kernel sends, and may be changed while the port is open. What the
// kernel drops because the card does not keep up is counted by the interface
// (`ip -s link`) and not here: TAP does not tell this end.
type Port struct {
	info atomic.Pointer[pmd.Info]
	fd   int

	mu        sync.Mutex // what follows
	socket    int        // for questions about the interface by its name, in the namespace where it is
	namespace uint64     // the inode of that

	bufs       [pmd.MaxBurst][]byte
	merged     []byte // what is cut
	unfinished gso.Finisher
	whole      bool // merged frames are lent as they are
	tunneled   bool // and those in outer headers
	looks      int  // that Rx has left
	lent       int  // merged frames in the burst at hand

	header  [gso.HeaderLen]byte // of what is sent, which lacks nothing unless it is merged
	vectors [2]unix.Iovec

	rxPackets, rxBytes                    atomic.Uint64
	txPackets, txBytes, txFull, txDropped atomic.Uint64
	close                                 sync.Once
}

// A read yields header and frame, which may be a merged one of 64 KB.
const (
	readAt   = pmd.Headroom
	frameAt  = readAt + gso.HeaderLen
	bufBytes = frameAt + 1<<16 + 64
)

func newPort(fd int) *Port {
	p := &Port{fd: fd, socket: -1, merged: make([]byte, bufBytes)}
	for i := range p.bufs {
		p.bufs[i] = make([]byte, bufBytes)
	}
	return p
}

// Rx reads the frames that wait.
func (p *Port) Rx(b *pmd.Burst) {
	b.N = 0
	packets, bytes := 0, 0
	p.looks = pmd.MaxLooks
	for p.lent = 0; b.N < pmd.MaxBurst && p.lent < pmd.MaxMerged && p.fill(&b.Frames[b.N], &p.bufs[b.N]); b.N++ {
		f := &b.Frames[b.N]
		if f.Merged() {
			b.Merged |= 1 << b.N
			p.lent++
		}
		packets += f.Packets()
		bytes += f.WireLen()
	}
	p.rxPackets.Store(p.rxPackets.Load() + uint64(packets))
	p.rxBytes.Store(p.rxBytes.Load() + uint64(bytes))
}

// fill lends the next frame in buf; it is false if none waits. A merged frame
// keeps the buffer it was read into until its last segment is cut, and the
// spare one takes its place.
func (p *Port) fill(f *pmd.Frame, buf *[]byte) bool {
	for !p.unfinished.Active() {
		if p.looks--; p.looks < 0 {
			return false
		}
		n := p.read((*buf)[readAt:])
		if n < gso.HeaderLen {
			return false
		}
		header, frame := gso.Read((*buf)[readAt:]), (*buf)[frameAt:readAt+n]
		if p.whole && header.Merged() {
			if segment, ok := gso.Whole(frame, &header, p.tunneled); ok {
				f.LendMerged(*buf, frameAt, len(frame), segment)
				return true
			}
		}
		if header.Finished() && len(frame) <= pmd.MaxFrame || p.unfinished.Take(frame, &header) {
			f.Lend(*buf, frameAt, len(frame))
			return true
		}
		if p.unfinished.Active() {
			*buf, p.merged = p.merged, *buf
		}
	}
	f.Lend(*buf, pmd.Headroom, p.unfinished.Next((*buf)[pmd.Headroom:]))
	return true
}

// read is a read(2) that never waits and allocates no error; it is negative
// if there is nothing to read.
func (p *Port) read(buf []byte) int {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(p.fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)))
	if errno != 0 {
		return -1
	}
	return int(n)
}

// Tx writes the frames, one system call each: TAP has no way to take more.
func (p *Port) Tx(frames []*pmd.Frame) int {
	n, packets, dropped, bytes := 0, 0, 0, 0
send:
	for ; n < len(frames); n++ {
		f := frames[n]
		errno, stands := unix.EINVAL, f.Packets()
		if f.Longest() <= pmd.MaxFrame {
			errno = p.write(f)
		}
		switch errno {
		case 0:
			packets += stands
			bytes += f.WireLen()
		case unix.EINVAL:
			dropped += stands
		default:
			break send
		}
	}
	full := 0
	for _, f := range frames[n:] {
		full += f.Packets()
	}
	p.txPackets.Store(p.txPackets.Load() + uint64(packets))
	p.txBytes.Store(p.txBytes.Load() + uint64(bytes))
	p.txDropped.Store(p.txDropped.Load() + uint64(dropped))
	p.txFull.Store(p.txFull.Load() + uint64(full))
	return n
}

// LendMerged has merged frames lent as they are, as pmd.Merging says.
func (p *Port) LendMerged(tunneled bool) { p.whole, p.tunneled = true, tunneled }

func (p *Port) write(f *pmd.Frame) unix.Errno {
	frame := f.Bytes()
	if len(frame) == 0 {
		return unix.EINVAL
	}
	clear(p.header[:])
	if f.Merged() {
		gso.PutWhole(p.header[:], f)
	}
	p.vectors[0].Base, p.vectors[1].Base = &p.header[0], &frame[0]
	p.vectors[0].SetLen(len(p.header))
	p.vectors[1].SetLen(len(frame))
	_, _, errno := unix.Syscall(unix.SYS_WRITEV, uintptr(p.fd), uintptr(unsafe.Pointer(&p.vectors)), 2)
	p.vectors[1].Base = nil // the frame is the caller's again
	return errno
}

// Fd becomes readable when frames wait.
func (p *Port) Fd() int { return p.fd }

// Info describes the port.
func (p *Port) Info() pmd.Info { return *p.info.Load() }

// Stats are the counts since Open.
func (p *Port) Stats() pmd.Stats {
	s := pmd.Stats{
		RxPackets: p.rxPackets.Load(), RxBytes: p.rxBytes.Load(),
		TxPackets: p.txPackets.Load(), TxBytes: p.txBytes.Load(),
		TxFull: p.txFull.Load(), TxDropped: p.txDropped.Load(),
	}
	p.unfinished.Count(&s)
	return s
}

// Close gives the interface back.
func (p *Port) Close() (err error) {
	p.close.Do(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		err = unix.Close(p.fd)
		unix.Close(p.socket)
	})
	return err
}
