//go:build !race

package pipeline

import (
	"unsafe"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// steadyIn is passIn, but for the last step, for the known frames in todo, as
// far as they change no connection's state: it ends at the first that does, or
// that passIn would leave. Bit i of ready says that frames[i] has only to be
// delivered. It takes 87 instructions a packet where the compiler makes 160.
func (w *Worker) steadyIn(frames []pmd.Frame, todo uint64) (ready uint64) {
	return steadyIn(w, w.flows.Conn(0), unsafe.SliceData(frames), todo)
}

// steadyIn finds connections by their distance from the first.
//
//go:noescape
func steadyIn(w *Worker, conns *flow.Conn, frames *pmd.Frame, todo uint64) (ready uint64)

// steadyOut is passOut in the same way, in 145 instructions instead of 270. What
// has another address of the guest's than the first, and is translated, is left,
// too.
func (w *Worker) steadyOut(g *guest, frames []pmd.Frame, todo uint64) (ready uint64) {
	stations := w.view.Policy.Region.Stations()
	return steadyOut(w, g, w.flows.Conn(0), unsafe.SliceData(stations), len(stations), unsafe.SliceData(frames), todo)
}

//go:noescape
func steadyOut(w *Worker, from *guest, conns *flow.Conn, stations **vpc.Stations, count int, frames *pmd.Frame, todo uint64) (ready uint64)

// Where the parts of a connection are, and what assembly asks of them.
const (
	connPackets = unsafe.Offsetof(flow.Conn{}.Packets) // of direction in; out follows
	connBytes   = unsafe.Offsetof(flow.Conn{}.Bytes)   // the same
	connEpoch   = unsafe.Offsetof(flow.Conn{}.Epoch)
	connSeen    = unsafe.Offsetof(flow.Conn{}.Seen)
	connStatus  = flow.ConnStatus

	established = flow.Established
	udpStream   = flow.UDPStream
	udpOneWay   = flow.UDPOneWay                                     // asked from outside
	udpAsked    = flow.Status(flow.UDPOneWay) | flow.StatusInitiator // by the guest

	statusWalkedIn  = flow.StatusWalkedIn
	statusWaysOut   = flow.StatusWalkedOut | flow.StatusRouted | flow.StatusNeighbor
	statusRoutedOut = flow.StatusWalkedOut | flow.StatusRouted // of these; set: a tunnel, behind the router
	statusNAT       = flow.StatusNAT
	statusSide      = flow.StatusSide
	statusPath      = flow.StatusPath
	statusVTEP      = flow.StatusVTEP

	whoENI = flow.WhoENI

	stationBits = vpc.StationBits
	stationMask = 1<<vpc.StationBits - 1
	stationVTEP = unsafe.Offsetof(vpc.Station{}.VTEP)
)

// It counts on a state in the lowest byte, on FIN, SYN and RST being 7, and on
// these sizes: it multiplies by shifts. A station's VNI and addresses lie as in a
// frame.
var (
	_ = [1]struct{}{}[statusSide&0xff-0xff]
	_ = [1]struct{}{}[wire.TCPFin|wire.TCPSyn|wire.TCPRst-7]
	_ = [1]struct{}{}[uintptr(wire.Out)-uintptr(wire.In)-1]
	_ = [1]struct{}{}[keySize+unsafe.Sizeof(flow.Conn{})-64] // a connection and its key, side by side in the table
	_ = [1]struct{}{}[keySize-16]
	_ = [1]struct{}{}[frameSize-24]
	_ = [1]struct{}{}[unsafe.Sizeof(tunnel{})-64]
	_ = [1]struct{}{}[unsafe.Sizeof(vpc.Station{})-20]
	_ = [1]struct{}{}[unsafe.Offsetof(vpc.Station{}.Dst)-4]
	_ = [1]struct{}{}[unsafe.Offsetof(vpc.Station{}.Src)-10]
)
