package flow

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/tables/oracle"
)

// agedAbout holds a connection's age to a sixteenth and two ticks.
func (r *rig) agedAbout(at uint32, want time.Duration) {
	r.Helper()
	const tick = 1 << tickBits
	require.InDelta(r, want, r.Age(at, r.tick()), float64(want)/16+2*tick)
}

// A connection's age is known however long the connection lives, and whatever its first tick was.
func TestAConnectionHasAnAge(t *testing.T) {
	random := oracle.Random(t)
	for range 50 {
		x := newRig(t, 8)
		x.now += time.Duration(random.Int64N(int64(300 * 24 * time.Hour)))
		at, age := x.open(Opening{Key: from(1, wire.ProtoTCP, 1), Dir: wire.Out, TCPFlags: syn}), time.Duration(0)
		x.agedAbout(at, 0)
		x.packet(at, wire.In, syn|ack)
		for step := time.Second; age < 200*24*time.Hour; step = min(step*2, 4*24*time.Hour) {
			for range 1 + random.IntN(30) {
				if random.IntN(2) == 0 {
					x.now += step / 3
					x.agedAbout(at, age+step/3)
					x.now -= step / 3
				}
				age += step
				x.now += step
				x.packet(at, wire.Direction(random.IntN(2)), ack) // or the connection ends in the jump
				x.wait(0)
				x.agedAbout(at, age)
			}
		}
	}
}

// Of a connection of two years it is known that it is as old as any age tells.
func TestAnAgeHasAMost(t *testing.T) {
	x := newRig(t, 8)
	at := x.handshake(wire.In)
	for range 200 {
		x.now += 4 * 24 * time.Hour
		x.packet(at, wire.In, ack)
		x.wait(0)
	}
	require.InDelta(t, float64(oldest), float64(x.ageAt(at, x.tick())), 1<<(lastUnit*unitStep))
}

// A connection that another policy judges anew is as old as before, and one in its place is young.
func TestWhoKeepsAnAge(t *testing.T) {
	x := newRig(t, 8)
	untracked := Found{Epoch: 1, Flags: FlagUntracked}
	o := Opening{Key: from(1, wire.ProtoTCP, 1), Dir: wire.In, TCPFlags: syn, Limit: 9, Found: untracked}
	at := x.open(o)
	x.packet(at, wire.Out, syn|ack)
	x.packet(at, wire.In, ack)
	x.wait(10 * time.Minute)
	o.Now, o.Found.Epoch = x.tick(), 2
	require.Equal(t, Opened, x.Rejudge(at, &o))
	x.agedAbout(at, 10*time.Minute)
	require.Equal(t, Opened, x.Doubt(at, &Opening{Limit: 9, Found: untracked}))
	x.agedAbout(at, 10*time.Minute)
	require.Equal(t, Opened, x.Restart(at, &o))
	x.agedAbout(at, 0)
}

// A connection's age goes along to another card, whose clock is another.
func TestAnAgeGoesAlong(t *testing.T) {
	x, y := newRig(t, 64), newRig(t, 64)
	y.now += 1234567 * time.Second
	at := x.handshake(wire.Out)
	*x.conns.Key(at) = from(1, wire.ProtoTCP, 9)
	for range 30 {
		x.wait(time.Hour)
		x.packet(at, wire.In, ack)
	}
	there, err := x.goes(at, y)
	require.Equal(t, Opened, err)
	y.agedAbout(there, 30*time.Hour)
	y.wait(time.Hour)
	y.agedAbout(there, 31*time.Hour)
}

// An account has the owner that it had, whatever its age.
func TestAnAgeIsNoOwner(t *testing.T) {
	random := oracle.Random(t)
	for range 10000 {
		was := account(random.Uint32()) | accountLive
		now, age := random.Uint64N(1<<40)+oldest, random.Uint64N(oldest)>>rand.IntN(28)
		is := was.born(now, age)
		require.Equal(t, was&^accountBirth, is&^accountBirth)
		require.InDelta(t, float64(age), float64(is.age(now)), float64(age)/16+1)
		require.False(t, is.outgrows(age))
	}
}
