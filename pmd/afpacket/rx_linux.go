package afpacket

import (
	"encoding/binary"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/pmd/internal/gso"
)

// rxRing is the memory into which the kernel receives: slots of one size, each a
// descriptor and a frame (TPACKET_V2 in linux/if_packet.h):
//
//	status u32, length u32, snapped u32, mac u16, net u16,
//	sec u32, nsec u32, tci u16, tpid u16, …
//
// A slot is ours while its status says so.
type rxRing struct {
	mem   []byte
	slots int
	head  int // slot whose frame comes next
	lent  int // slots before head whose frames are lent until the next Rx
}

// slotSize is that of a slot in the receive ring: the longest frame of a link with
// Ethernet's MTU of 1500, in a tunnel, fits behind descriptor and headroom.
const slotSize = 2048

// received is one frame of the ring.
type received struct {
	mem     []byte // from the kernel's descriptor, which is free once read, to the frame's end
	off     int    // of the frame in mem
	length  int    // of the frame, of which mem has only a part if it is long
	segment int    // payload bytes of each segment, if it is merged and lent so
	queued  bool   // the frame is long, and the kernel keeps it for read
	tag     uint32 // VLAN tag that the kernel took out, TPID and TCI, or 0
}

func (r *rxRing) slot(i int) []byte { return r.mem[i*slotSize:][:slotSize] }

// release gives back the slots whose frames were lent.
func (r *rxRing) release() {
	for i := r.head - r.lent; i < r.head; i++ {
		at := i
		if at < 0 {
			at += r.slots
		}
		atomic.StoreUint32(status(r.slot(at)), unix.TP_STATUS_KERNEL)
	}
	r.lent = 0
}

// next walks on to the next frame; it is false if none waits.
func (r *rxRing) next(f *received) bool {
	slot := r.slot(r.head)
	s := atomic.LoadUint32(status(slot))
	if s&unix.TP_STATUS_USER == 0 || r.lent == r.slots {
		return false
	}
	h := slot[:unix.SizeofTpacket2Hdr]
	f.length = int(binary.NativeEndian.Uint32(h[4:]))
	f.off = int(binary.NativeEndian.Uint16(h[12:]))
	end := f.off + int(binary.NativeEndian.Uint32(h[8:]))
	f.mem = slot[:end:end]
	f.segment, f.queued = 0, s&unix.TP_STATUS_COPY != 0
	f.tag = 0
	if s&unix.TP_STATUS_VLAN_VALID != 0 {
		f.tag = wire.EtherTypeVLAN<<16 | uint32(binary.NativeEndian.Uint16(h[24:]))
		if s&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
			f.tag = f.tag&0xffff | uint32(binary.NativeEndian.Uint16(h[26:]))<<16
		}
	}
	r.lent++
	if r.head++; r.head == r.slots {
		r.head = 0
	}
	return true
}

// long tells whether the frame did not fit into its slot.
func (f *received) long() bool { return len(f.mem)-f.off < f.length }

// read reads a long frame, the first that the socket keeps, to buf. It is false
// if buf is too short for the frame: the rest is gone then.
func (f *received) read(fd int, buf []byte) bool {
	into := buf[pmd.Headroom:]
	n := readNow(fd, into)
	if n < 0 {
		n = readNow(fd, into) // the first told of a link that went down
	}
	if n != gso.HeaderLen+f.length {
		return false
	}
	f.off = pmd.Headroom + gso.HeaderLen
	f.mem = buf[: f.off+f.length : f.off+f.length]
	return true
}

// join makes a frame that is a bundle the merged frame that it was made of; it is false, and
// the frame is as it was, if the frame is none.
func (f *received) join(j *pmd.Joiner, h *gso.Header) bool {
	merged, segment, ok := gso.Join(j, f.mem[f.off:], h)
	if ok {
		f.mem, f.segment = f.mem[:f.off+len(merged)], segment
	}
	return ok
}

// readNow is a read(2) that never waits and allocates no error; it is negative
// if there is nothing to read.
func readNow(fd int, buf []byte) int {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)))
	if errno != 0 {
		return -1
	}
	return int(n)
}

// putTagBack moves the addresses to the front and writes the tag behind them.
func (f *received) putTagBack() {
	f.off -= wire.VLANLen
	copy(f.mem[f.off:], f.mem[f.off+wire.VLANLen:][:12])
	binary.BigEndian.PutUint32(f.mem[f.off+12:], f.tag)
}
