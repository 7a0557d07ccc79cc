// Package pmd is the contract between the card and its ports. A poll-mode driver
// receives and sends bursts of frames, and never blocks.
//
// Memory is lent, not given. Frames that Rx lends stay valid until the next Rx on the
// same port. When Tx returns, the driver has copied a frame that it took, or has taken
// its memory over. So the card frees nothing, and a driver may lend its receive ring as
// it is.
//
// A frame that a driver lends is finished: every checksum is complete, and no segments
// are merged. Virtual links leave both undone; their drivers finish each frame before the
// card sees it. A stream is much faster in merged frames, so a port that is asked to (Merging)
// lends those as they are. Some ports take merged frames (Info.Merged, Info.Bundle); for the
// others Cutter cuts them.
package pmd

import (
	"errors"

	"nitrocard/nic/wire"
)

// MaxBurst is the most frames of one Rx. It is 64 instead of DPDK's usual 32: from
// 100,000 flows on, a packet costs the latency of memory, and a longer burst hides more of
// the latency.
const MaxBurst = 64

// MaxLooks is the most frames that a driver looks at in one Rx, those that it cannot lend
// included: whoever sends only such frames must not keep the worker from the other ports.
const MaxLooks = 2 * MaxBurst

// Headroom is the number of writable bytes before each received frame: the 50 bytes of a
// VXLAN tunnel (RFC 7348), or 70 over IPv6, rounded up to cache lines.
const Headroom = 128

// MaxMTU is the largest MTU of a port: EC2's 9001 bytes and the 70 of a tunnel over IPv6.
const MaxMTU = 9001 + wire.OuterLen6

// MaxFrame is the length of the longest frame, without its checksum: Ethernet, a VLAN tag
// and MaxMTU.
const MaxFrame = wire.EthernetLen + wire.VLANLen + MaxMTU

var (
	// ErrDown is the state of a port that carries no frames now. The port comes back by
	// itself.
	ErrDown = errors.New("link is down")
	// ErrGone is the state of a port whose device went away. Only to open the port anew
	// brings it back.
	ErrGone = errors.New("device is gone")
)

// Burst is the frames of one Rx. A worker uses one Burst for all its ports.
type Burst struct {
	N      int
	Merged uint64 // bit i: Frames[i] is merged. Drivers set bits, and whoever calls Rx clears them before
	Frames [MaxBurst]Frame
}

// Port is one network port, or one queue of a port (Queues). One worker calls Rx. One
// worker at a time calls Tx, also while another worker is in Rx. Any goroutine may call
// Info, Link and Stats at any time.
type Port interface {
	// Rx replaces b with the frames that wait, at most MaxBurst, and returns at once. The
	// frames are lent until the next Rx or Close.
	Rx(b *Burst)
	// Tx sends frames in order and returns how many of them, from the first on, the driver
	// took. The driver had no room for the rest, which the caller counts. Where a merged frame
	// is the first of the rest, the driver may have taken some of its packets (Frame.Took).
	Tx(frames []*Frame) int
	// Info describes the port. Users may change the MAC and MTU of a kernel's device while
	// the port is open; Info has them as Link saw them last.
	Info() Info
	// Link looks at the device. Link is nil while the port carries frames, and else ErrDown,
	// ErrGone or an error that wraps one of the two.
	Link() error
	// Stats are the driver's own counts since the port was opened.
	Stats() Stats
	// Close gives the device back. After Close only Info and Stats may be called.
	Close() error
}

// Waiter is a port that an idle worker can sleep on.
type Waiter interface {
	// Fd becomes readable, in poll(2)'s sense, when frames wait.
	Fd() int
}

// ThreadBound is a port whose driver is faster if it knows the threads that use the port.
// Each worker that uses the port calls BindThread before its first Rx or Tx, and
// UnbindThread after its last, both on the same locked thread. UnbindThread may come after
// Close. A port also works without BindThread, and if BindThread fails, but slower.
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
	Merged bool     // Tx takes merged frames that are in no tunnel, and sends the packets that they stand for
	Bundle bool     // Tx takes merged frames that are in a tunnel, too
	Max    int      // bytes after the Ethernet header that Tx takes, if more than the MTU; else 0
}

// Stats are a driver's counts. Bytes are frame bytes without the checksum.
type Stats struct {
	RxPackets uint64 `json:"rx_packets"`
	RxBytes   uint64 `json:"rx_bytes"`
	TxPackets uint64 `json:"tx_packets"`
	TxBytes   uint64 `json:"tx_bytes"`
	RxMissed  uint64 `json:"rx_missed"`  // frames that arrived and found no room before the card saw them
	TxFull    uint64 `json:"tx_full"`    // frames that Tx did not take for want of room
	TxDropped uint64 `json:"tx_dropped"` // frames that Tx took and the device did not send, such as one longer than its MTU
	Mended    uint64 `json:"mended"`     // frames whose checksum or merged segments the driver finished

	// Frames that arrived and that the driver could not hand on; see Losses.
	RxTooLong  uint64 `json:"rx_too_long"`
	RxUncut    uint64 `json:"rx_uncut"`
	RxUnsummed uint64 `json:"rx_unsummed"`
}

// Loss is a reason for which a driver did not hand on frames that arrived, and their count.
type Loss struct {
	Reason   string // the count's name in Stats, such as "rx_too_long"
	Sentence string // for people, without a full stop
	Frames   uint64
}

// Losses are the reasons for which frames that arrived were lost before the card
// saw them, those that never held too.
func (s Stats) Losses() []Loss {
	return []Loss{
		{"rx_missed", "the frame came while the port's ring was full, as the card did not keep up", s.RxMissed},
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
