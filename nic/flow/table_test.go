package flow

import (
	"testing"

	"nitrocard/nic/wire"
	"nitrocard/tables"

	"github.com/stretchr/testify/require"
)

// A browser asks a server behind the card, three packets and three records of
// them: one connection, found from both directions.
func TestAConnection(t *testing.T) {
	r := newRig(t, 64)
	k := makeKey(3, wire.ProtoTCP, Ends{0x0a000105, 0xcb007109, 443, 51000})

	// The SYN comes in and the rules allow it.
	o := Opening{Key: k, Dir: wire.In, TCPFlags: syn, Rule: 12, Owner: 8, Limit: 10, Now: r.tick()}
	o.Found = Found{Epoch: 4, VTEP: 2, Flags: FlagInitiator}
	at, err := r.Open(&o)
	require.Equal(t, Opened, err)
	r.packet(at, wire.In, syn)

	// The server's answer finds it: the key is the same for both directions.
	found, ok := r.lookup(&k)
	require.True(t, ok)
	require.Equal(t, at, found)
	require.False(t, r.Conn(at).Status().Walked(wire.Out), "the stages of its direction were not walked yet")
	r.Conn(at).Keep(wire.Out, Found{Epoch: 4, Exit: 77, VTEP: 2, Flags: FlagNAT})
	r.packet(at, wire.Out, syn|ack)

	// The browser's ACK completes it, and the record tells all of it.
	r.packet(at, wire.In, ack)
	require.Equal(t, Conn{
		Packets: [2]uint64{wire.In: 2, wire.Out: 1}, Bytes: [2]uint64{wire.In: 200, wire.Out: 100},
		Epoch: 4, Seen: uint32(r.tick()), status: r.Conn(at).status,
	}, *r.Conn(at))
	s := r.Conn(at).Status()
	require.True(t, r.Conn(at).Under(4))
	require.Equal(t, Established, s.State())
	require.Equal(t, FlagNAT|flagSyn|flagReadyIn|flagReadyOut, s.Flags(), "not FlagInitiator: the guest did not open it")
	require.Equal(t, []uint32{77, 2}, []uint32{s.Exit(), uint32(s.VTEP())})
	require.Equal(t, k, *r.key(at))
	require.Equal(t, []any{uint32(12), uint64(8)}, []any{r.Rule(at), r.ownerOf(at)})
}

// Packets come from one VTEP and leave for another. What the stages found about the first is
// nothing that they found about the second.
func TestTheVTEPIsTheOneThatPacketsComeFrom(t *testing.T) {
	r := newRig(t, 64)
	at := r.open(Opening{Key: key(1, wire.ProtoUDP, 0), Dir: wire.Out, Walked: wire.Out, Owner: 1, Limit: 1, Found: Found{Epoch: 4, VTEP: 9}})
	c := r.Conn(at)
	require.Equal(t, uint16(9), c.Status().VTEP(), "no packet came yet")
	c.Keep(wire.In, Found{Epoch: 4, VTEP: 2, OnLink: true})
	c.Keep(wire.Out, Found{Epoch: 4, VTEP: 9, Exit: 77})
	s := c.Status()
	require.Equal(t, []any{uint16(2), true, uint32(77)}, []any{s.VTEP(), s.OnLink(), s.Exit()})
	c.Keep(wire.Out, Found{Epoch: 5, VTEP: 9, Exit: 78})
	require.False(t, c.Status().Walked(wire.In), "another policy judges each direction anew")
	require.Equal(t, uint16(9), c.Status().VTEP())
}

func TestOpenTwice(t *testing.T) {
	r := newRig(t, 64)
	o := Opening{Key: key(1, wire.ProtoUDP, 0), Owner: 1, Limit: 1}
	at := r.open(o)
	for _, limit := range []uint32{1, 2} { // with the allowance used up, and not
		o.Limit = limit
		again, err := r.tryOpen(o)
		require.Equal(t, Existing, err)
		require.Equal(t, at, again)
	}
	require.Equal(t, [2]int{1, 0}, r.counts(1))
	require.Equal(t, uint64(1), r.Conn(at).Packets[wire.In])
}

func TestEqualAddressesOfTwoENIsNeverMeet(t *testing.T) {
	r := newRig(t, 64)
	a := r.open(Opening{Key: key(1, wire.ProtoTCP, 5), TCPFlags: syn})
	require.False(t, r.alive(key(2, wire.ProtoTCP, 5)))
	b := r.open(Opening{Key: key(2, wire.ProtoTCP, 5), TCPFlags: syn})
	require.NotEqual(t, a, b)
}

func TestFullTableSaysSoAndLosesNothing(t *testing.T) {
	r := newRig(t, 100)
	opened, err := 0, Opened
	for ; err == Opened; opened++ {
		_, err = r.tryOpen(Opening{Key: key(1, wire.ProtoTCP, opened), TCPFlags: syn, Owner: 1})
	}
	opened--
	require.Equal(t, TableFull, err)
	require.GreaterOrEqual(t, opened, 100)
	require.Equal(t, opened, r.Len())
	require.Equal(t, [2]int{opened, 0}, r.counts(1))
	for i := range opened {
		require.True(t, r.alive(key(1, wire.ProtoTCP, i)))
	}
}

func TestLookupBurst(t *testing.T) {
	r := newRig(t, 256)
	var keys [tables.Burst]Key
	var want uint64
	for i := range keys {
		keys[i] = key(1, wire.ProtoUDP, i)
		if i%3 == 0 {
			r.open(Opening{Key: keys[i]})
			want |= 1 << i
		}
	}
	var at [tables.Burst]uint32
	require.Equal(t, want&(1<<40-1), r.LookupBurst(&keys, 40, &at))
	for i := 0; i < 40; i += 3 {
		require.Equal(t, keys[i], *r.key(at[i]))
	}
}

// All memory, with the slack that lets each mapping begin on a huge page: in
// small tables that alone is more than the connections.
func TestMemoryOfAConnection(t *testing.T) {
	for _, capacity := range []int{1 << 18, 500_000, 1_000_000, 1 << 20, 2_500_000} {
		each := float64(newRig(t, capacity).memory()) / float64(capacity)
		t.Logf("capacity %d: %.1f bytes a connection", capacity, each)
		require.LessOrEqual(t, each, 150.0, capacity)
	}
}

func TestNewNeedsCapacityAndTimeouts(t *testing.T) {
	_, err := New(Options{Capacity: 0, Timeouts: func(uint32) *Timeouts { return nil }})
	require.ErrorContains(t, err, "capacity")
	_, err = New(Options{Capacity: 10})
	require.ErrorContains(t, err, "timeouts")
}

// From a first packet to the end of an idle connection nothing is allocated.
func TestNothingIsAllocated(t *testing.T) {
	r := newRig(t, 1024)
	var keys [tables.Burst]Key
	var at [tables.Burst]uint32
	allocs := testing.AllocsPerRun(100, func() {
		for i := range keys {
			keys[i] = key(1, wire.ProtoUDP, i)
			o := Opening{Key: keys[i], Owner: uint64(i), Limit: 1, Now: r.tick()}
			r.Open(&o)
		}
		hits := r.LookupBurst(&keys, len(keys), &at)
		for i := range at {
			if hits>>i&1 == 1 {
				r.Conn(at[i]).Packet(wire.In, 60, uint32(r.tick()))
				r.Conn(at[i]).UDP(wire.In)
			}
		}
		r.now += 40 * second
		r.Advance(r.tick(), 1000)
	})
	require.Zero(t, allocs)
	require.Zero(t, r.Len())
}
