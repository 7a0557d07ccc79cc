//go:build !race

package pipeline

import (
	"unsafe"

	"golang.org/x/sys/cpu"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// atomicLoads says that the processor loads 16 aligned bytes at once, as the assembly of passages wants it (AMD64
// Architecture Programmer's Manual, volume 2, section 7.3.2; Intel 64 Software Developer's Manual, volume 3,
// section 10.1.1). Where it does not, no assembly takes part.
var atomicLoads = cpu.X86.HasAVX

// steadyIn is passIn without the last step, q.put, for the known frames in todo. steadyIn
// ends at the first frame that changes its connection's state or that passIn would leave.
// Bit i of ready says that frames[i] is ready to be put. steadyIn takes 76 instructions a
// packet; the compiler makes 160.
func (w *Worker) steadyIn(frames []pmd.Frame, todo uint64) (ready uint64) {
	if !atomicLoads {
		return 0
	}
	return steadyIn(w, w.flows.Conn(0), unsafe.SliceData(frames), todo)
}

// steadyIn finds connection i at conns + i * 64 bytes.
//
//go:noescape
func steadyIn(w *Worker, conns *flow.Conn, frames *pmd.Frame, todo uint64) (ready uint64)

// steadyOut is passOut without the last step, as steadyIn is passIn, in 139 instructions
// a packet instead of 270. steadyOut ends also at a frame to be translated whose source
// is not the guest's primary address, because the assembly knows that address alone.
func (w *Worker) steadyOut(g *guest, frames []pmd.Frame, todo uint64) (ready uint64) {
	if !atomicLoads {
		return 0
	}
	stations := w.setup.Policy.Region.Stations()
	return steadyOut(w, g, w.flows.Conn(0), unsafe.SliceData(stations), len(stations), unsafe.SliceData(frames), todo)
}

//go:noescape
func steadyOut(w *Worker, from *guest, conns *flow.Conn, stations **vpc.Stations, count int, frames *pmd.Frame, todo uint64) (ready uint64)

// The offsets of a connection's fields, and the values that assembly compares them with.
const (
	connPackets = unsafe.Offsetof(flow.Conn{}.Packets) // of direction in; out follows
	connBytes   = unsafe.Offsetof(flow.Conn{}.Bytes)   // of direction in; out follows
	connEpoch   = unsafe.Offsetof(flow.Conn{}.Epoch)
	connSeen    = unsafe.Offsetof(flow.Conn{}.Seen)
	connStatus  = flow.ConnStatus

	established = flow.Established
	udpStream   = flow.UDPStream
	udpOneWay   = flow.UDPOneWay                                     // opened by the remote side
	udpAsked    = flow.Status(flow.UDPOneWay) | flow.StatusInitiator // opened by the guest

	statusWalkedIn  = flow.StatusWalkedIn
	statusWaysOut   = flow.StatusWalkedOut | flow.StatusRouted | flow.StatusNeighbor
	statusRoutedOut = flow.StatusWalkedOut | flow.StatusRouted // statusWaysOut of a way by the router into a tunnel
	statusNeighbor  = flow.StatusNeighbor
	statusWaysHere  = flow.StatusNeighbor | flow.StatusWalkedIn
	statusNAT       = flow.StatusNAT
	statusSide      = flow.StatusSide
	statusExit      = flow.StatusExit
	statusVTEP      = flow.StatusVTEP

	statusEnd    = flow.StatusState | flow.StatusWalkedIn | 0xffff<<flow.StatusVTEP // of what fromHere asks, and the state
	statusEndTCP = flow.StatusWalkedIn | flow.Status(established)
	statusEndUDP = flow.StatusWalkedIn | flow.Status(udpStream)

	whoENI   = flow.WhoENI
	whoProto = 0xff << 24

	// What FRESH compares with, in pairs of words: the epoch must not be less than that in force, and none is more;
	// the last packet's tick must be within the pause.
	freshWay   = 1<<63 | 0xffff_ffff
	freshState = (PassageIPv4|PassageSteady-1)<<32 | (1<<32 - passagePause)

	passageEnds  = unsafe.Offsetof(PassageKey{}.Src)     // both addresses
	passagePorts = unsafe.Offsetof(PassageKey{}.SrcPort) // both ports and Kind
	passageValue = unsafe.Sizeof(PassageKey{})           // of a passage, behind its key

	stationBits = vpc.StationBits
	stationMask = 1<<vpc.StationBits - 1
	stationVTEP = unsafe.Offsetof(vpc.Station{}.VTEP)
	stationMTU  = unsafe.Offsetof(vpc.Station{}.MTU)
)

// The assembly relies on the state in the lowest byte of a status, on FIN, SYN and RST
// being 7 together, and on these sizes, because it multiplies by shifts. A station's VNI
// and MACs lie as in a frame, so that one store writes them.
var (
	_ = [1]struct{}{}[statusSide&0xff-0xff]
	_ = [1]struct{}{}[wire.TCPFin|wire.TCPSyn|wire.TCPRst-7]
	_ = [1]struct{}{}[uintptr(wire.Out)-uintptr(wire.In)-1]
	_ = [1]struct{}{}[keySize+unsafe.Sizeof(flow.Conn{})-64] // a connection and its key, side by side in the table
	_ = [1]struct{}{}[keySize-16]
	_ = [1]struct{}{}[frameSize-24]
	_ = [1]struct{}{}[unsafe.Sizeof(tunnel{})-64]
	_ = [1]struct{}{}[unsafe.Sizeof(trail{})-8]
	_ = [1]struct{}{}[unsafe.Sizeof(PassageKey{})+unsafe.Sizeof(Passage{})-64]
	_ = [1]struct{}{}[unsafe.Sizeof(PassageKey{})-keySize]
	_ = [1]struct{}{}[keyLocal]    // and so on, as the masks of keys have them
	_ = [1]struct{}{}[keyRemote-4] // …
	_ = [1]struct{}{}[keyPorts-8]  // …
	_ = [1]struct{}{}[keyWho-12]   // …
	_ = [1]struct{}{}[kindProto-24]
	_ = [1]struct{}{}[unsafe.Offsetof(guest{}.router)-unsafe.Offsetof(guest{}.mac)-6]
	_ = [1]struct{}{}[(passageValue+unsafe.Offsetof(Passage{}.End))&15] // with Way, as one load takes them
	_ = [1]struct{}{}[unsafe.Offsetof(Passage{}.Way)-unsafe.Offsetof(Passage{}.End)-8]
	_ = [1]struct{}{}[(passageValue+unsafe.Offsetof(Passage{}.Epoch))&15] // with Leaves, Seen and State
	_ = [1]struct{}{}[unsafe.Offsetof(Passage{}.Leaves)-unsafe.Offsetof(Passage{}.Epoch)-4]
	_ = [1]struct{}{}[unsafe.Offsetof(Passage{}.Seen)-unsafe.Offsetof(Passage{}.Epoch)-8]
	_ = [1]struct{}{}[unsafe.Offsetof(Passage{}.State)-unsafe.Offsetof(Passage{}.Epoch)-12]
	_ = [1]struct{}{}[(keySize+connEpoch)&15] // with Seen and the status
	_ = [1]struct{}{}[connStatus-connEpoch-8]
	_ = [1]struct{}{}[(PassageIPv4|PassageSteady)>>29-3]
	_ = [1]struct{}{}[(PassageIPv4|PassageSteady|PassageOut)>>29-7]
	_ = [1]struct{}{}[unsafe.Sizeof(guest{})-1<<7]
	_ = [1]struct{}{}[unsafe.Sizeof(vpc.Station{})-20]
	_ = [1]struct{}{}[unsafe.Offsetof(vpc.Station{}.Dst)-4]
	_ = [1]struct{}{}[unsafe.Offsetof(vpc.Station{}.Src)-10]
)
