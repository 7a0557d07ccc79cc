package afpacket

import (
	"encoding/binary"
	"sync/atomic"
	"unsafe"

	"nitrocard/nic/wire"

	"golang.org/x/sys/unix"
)

// rxRing is the memory into which the kernel receives: blocks, and in each a
// chain of frames (linux/if_packet.h):
//
//	block:  version u32, private u32, status u32, frames u32, first u32, …
//	frame:  next u32, sec u32, nsec u32, snaplen u32, len u32, status u32,
//	        mac u16, net u16, hash u32, tci u32, tpid u16, …
//
// A block is ours while its status says so. held counts those that are
// walked to the end, and lent until the next Rx.
type rxRing struct {
	mem   []byte
	block int // that is walked, or waited for
	left  int // frames of it still to walk
	at    int // offset of the next of them in mem
	held  int // blocks before it
}

// received is one frame of the ring.
type received struct {
	mem  []byte // from the kernel's descriptor, which is free once read, to the frame's end
	off  int    // of the frame in mem
	long bool   // the frame did not fit into a block
	tag  uint32 // VLAN tag that the kernel took out, TPID and TCI, or 0
}

func (r *rxRing) status(block int) *uint32 {
	return (*uint32)(unsafe.Pointer(&r.mem[block*blockSize+8]))
}

// release gives back the blocks whose frames were lent, but for the one whose
// last frame is still in use.
func (r *rxRing) release(inUse bool) {
	keep := 0
	if inUse && r.left == 0 {
		keep = 1
	}
	for ; r.held > keep; r.held-- {
		block := (r.block - r.held + blockCount) % blockCount
		atomic.StoreUint32(r.status(block), unix.TP_STATUS_KERNEL)
	}
}

// next walks on to the next frame; it is false if none waits.
func (r *rxRing) next(f *received) bool {
	for r.left == 0 {
		if r.held == blockCount || atomic.LoadUint32(r.status(r.block))&unix.TP_STATUS_USER == 0 {
			return false
		}
		desc := r.mem[r.block*blockSize:][:blockSize]
		r.left = int(binary.NativeEndian.Uint32(desc[12:]))
		r.at = r.block*blockSize + int(binary.NativeEndian.Uint32(desc[16:]))
		if r.left == 0 {
			r.finish()
		}
	}
	r.read(f)
	if r.left--; r.left == 0 {
		r.finish()
	}
	return true
}

// finish moves on to the next block.
func (r *rxRing) finish() {
	r.held++
	r.block = (r.block + 1) % blockCount
}

func (r *rxRing) read(f *received) {
	desc := r.mem[r.at:]
	h := desc[:unix.SizeofTpacket3Hdr]
	snap, length := binary.NativeEndian.Uint32(h[12:]), binary.NativeEndian.Uint32(h[16:])
	f.off = int(binary.NativeEndian.Uint16(h[24:]))
	f.mem = desc[: f.off+int(snap) : f.off+int(snap)]
	f.long = snap < length
	f.tag = 0
	if status := binary.NativeEndian.Uint32(h[20:]); status&unix.TP_STATUS_VLAN_VALID != 0 {
		f.tag = wire.EtherTypeVLAN<<16 | binary.NativeEndian.Uint32(h[32:])&0xffff
		if status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
			f.tag = f.tag&0xffff | uint32(binary.NativeEndian.Uint16(h[36:]))<<16
		}
	}
	r.at += int(binary.NativeEndian.Uint32(h[0:]))
}

// putTagBack moves the addresses to the front and writes the tag behind them.
func (f *received) putTagBack() {
	f.off -= wire.VLANLen
	copy(f.mem[f.off:], f.mem[f.off+wire.VLANLen:][:12])
	binary.BigEndian.PutUint32(f.mem[f.off+12:], f.tag)
}
