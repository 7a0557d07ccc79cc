package pipeline

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// fabric is two edges of a region and card x on one underlay, with a router of the internet that
// spreads flows over the edges that are there.
type fabric struct {
	*testing.T
	edges   [2]*rig // nil: killed
	card    *rig
	arrived map[uint16]bool // which ports of the client got something
}

// manyFlows is how many connections there are, each from a port of its own.
const manyFlows = 64

func newFabric(t *testing.T) *fabric {
	f := &fabric{T: t, card: newRig(t), arrived: map[uint16]bool{}}
	f.revive(0)
	f.revive(1)
	f.after(4 * time.Second)
	return f
}

// revive starts an edge anew, which knows nothing of what was.
func (f *fabric) revive(i int) {
	f.edges[i] = newEdgeRigAt(f, wire.MAC{2, 0, 0, 0, 0, byte(1 + i)})
	f.edges[i].now = f.card.now
}

// all are those on the underlay.
func (f *fabric) all() (all []*rig) {
	for _, e := range f.edges {
		if e != nil {
			all = append(all, e)
		}
	}
	return append(all, f.card)
}

// after lets a time pass.
func (f *fabric) after(d time.Duration) {
	for end := f.card.now + int64(d); f.card.now < end; {
		for _, r := range f.all() {
			r.now += int64(50 * time.Millisecond)
		}
		f.settle()
	}
}

// settle carries frames until there are none.
func (f *fabric) settle() {
	for busy := true; busy; {
		busy = false
		for _, r := range f.all() {
			for r.Poll(r.now) > 0 {
				busy = true
			}
			for _, frame := range r.ports[Uplink].Sent() {
				f.carry(r, frame)
				busy = true
			}
		}
	}
	for _, e := range f.edges {
		if e != nil {
			f.receive(e.ports[toInternet].Sent())
		}
	}
}

// carry takes a frame over the underlay, to the station that it is for or to all others.
func (f *fabric) carry(from *rig, frame []byte) {
	to := wire.Ethernet(frame).Dst()
	for _, r := range f.all() {
		if r != from && (to.IsMulticast() || to == r.Setup().underlay.mac) {
			require.True(f, r.ports[Uplink].Inject(frame))
		}
	}
}

// receive is the client's part.
func (f *fabric) receive(frames [][]byte) {
	for _, frame := range frames {
		if wire.Ethernet(frame).EtherType() == wire.EtherTypeARP || wire.Ethernet(frame).EtherType() == wire.EtherTypeIPv6 {
			continue // the edge asks for its gateways
		}
		h := header(f, frame)
		require.Equal(f, client, h.Dst.String())
		f.arrived[h.DstPort] = true
	}
}

// fromClient sends a segment of a flow: its router takes one of the edges that are there.
func (f *fabric) fromClient(port int, flags uint8) {
	there := f.all()[:len(f.all())-1]
	e := there[port%len(there)]
	frame := outside(wiretest.TCP(fmt.Sprint(client, ":", port), "35.72.2.8:22").Flags(flags))
	require.True(f, e.ports[toInternet].Inject(frame))
	f.settle()
}

// fromServer sends a segment of a flow back.
func (f *fabric) fromServer(port int, flags uint8) {
	e := f.card.eni("eni-a1")
	frame := wiretest.TCP("10.0.1.5:22", fmt.Sprint(client, ":", port)).Flags(flags).MACs(e.MAC, e.RouterMAC).Bytes()
	require.True(f, f.card.ports["eni-a1"].Inject(frame))
	f.settle()
}

// goOn holds that each connection carries a segment either way.
func (f *fabric) goOn(flags uint8) {
	f.Helper()
	clear(f.arrived)
	f.card.ports["eni-a1"].Sent()
	for i := range manyFlows {
		f.fromClient(40000+i, flags)
		f.fromServer(40000+i, flags)
	}
	require.Len(f, f.arrived, manyFlows, "what the client was sent")
	require.Len(f, f.card.ports["eni-a1"].Sent(), manyFlows, "what the server was sent")
}

// Of two edges either may die, in whatever order: each connection goes on, by the other one, and
// no card makes it anew, because an edge has nothing to lose.
func TestEitherEdgeMayDie(t *testing.T) {
	for _, first := range []int{0, 1} {
		f := newFabric(t)
		for i := range manyFlows {
			f.fromClient(40000+i, wire.TCPSyn)
			f.fromServer(40000+i, wire.TCPSyn|wire.TCPAck)
		}
		f.goOn(wire.TCPAck)
		sent := [2]uint64{}
		for i, e := range f.edges {
			sent[i] = e.counts(toInternet).Ends[Sent]
			require.Positive(t, sent[i], "both edges have flows")
		}
		f.card.admits() // nobody connects any more: what goes on is what the card knows
		f.goOn(wire.TCPAck | wire.TCPPsh)

		for _, dies := range []int{first, 1 - first} {
			f.edges[dies] = nil
			f.after(time.Duration(silentFor) + 2*time.Second)
			f.goOn(wire.TCPAck | wire.TCPPsh)
			f.revive(dies)
			f.after(time.Duration(silentFor) + 2*time.Second)
			f.goOn(wire.TCPAck)
		}
		require.Equal(t, manyFlows, f.card.tracked("eni-a1"))
		require.Zero(t, f.card.counts(Uplink).Ends[SecurityGroupIn])
		f.fromClient(50000, wire.TCPSyn)
		require.Equal(t, uint64(1), f.card.counts(Uplink).Ends[SecurityGroupIn], "a new connection is refused")
	}
}
