package afpacket

import (
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"

	"nitrocard/pmd"
	"nitrocard/pmd/internal/gso"
)

// Tx copies frames to the ring and has the kernel send them. Merged ones go by a
// socket without a ring, each in its place.
func (p *Port) Tx(frames []*pmd.Frame) (n int) {
	for took := true; took && n < len(frames); {
		if frames[n].Merged() {
			if took = p.sendWhole(frames[n]); took {
				n++
			}
			continue
		}
		run := frames[n:]
		if merged := slices.IndexFunc(run, (*pmd.Frame).Merged); merged > 0 {
			run = run[:merged]
		}
		sent := p.send(run)
		n, took = n+sent, sent == len(run)
	}
	full := 0
	for _, f := range frames[n:] {
		full += f.Packets()
	}
	p.txFull.Store(p.txFull.Load() + uint64(full))
	return n
}

// sendWhole sends a merged frame. It is false if there was no room for all of it.
func (p *Port) sendWhole(f *pmd.Frame) bool {
	if f.Tunneled() {
		return p.sendBundles(f)
	}
	gso.PutWhole(p.header[:], f)
	return p.write(f.Bytes(), f.Packets(), f.WireLen())
}

// sendBundles sends a merged frame in a tunnel. It is false if there was no room for a bundle,
// and the frame counts as the packets of this bundle and those behind.
func (p *Port) sendBundles(f *pmd.Frame) bool {
	if p.bundle == nil {
		p.bundle = make([]byte, pmd.MaxBundle+pmd.MaxFrame) // once: guests' ports send none
	}
	p.cutter.Start(f)
	for sent := 0; ; {
		bundle, size, packets := p.cutter.Bundle(p.bundle)
		if packets == 0 {
			return true
		}
		gso.PutBundle(p.header[:], bundle, size, packets)
		if !p.write(bundle, packets, len(bundle)+(packets-1)*pmd.OuterHead) {
			f.Took(sent)
			return false
		}
		sent += packets
	}
}

// write sends a frame behind p.header, which stands for so many packets and their bytes. It
// is false if there was no room for it.
func (p *Port) write(frame []byte, packets, bytes int) bool {
	p.vectors[0].Base, p.vectors[1].Base = &p.header[0], &frame[0]
	p.vectors[0].SetLen(len(p.header))
	p.vectors[1].SetLen(len(frame))
	_, _, errno := unix.Syscall(unix.SYS_WRITEV, uintptr(p.bulk), uintptr(unsafe.Pointer(&p.vectors)), 2)
	p.vectors[1].Base = nil // the frame is the caller's again
	switch errno {
	case 0:
		p.txPackets.Store(p.txPackets.Load() + uint64(packets))
		p.txBytes.Store(p.txBytes.Load() + uint64(bytes))
	case unix.EINVAL, unix.EMSGSIZE:
		p.txDropped.Store(p.txDropped.Load() + uint64(packets))
	default:
		return false
	}
	return true
}

// send sends frames that are not merged.
func (p *Port) send(frames []*pmd.Frame) int {
	if mtu := p.info.Load().MTU; mtu != p.tx.mtu {
		p.resize(mtu)
	}
	n, dropped, bytes := 0, 0, 0
	for ; n < len(frames); n++ {
		frame := frames[n].Bytes()
		if !p.tx.fits(frame) {
			dropped++
			continue
		}
		if !p.tx.put(frame) {
			break
		}
		bytes += len(frame)
	}
	if n > dropped {
		kick(p.txFd)
	}
	for unsent := p.tx.takeBack(); unsent > 0; n-- {
		if frame := frames[n-1].Bytes(); !p.tx.fits(frame) {
			dropped--
		} else {
			bytes -= len(frame)
			unsent--
		}
	}
	p.txPackets.Store(p.txPackets.Load() + uint64(n-dropped))
	p.txBytes.Store(p.txBytes.Load() + uint64(bytes))
	p.txDropped.Store(p.txDropped.Load() + uint64(dropped))
	return n
}
