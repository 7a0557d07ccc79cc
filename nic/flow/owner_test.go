package flow

import (
	"testing"

	"nitrocard/nic/wire"

	"github.com/stretchr/testify/require"
)

func (r *rig) counts(owner uint64) [2]int {
	tracked, cached := r.Count(owner)
	return [2]int{tracked, cached}
}

// One customer's instance takes all it may, and the next one notices nothing.
func TestAllowanceOfOneLeavesTheOthers(t *testing.T) {
	r := newRig(t, 400)
	const limit = 100
	for i := range 3 * limit { // owner 1 is a flood, of both kinds
		_, err := r.tryOpen(Opening{Key: key(1, wire.ProtoTCP, i), TCPFlags: syn, Owner: 1, Limit: limit})
		require.Equal(t, i >= limit, err == AllowanceExceeded)
		u := Opening{Key: key(1, wire.ProtoUDP, i), Owner: 1, Limit: limit}
		u.Found.Flags = FlagUntracked
		_, err = r.tryOpen(u)
		require.Equal(t, i >= limit, err == NotCached)
	}
	for i := range limit { // owner 2 gets its share, whole
		r.open(Opening{Key: key(2, wire.ProtoTCP, i), TCPFlags: syn, Owner: 2, Limit: limit})
	}
	require.Equal(t, [2]int{limit, limit}, r.counts(1))
	require.Equal(t, [2]int{limit, 0}, r.counts(2))
}

// A place that becomes free is taken again, by removal or by age.
func TestAllowanceComesBack(t *testing.T) {
	r := newRig(t, 64)
	o := Opening{Key: key(1, wire.ProtoUDP, 0), Owner: 9, Limit: 1}
	next := o
	next.Key = key(1, wire.ProtoUDP, 1)

	at := r.open(o)
	_, err := r.tryOpen(next)
	require.Equal(t, AllowanceExceeded, err)
	r.remove(at)
	require.Equal(t, [2]int{0, 0}, r.counts(9))
	r.open(next)
	r.wait(31 * second)
	require.Equal(t, [2]int{0, 0}, r.counts(9))
	r.open(o)
}

// What a connection counted as when it opened is what it gives back, though a
// new policy has changed its flags since.
func TestCountSurvivesChangedFlags(t *testing.T) {
	r := newRig(t, 64)
	at := r.open(Opening{Key: key(1, wire.ProtoTCP, 0), TCPFlags: syn, Owner: 1})
	r.open(Opening{Key: key(1, wire.ProtoTCP, 1), TCPFlags: syn, Owner: 1})
	c := r.Conn(at)
	c.update(0, Status(FlagUntracked)<<flagsAt)
	r.remove(at)
	require.Equal(t, [2]int{1, 0}, r.counts(1))
}

func TestFragmentsAreNoConnections(t *testing.T) {
	r := newRig(t, 64)
	k := key(1, wire.ProtoUDP, 0).Fragment(77)
	at := r.open(Opening{Key: k, Owner: 1})
	require.Equal(t, Fragmented, r.Conn(at).state())
	require.Equal(t, [2]int{0, 1}, r.counts(1))
	r.wait(29 * second)
	require.True(t, r.alive(k))
	r.wait(2 * second)
	require.False(t, r.alive(k))
}

func TestNoAllowanceAdmitsNothing(t *testing.T) {
	r := newRig(t, 64)
	for _, owner := range []uint64{1, 2, 3} {
		_, err := r.Open(&Opening{Key: key(1, wire.ProtoTCP, 0), TCPFlags: syn, Owner: owner})
		require.Equal(t, AllowanceExceeded, err)
	}
	require.Zero(t, r.Len())
	require.Zero(t, r.owners.table.Len())
}

// Instances come and go; their places in the table of owners come back.
func TestOwnersAreForgotten(t *testing.T) {
	r := newRig(t, 64)
	for owner := range uint64(10_000) {
		r.remove(r.open(Opening{Key: key(1, wire.ProtoUDP, 0), Owner: owner}))
	}
	require.Zero(t, r.owners.table.Len())
}

// Owners whose numbers share their low bits share a hint, and nothing else.
func TestOwnersThatShareAHint(t *testing.T) {
	r := newRig(t, 64)
	for i := range 12 {
		r.open(Opening{Key: key(1, wire.ProtoUDP, i), Owner: uint64(i % 3 * 256)})
	}
	for i := range uint64(3) {
		require.Equal(t, [2]int{4, 0}, r.counts(i*256))
	}
	for i := range 4 {
		at, _ := r.lookup(ptr(key(1, wire.ProtoUDP, 3*i)))
		r.remove(at)
	}
	require.Equal(t, [2]int{0, 0}, r.counts(0))
	require.Equal(t, [2]int{4, 0}, r.counts(256))
}

func ptr(k Key) *Key { return &k }

// A small table has room for as many owners as connections.
func TestASmallTableHasManyOwners(t *testing.T) {
	require.Equal(t, 1000+perOwner, ownersOf(1000))
	require.Equal(t, fewOwners+perOwner, ownersOf(fewOwners*perOwner))
	require.Equal(t, maxOwners, ownersOf(1<<24))
}
