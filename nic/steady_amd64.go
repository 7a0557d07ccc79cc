//go:build !race

package nic

import (
	"unsafe"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// steadyIn is passIn, but for the last step, for the known frames in todo, as
// far as they change no connection's state: it ends at the first that does, or
// that passIn would leave. Bit i of ready says that frames[i] has only to be
// delivered. It takes 87 instructions a packet where the compiler makes 160.
func (w *worker) steadyIn(frames []pmd.Frame, todo uint64) (ready uint64) {
	return steadyIn(w, w.flows.Conn(0), unsafe.SliceData(frames), todo)
}

// steadyIn finds connections by their distance from the first.
//
//go:noescape
func steadyIn(w *worker, conns *flow.Conn, frames *pmd.Frame, todo uint64) (ready uint64)

// Where the parts of a connection are, and what assembly asks of them.
const (
	connPackets = unsafe.Offsetof(flow.Conn{}.Packets) + 8*uintptr(flow.In)
	connBytes   = unsafe.Offsetof(flow.Conn{}.Bytes) + 8*uintptr(flow.In)
	connEpoch   = unsafe.Offsetof(flow.Conn{}.Epoch)
	connSeen    = unsafe.Offsetof(flow.Conn{}.Seen)
	connStatus  = flow.ConnStatus

	established = flow.Established
	udpStream   = flow.UDPStream
	udpOneWay   = flow.UDPOneWay

	statusWalkedIn = flow.StatusWalkedIn
	statusSide     = flow.StatusSide
	statusVTEP     = flow.StatusVTEP

	whoENI = flow.WhoENI
)

// It counts on a state in the lowest byte, on FIN, SYN and RST being 7, and on
// these sizes: it multiplies by shifts.
var (
	_ = [1]struct{}{}[statusSide&0xff-0xff]
	_ = [1]struct{}{}[wire.TCPFin|wire.TCPSyn|wire.TCPRst-7]
	_ = [1]struct{}{}[keySize+unsafe.Sizeof(flow.Conn{})-64] // a connection and its key, side by side in the table
	_ = [1]struct{}{}[keySize-16]
	_ = [1]struct{}{}[frameSize-24]
)
