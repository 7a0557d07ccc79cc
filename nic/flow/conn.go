package flow

import (
	"sync/atomic"
	"unsafe"

	"nitrocard/nic/wire"
)

// Conn is the hot half of a connection's record, which each packet of a known
// connection needs. Key and Conn fill one cache line:
//
//	0     16                32              48      52     56       64
//	+-----+--------+--------+-------+-------+-------+------+--------+
//	| Key |Packets |Packets | Bytes | Bytes | Epoch | Seen | status |
//	|     |   In   |  Out   |  In   |  Out  |       |      |        |
//	+-----+--------+--------+-------+-------+-------+------+--------+
//
// A worker may call the methods below until its reader of the table passes; Keep
// also needs the table's lock. Counts and Seen are plain stores: two workers that
// count one direction at the same moment lose some counts, and a device that keeps a
// direction to one queue loses none. The fields are exported for the assembly of
// package nic, which counts by their offsets.
type Conn struct {
	Packets, Bytes [2]uint64 // by Direction
	Epoch          uint32    // the policy that evaluated the connection; 0, no policy's, after the end
	Seen           uint32    // the low 32 bits of the last packet's tick
	status         uint64    // a Status
}

// Key and Conn fill one cache line.
var _ = [1]struct{}{}[unsafe.Sizeof(Key{})+unsafe.Sizeof(Conn{})-64]

// ConnStatus is the offset of a Conn's Status, exported for the assembly of package nic.
const ConnStatus = unsafe.Offsetof(Conn{}.status)

// Status is the connection's state and the stages' findings, all of one moment.
func (c *Conn) Status() Status { return Status(atomic.LoadUint64(&c.status)) }

// Untracked is a record of a flow that EC2 does not track, which is in no table: it began in a direction, and
// had a packet last at a tick.
func Untracked(began wire.Direction, s State, seen uint32) Conn {
	return Conn{Seen: seen, status: uint64(Status(s) | Status(FlagUntracked|Flags(began&1))<<flagsAt)}
}

// swap replaces the status by next if the status is still old.
func (c *Conn) swap(old, next Status) bool {
	return atomic.CompareAndSwapUint64(&c.status, uint64(old), uint64(next))
}

// Under tells whether the connection's findings are those of the policy of epoch.
// Call Under first, Status second: a writer clears the walked bits, then stores a new
// epoch, then sets the bits, so this order never pairs a new epoch with an old exit.
func (c *Conn) Under(epoch uint32) bool { return atomic.LoadUint32(&c.Epoch) == epoch }

// Evaluated is the status and the epoch of the policy that evaluated it, both of one
// moment. Epoch 0 says that the connection has ended or is being restarted.
//
// A status read between two loads of the same epoch belongs to that epoch: a writer
// that ends a connection clears the epoch before the status, and a writer that
// restarts one clears the epoch first and sets it last.
func (c *Conn) Evaluated() (epoch uint32, s Status) {
	for {
		epoch = atomic.LoadUint32(&c.Epoch)
		s = c.Status()
		if atomic.LoadUint32(&c.Epoch) == epoch {
			return epoch, s
		}
	}
}

// Keep notes what the stages found for direction d. The other direction stays known
// if the same policy evaluated it. A worker that looks meanwhile sees the old
// findings, none or the new ones, and never an exit beside another policy's epoch.
//
// The VTEP is the one from which the packets came that walked the stages of direction In,
// because these stages judged the packets of that VTEP alone. Packets of direction Out may
// leave for another VTEP, and say no more than where packets may come from until one came.
func (c *Conn) Keep(d wire.Direction, f Found) {
	ready := statusReadyIn | statusReadyOut
	if c.Epoch != f.Epoch {
		c.update(ready, 0)
		atomic.StoreUint32(&c.Epoch, f.Epoch)
	}
	mask := f.mask(d)
	if d == wire.Out && c.Status().Walked(wire.In) {
		mask &^= statusVTEP
	}
	c.update(mask, f.status(d)&mask)
}

// update sets the bits of mask to those of s. Other workers may move the state
// meanwhile.
func (c *Conn) update(mask, s Status) {
	for {
		old := c.Status()
		if next := old&^mask | s; next == old || c.swap(old, next) {
			return
		}
	}
}

// TCP moves the state by a segment's flags, the 14th byte of TCP's header (RFC 9293
// section 3.1). Nearly all segments are data and acknowledgements of an established
// connection; those cost two comparisons. A segment with FIN or RST must be Credible.
func (c *Conn) TCP(d wire.Direction, flags uint8) {
	if State(atomic.LoadUint64(&c.status)) == Established && flags&(fin|syn|rst) == 0 {
		return
	}
	c.segment(d, flags)
}

// UDP moves the state by a datagram's direction.
func (c *Conn) UDP(d wire.Direction) {
	if State(atomic.LoadUint64(&c.status)) != UDPStream {
		c.datagram(d)
	}
}

// move sets the state of the status s to the state to, which may come with statusReset.
// move is false if another worker changed the status since the caller read s: the caller
// reads again.
func (c *Conn) move(s, to Status) bool {
	return s&statusState == to || c.swap(s, s&^statusState|to)
}

// Copy is a copy of the record for a listing, while workers count.
func (c *Conn) Copy() Conn {
	return Conn{
		Packets: [2]uint64{atomic.LoadUint64(&c.Packets[0]), atomic.LoadUint64(&c.Packets[1])},
		Bytes:   [2]uint64{atomic.LoadUint64(&c.Bytes[0]), atomic.LoadUint64(&c.Bytes[1])},
		Epoch:   atomic.LoadUint32(&c.Epoch),
		Seen:    atomic.LoadUint32(&c.Seen),
		status:  atomic.LoadUint64(&c.status),
	}
}

// answered tells whether packets went both ways.
func (c *Conn) answered() bool {
	return atomic.LoadUint64(&c.Packets[wire.In]) != 0 && atomic.LoadUint64(&c.Packets[wire.Out]) != 0
}
