package pipeline

import (
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/flow"
	"nitrocard/nic/nictest"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// end is what became of one frame.
type end struct {
	r *rig
	Event
	frame  []byte   // what the card sent in consequence, nil if nothing
	frames [][]byte // the same, of a packet that left in fragments
	from   string   // where it sent that
}

// send puts a frame in a port and runs the card.
func (r *rig) send(port string, frame []byte) end {
	r.Helper()
	r.ended = r.ended[:0]
	require.True(r, r.ports[port].Inject(frame), "%s takes no frame", port)
	require.Equal(r, 1, r.Poll(r.now))
	if len(r.ended) == 0 {
		r.wait(flow.FragmentWait + 100*time.Millisecond) // a fragment waits for those before it
	}
	require.Len(r, r.ended, 1, "each packet ends once")
	e := end{r: r, Event: r.ended[0]}
	e.frames, e.from = nictest.AllLeft(r, r.ports, Uplink)
	if len(e.frames) > 0 {
		e.frame = e.frames[0]
	}
	require.True(r, len(e.frames) < 2 || e.MTU != 0, "one frame leaves, or fragments do")
	return e
}

// tunnel wraps a packet for an ENI as the tunnel end vtep does.
func (r *rig) tunnel(vtep, eni string, p wiretest.Packet) []byte {
	return r.tunnelBytes(vtep, eni, p.Bytes())
}

// tunnelBytes is tunnel for a frame, whose MACs it writes.
func (r *rig) tunnelBytes(vtep, eni string, frame []byte) []byte {
	return nictest.Tunnel(r.policy(), vtep, eni, frame)
}

// outer is a frame in a tunnel from vtep to the card.
func (r *rig) outer(vtep string, vni uint32, inner []byte) wiretest.Packet {
	return nictest.Outer(r.policy(), vtep, vni, inner)
}

// fromInternet is a packet that the edge sends to an ENI.
func (r *rig) fromInternet(eni string, p wiretest.Packet) end {
	r.Helper()
	return r.send(Uplink, r.tunnel(edge, eni, p))
}

// fromGuest is a packet that an ENI's guest sends to its router.
func (r *rig) fromGuest(eni string, p wiretest.Packet) end {
	r.Helper()
	e := r.eni(eni)
	return r.send(eni, p.MACs(e.MAC, e.RouterMAC).Bytes())
}

// dropped holds that the packet ended here for the reason given.
func (e end) dropped(v Verdict) {
	e.r.Helper()
	require.Equal(e.r, v.String(), e.Verdict.String(), v.Sentence())
	require.Nil(e.r, e.frame, "what is dropped does not leave")
}

// delivered holds that the packet left by the port of a guest, and is what
// left.
func (e end) delivered(eni string) []byte {
	e.r.Helper()
	require.Equal(e.r, Sent.String(), e.Verdict.String(), e.Verdict.Sentence())
	require.Equal(e.r, []string{eni, eni}, []string{e.To, e.from})
	require.NoError(e.r, wiretest.Check(e.frame))
	require.Equal(e.r, e.r.eni(eni).MAC, wire.Ethernet(e.frame).Dst(), "a guest gets what carries its MAC")
	return e.frame
}

// tunneled holds that the packet left in a tunnel to vtep, and is what is in it.
func (e end) tunneled(vtep string, vni uint32) []byte {
	e.r.Helper()
	require.Equal(e.r, Sent.String(), e.Verdict.String(), e.Verdict.Sentence())
	require.Equal(e.r, []string{Uplink, Uplink}, []string{e.To, e.from})
	return nictest.InTunnel(e.r, e.r.policy(), e.frame, vtep, vni)
}

// passed holds that the packet left.
func (e end) passed() {
	e.r.Helper()
	require.Equal(e.r, Sent.String(), e.Verdict.String(), e.Verdict.Sentence())
}
