package flow

import (
	"sync/atomic"
	"unsafe"
)

// Conn is the hot half of a connection's record: what each packet of a known
// connection needs. With its key it fills one cache line.
//
// Any worker may call the methods below for as long as its reader of the
// table has not passed; Keep also needs the table's lock. Counts and Seen are
// plain stores: a direction that two workers count at the same moment loses
// some of them, and a queue keeps a direction to one worker.
type Conn struct {
	Packets, Bytes [2]uint64 // by Dir
	Epoch          uint32    // of the policy that evaluated it; 0, which no policy has, once it has ended
	Seen           uint32    // tick of the last packet, its low 32 bits
	status         uint64    // a Status
}

// One cache line for key and connection.
var _ = [1]struct{}{}[unsafe.Sizeof(Key{})+unsafe.Sizeof(Conn{})-64]

// ConnStatus is where a Conn has its Status, for assembly.
const ConnStatus = unsafe.Offsetof(Conn{}.status)

// Status is where the connection stands, and what the stages found. All of it
// is of one moment.
func (c *Conn) Status() Status { return Status(atomic.LoadUint64(&c.status)) }

// swap replaces a status that is still old.
func (c *Conn) swap(old, next Status) bool {
	return atomic.CompareAndSwapUint64(&c.status, uint64(old), uint64(next))
}

// Under tells whether the status is what stages found under the policy of
// epoch, if they were walked. It is asked before the status: what another
// worker ends or brings up to date meanwhile was not walked then.
func (c *Conn) Under(epoch uint32) bool { return atomic.LoadUint32(&c.Epoch) == epoch }

// Evaluated is the status, and the epoch of the policy that it is of: both are
// of one moment. Who ends a connection clears the epoch before the status, and
// who restarts one clears it first and sets it last, so a status between two
// looks at the same epoch is that epoch's. Epoch 0: the connection has ended, or
// is about to begin anew.
func (c *Conn) Evaluated() (epoch uint32, s Status) {
	for {
		epoch = atomic.LoadUint32(&c.Epoch)
		s = c.Status()
		if atomic.LoadUint32(&c.Epoch) == epoch {
			return epoch, s
		}
	}
}

// Keep notes what the stages found for direction d. The other direction stays
// known if it is of the same policy. A worker that looks meanwhile sees what
// was, nothing or what is, and never a path beside the epoch of another policy.
func (c *Conn) Keep(d Dir, f Found) {
	ready := statusReadyIn | statusReadyOut
	if c.Epoch != f.Epoch {
		c.update(ready, 0)
		atomic.StoreUint32(&c.Epoch, f.Epoch)
	}
	c.update(f.mask(d), f.status(d))
}

// update sets the bits of mask to those of s, while others may move the state.
func (c *Conn) update(mask, s Status) {
	for {
		old := c.Status()
		if next := old&^mask | s; next == old || c.swap(old, next) {
			return
		}
	}
}

// TCP moves the state by a segment's flags (the 14th byte of its header, RFC
// 9293 section 3.1). Data and acknowledgements of an established connection,
// nearly all segments there are, cost two comparisons.
func (c *Conn) TCP(d Dir, flags uint8) {
	if State(atomic.LoadUint64(&c.status)) == Established && flags&(fin|syn|rst) == 0 {
		return
	}
	c.segment(d, flags)
}

// UDP moves the state by a datagram's direction.
func (c *Conn) UDP(d Dir) {
	if State(atomic.LoadUint64(&c.status)) != UDPStream {
		c.datagram(d)
	}
}

// move puts the state where a packet moves it, unless another worker did so
// first: then it is for the caller to look again.
func (c *Conn) move(s Status, to State) bool {
	return s.State() == to || c.swap(s, s&^statusState|Status(to))
}

// Copy is what the record holds, for a listing. Workers count meanwhile.
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
	return atomic.LoadUint64(&c.Packets[In]) != 0 && atomic.LoadUint64(&c.Packets[Out]) != 0
}
