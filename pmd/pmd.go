// Package pmd is the contract between the card and its ports: a poll-mode
// driver fills bursts of frames and sends them, and never blocks.
//
// Memory is lent, not given. Rx lends the card frames that stay valid until
// the next Rx on the same port; Tx is done with a frame when it returns,
// because it copied it or because it took it over. So the card frees
// nothing, and a driver may hand out its receive ring as it is.
//
// A frame that a driver hands out is finished: every checksum is complete
// and no segments are merged. Virtual links leave both undone; the driver
// that knows such a link mends them, and the card never hears of it.
package pmd

import (
	"errors"

	"nitrocard/nic/wire"
)

// MaxBurst is how many frames one Rx yields at most. 64 rather than DPDK's
// usual 32: from 100,000 flows on, memory latency is the cost of a packet,
// and a longer burst hides more of it.
const MaxBurst = 64

// Headroom is how many writable bytes lie before each received frame: room
// for the 50 bytes of a VXLAN tunnel (RFC 7348), rounded up to cache lines.
const Headroom = 128

// MaxMTU is the largest a port has: EC2's of 9001 bytes, and the tunnel's 50.
const MaxMTU = 9001 + wire.OuterLen

// MaxFrame is the longest frame a port carries, without its checksum:
// Ethernet, a VLAN tag and MaxMTU.
const MaxFrame = wire.EthernetLen + wire.VLANLen + MaxMTU

var (
	// ErrDown is the state of a port that exists and carries nothing now. It
	// comes back by itself.
	ErrDown = errors.New("link is down")
	// ErrGone is the state of a port whose device went away. Only opening it
	// anew brings it back.
	ErrGone = errors.New("device is gone")
)

// Burst is what one Rx yields. A worker uses one for all its ports.
type Burst struct {
	N      int
	Frames [MaxBurst]Frame
}

// Port is one network port, or one queue of it (Queues). Rx belongs to the
// worker that polls it. Tx belongs to one worker at a time, which may be
// another, while Rx is under way. Info, Link and Stats may be called by anyone
// at any time.
type Port interface {
	// Rx replaces b with the frames that wait, at most MaxBurst, and returns
	// at once. The frames are lent until the next Rx or Close.
	Rx(b *Burst)
	// Tx sends frames in order and returns how many it took. The others found
	// no room; they are the caller's to count.
	Tx(frames []*Frame) int
	// Info describes the port. Of a kernel's device, MAC and MTU are as Link
	// last saw them: others may change them while the port is open.
	Info() Info
	// Link looks at the device. It is nil while the port carries frames, and
	// ErrDown, ErrGone or an error that wraps one of them while it does not.
	Link() error
	// Stats are the driver's own counts since it was opened.
	Stats() Stats
	// Close gives the device back. No other method but Info and Stats may be
	// called after it.
	Close() error
}

// Waiter is a port that an idle worker can sleep on.
type Waiter interface {
	// Fd becomes readable, in poll(2)'s sense, when frames wait.
	Fd() int
}

// ThreadBound is a port whose driver serves a thread better that it knows. A
// worker calls BindThread before its first Rx or Tx and UnbindThread after
// its last, on the same locked thread, once for each such port; each worker
// that uses the port does. The port may be closed by the time that
// UnbindThread is called. A port works without, and where BindThread fails:
// only slower.
type ThreadBound interface {
	BindThread() error
	UnbindThread()
}

// Info describes a port.
type Info struct {
	Name   string   // as the user named it, such as "afpacket:eth0"
	Driver string   // the part before the colon
	MAC    wire.MAC // the device's own address, zero if it has none
	MTU    int      // bytes after the Ethernet header
	Max    int      // how many such bytes Tx takes in a frame, where that is more than the MTU; else 0
}

// Stats are a driver's counts. Bytes are frame bytes without the checksum.
type Stats struct {
	RxPackets uint64 `json:"rx_packets"`
	RxBytes   uint64 `json:"rx_bytes"`
	TxPackets uint64 `json:"tx_packets"`
	TxBytes   uint64 `json:"tx_bytes"`
	RxMissed  uint64 `json:"rx_missed"`  // frames that arrived and found no room before the card saw them
	TxFull    uint64 `json:"tx_full"`    // frames that Tx refused for want of room
	TxDropped uint64 `json:"tx_dropped"` // frames that Tx took and the device would not carry, such as one longer than its MTU
	Mended    uint64 `json:"mended"`     // frames whose checksum or merged segments the driver finished

	// Frames that arrived and that the driver could not hand on; see Losses.
	RxTooLong  uint64 `json:"rx_too_long"`
	RxUncut    uint64 `json:"rx_uncut"`
	RxUnsummed uint64 `json:"rx_unsummed"`
}

// Loss is why a driver did not hand on a frame that arrived, and how often.
type Loss struct {
	Reason   string // its name in Stats, such as "rx_too_long"
	Sentence string // for people, without a full stop
	Frames   uint64
}

// Losses are the reasons for which frames were lost, those that never held too.
// What a full ring had no room for is not among them: nobody saw those frames.
func (s Stats) Losses() []Loss {
	return []Loss{
		{"rx_too_long", "the frame, or a segment of it, is longer than any port carries", s.RxTooLong},
		{"rx_uncut", "segments were merged into the frame before it came, and it was not cut: its headers lead through a tunnel that no port knows, or nothing tells how long its segments were", s.RxUncut},
		{"rx_unsummed", "a sender's link left a checksum to be finished, and its place is not in the frame", s.RxUnsummed},
	}
}

// Plus is s + sign*t, where sign is 1 or -1.
func (s Stats) Plus(t Stats, sign int) Stats {
	n := uint64(sign)
	s.RxPackets += n * t.RxPackets
	s.RxBytes += n * t.RxBytes
	s.TxPackets += n * t.TxPackets
	s.TxBytes += n * t.TxBytes
	s.RxMissed += n * t.RxMissed
	s.TxFull += n * t.TxFull
	s.TxDropped += n * t.TxDropped
	s.Mended += n * t.Mended
	s.RxTooLong += n * t.RxTooLong
	s.RxUncut += n * t.RxUncut
	s.RxUnsummed += n * t.RxUnsummed
	return s
}
