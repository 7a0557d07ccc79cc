package flow

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

// Fragments pass in order, each byte once, a direction at a time; another datagram may take the
// record when this one is complete, or its next fragment a second late.
func TestFollow(t *testing.T) {
	r := newRig(t, 16)
	at := r.open(Opening{Key: key(1, wire.ProtoUDP, 1)})
	now := func() uint32 { return uint32(r.tick()) }
	place := func(from, to int, more bool) wire.Place { return wire.Place{From: from, To: to, More: more} }

	require.Equal(t, Early, r.Follow(at, wire.In, place(8, 16, true), now()), "no first fragment")
	require.True(t, r.MayLead(at, wire.In, now()))
	r.Lead(at, wire.In, place(0, 8, true), now())
	require.False(t, r.MayLead(at, wire.In, now()))
	require.True(t, r.MayLead(at, wire.Out, now()), "the other direction is another datagram")
	for _, c := range []struct {
		place wire.Place
		want  Order
	}{
		{place(16, 24, true), Early}, {place(0, 8, true), Overlap}, {place(8, 16, true), InOrder}, {place(8, 16, true), Overlap},
		{place(12, 24, true), Overlap}, {place(24, 32, false), Early}, {place(16, 24, false), InOrder}, {place(24, 32, false), Overlap},
	} {
		require.Equal(t, c.want, r.Order(at, wire.In, c.place), "%+v", c.place)
		require.Equal(t, c.want, r.Follow(at, wire.In, c.place, now()), "%+v", c.place)
	}
	require.True(t, r.MayLead(at, wire.In, now()), "the datagram is complete")

	r.Lead(at, wire.In, place(0, 8, true), now())
	r.now += FragmentWait + 200*time.Millisecond
	require.True(t, r.MayLead(at, wire.In, now()), "its next fragment is late")
}

// Another policy's verdict leaves a flow its state and counts, charges its owner for a flow that
// becomes tracked, and ends the flow where the owner has no room.
func TestRejudge(t *testing.T) {
	r := newRig(t, 16)
	o := Opening{Key: key(1, wire.ProtoTCP, 1), TCPFlags: wire.TCPSyn, Owner: 7, Rule: 3, Found: Found{Epoch: 1, Flags: FlagUntracked}}
	at := r.open(o)
	tracks := func() int { n, _ := r.Count(7); return n }
	r.packet(at, wire.In, wire.TCPSyn|wire.TCPAck)
	state, was := r.Conn(at).Status().State(), *r.Conn(at)
	require.Zero(t, tracks())

	tracked := o
	tracked.Rule, tracked.Limit, tracked.Found = 4, 1, Found{Epoch: 2}
	require.Equal(t, Opened, r.Rejudge(at, &tracked))
	require.Equal(t, []any{state, uint32(4), was.Packets}, []any{r.Conn(at).Status().State(), r.Rule(at), r.Conn(at).Packets})
	require.Zero(t, r.Conn(at).Status().Flags()&FlagUntracked)
	require.EqualValues(t, 1, tracks())

	back := o
	back.Limit = 1 << 30
	require.Equal(t, Opened, r.Rejudge(at, &back))
	require.NotZero(t, r.Conn(at).Status().Flags()&FlagUntracked)
	require.Zero(t, tracks())

	other := o
	other.Key, other.Found, other.Limit = key(1, wire.ProtoTCP, 9), Found{Epoch: 2}, 1
	r.open(other)
	require.NotEqual(t, Opened, r.Rejudge(at, &tracked), "the allowance is used up")
	require.Equal(t, 1, r.Len())
}
