package flow

import (
	"testing"
	"time"

	"nitrocard/nic/wire"

	"github.com/stretchr/testify/require"
)

const second = time.Second

// What EC2 documents, and what we chose where it does not, to the second.
func TestIdleConnectionsEnd(t *testing.T) {
	for _, c := range []struct {
		sentence string
		proto    uint8
		packets  []string // as for bits; a datagram has no flags
		lives    time.Duration
	}{
		{"established: 5 days", wire.ProtoTCP, []string{">S", "<SA", ">A"}, 432000 * second},
		{"UDP, one direction", wire.ProtoUDP, []string{">", ">"}, 30 * second},
		{"UDP, a request and its response", wire.ProtoUDP, []string{">", "<"}, 30 * second},
		{"UDP, before the second response", wire.ProtoUDP, []string{">", "<", ">"}, 30 * second},
		{"a UDP stream", wire.ProtoUDP, []string{">", "<", ">", "<"}, 180 * second},
		{"another protocol", 47, []string{">", "<"}, 600 * second},

		{"ours: a SYN without answer", wire.ProtoTCP, []string{">S"}, 60 * second},
		{"ours: a handshake without end", wire.ProtoTCP, []string{">S", "<SA"}, 60 * second},
		{"ours: mid-stream, one side heard", wire.ProtoTCP, []string{">A", ">A"}, 60 * second},
		{"mid-stream, both heard", wire.ProtoTCP, []string{">A", "<A"}, 432000 * second},
		{"ours: half closed", wire.ProtoTCP, []string{">S", "<SA", ">A", ">FA", "<A"}, 7440 * second},
		{"ours: half closed by the other side", wire.ProtoTCP, []string{">S", "<SA", ">A", "<FA"}, 432000 * second},
		{"ours: and by the guest since", wire.ProtoTCP, []string{">S", "<SA", ">A", "<FA", ">A", ">FA"}, 60 * second},
		{"ours: a late FIN", wire.ProtoTCP, []string{">FA"}, 60 * second},
		{"ours: the last ACK missing", wire.ProtoTCP, []string{">A", "<A", ">FA", "<FA"}, 60 * second},
		{"ours: the same, other side first", wire.ProtoTCP, []string{">A", "<A", "<FA", ">FA"}, 60 * second},
		{"ours: all acknowledged", wire.ProtoTCP, []string{">A", "<A", ">FA", "<FA", ">A"}, 30 * second},
		{"ours: ping", wire.ProtoICMP, []string{">", "<"}, 60 * second},
	} {
		r := newRig(t, 64)
		k := key(1, c.proto, 0)
		at := r.open(Opening{Key: k, Dir: wire.Out, TCPFlags: bits(t, c.packets[0])})
		for _, p := range c.packets[1:] {
			r.packet(at, way(p), bits(t, p))
		}
		r.wait(c.lives - second)
		require.True(t, r.alive(k), "%s: ended early", c.sentence)
		r.wait(2 * second)
		require.False(t, r.alive(k), "%s: lives on", c.sentence)
		require.Zero(t, r.Len())
	}
}

// An ENI's own configuration, as Nitro v6 has it.
func TestENIsOwnTimeout(t *testing.T) {
	r := newRig(t, 64)
	own := DefaultTimeouts()
	own.Established = 350 * second
	r.limits[1] = &own
	r.established(key(1, wire.ProtoTCP, 0)) // this ENI: 350 s
	r.established(key(2, wire.ProtoTCP, 0)) // another: 5 days
	r.wait(349 * second)                    // nothing has happened yet
	require.Equal(t, 2, r.Len())
	r.wait(2 * second)
	require.False(t, r.alive(key(1, wire.ProtoTCP, 0)))
	require.True(t, r.alive(key(2, wire.ProtoTCP, 0)))
	r.wait(432000*second - 352*second) // one jump of 5 days less a second
	require.True(t, r.alive(key(2, wire.ProtoTCP, 0)))
	r.wait(2 * second)
	require.False(t, r.alive(key(2, wire.ProtoTCP, 0)))
}

// A half-closed connection never outlives what its ENI grants a whole one.
func TestHalfClosedIsNoLongerThanEstablished(t *testing.T) {
	r := newRig(t, 64)
	own := DefaultTimeouts()
	own.Established = 350 * second
	r.limits[1] = &own
	k := key(1, wire.ProtoTCP, 0)
	r.packet(r.established(k), wire.Out, fin|ack)
	r.wait(349 * second)
	require.True(t, r.alive(k))
	r.wait(2 * second)
	require.False(t, r.alive(k))
}

// A timeout shorter than the wheel's span is kept as exactly as a long one.
func TestShortTimeout(t *testing.T) {
	r := newRig(t, 64)
	own := DefaultTimeouts()
	own.UDP = second
	r.limits[1] = &own
	r.wait(second) // the wheel runs
	for range 3 {
		k := key(1, wire.ProtoUDP, 0)
		r.open(Opening{Key: k, Dir: wire.Out})
		r.wait(second)
		require.True(t, r.alive(k))
		r.wait(2 << tickBits)
		require.False(t, r.alive(k))
	}
}

// Small steps end a connection when a jump does.
func TestStepsAndJumpsAgree(t *testing.T) {
	r := newRig(t, 64)
	own := DefaultTimeouts()
	own.Established = 60 * second
	r.limits[1] = &own
	k := key(1, wire.ProtoTCP, 0)
	r.established(k)
	for range 59_000 {
		r.wait(time.Millisecond)
	}
	require.True(t, r.alive(k))
	for range 2000 {
		r.wait(time.Millisecond)
	}
	require.False(t, r.alive(k))
}

// Each packet, of either side, makes a connection young again.
func TestPacketsKeepAConnection(t *testing.T) {
	r := newRig(t, 64)
	k := key(1, wire.ProtoUDP, 0)
	at := r.open(Opening{Key: k, Dir: wire.In})
	for i := range 20 {
		r.wait(29 * second)
		require.True(t, r.alive(k))
		r.packet(at, wire.In, 0) // one-sided: 30 s each time
		require.Equal(t, uint64(i+2), r.Conn(at).Packets[wire.In])
	}
	r.wait(31 * second)
	require.False(t, r.alive(k))
}

// A timeout that gets shorter takes effect within the wheel's span, one that
// gets longer at once.
func TestChangedTimeoutTakesEffectSoon(t *testing.T) {
	r := newRig(t, 64)
	k := key(1, wire.ProtoTCP, 0)
	r.established(k)
	r.wait(100 * second)
	own := DefaultTimeouts()
	own.Established = 60 * second
	r.limits[1] = &own
	r.wait(18 * second)
	require.False(t, r.alive(k))

	r.established(k)
	r.wait(59 * second)
	r.limits[1] = nil
	r.wait(1000 * second)
	require.True(t, r.alive(k))
}

func TestConnectionsOfAGoneENIEnd(t *testing.T) {
	r := newRig(t, 64)
	r.established(key(1, wire.ProtoTCP, 0))
	r.established(key(2, wire.ProtoTCP, 0))
	r.gone[1] = true
	r.wait(18 * second)
	require.False(t, r.alive(key(1, wire.ProtoTCP, 0)))
	require.True(t, r.alive(key(2, wire.ProtoTCP, 0)))
}

// A reset connection that goes on lives as long as before. One that does not ends
// within 10 s and the wheel's span.
func TestResetEndsWhatDoesNotGoOn(t *testing.T) {
	r := newRig(t, 64)
	k := key(1, wire.ProtoTCP, 0)
	at := r.established(k)
	r.packet(at, wire.In, rst)
	r.wait(9 * second)
	r.packet(at, wire.Out, ack)
	r.wait(431999 * second)
	require.True(t, r.alive(k))
	r.packet(at, wire.In, rst)
	r.wait(28 * second)
	require.False(t, r.alive(k))
}

// Replay may hold packets of 1970 and of today, and clocks step back.
func TestClockJumps(t *testing.T) {
	r := newRig(t, 64)
	r.now = 0
	k := key(1, wire.ProtoTCP, 0)
	r.established(k)
	r.wait(1_780_000_000 * second)
	require.False(t, r.alive(k))

	at := r.established(k)
	r.wait(-3600 * second)
	require.True(t, r.alive(k))
	require.Equal(t, TickOf(int64(r.now+3600*second)), r.Table.now.Load(), "time does not go back")
	r.packet(at, wire.In, ack) // seen an hour before the last tick
	r.wait(3600 * second)
	require.True(t, r.alive(k))
}

// However far the clock goes, one call does no more than its budget.
func TestAdvanceKeepsItsBudget(t *testing.T) {
	r := newRig(t, 256)
	for i := range 100 {
		r.open(Opening{Key: key(1, wire.ProtoUDP, i), Dir: wire.Out})
	}
	r.now += 40 * second
	for left := 90; left > 0; left -= 10 {
		require.False(t, r.Advance(r.tick(), 10))
		require.Equal(t, left, r.Len())
	}
	require.True(t, r.Advance(r.tick(), 11))
	require.Zero(t, r.Len())
}

func TestTickOf(t *testing.T) {
	require.Equal(t, uint64(0), TickOf(-1))
	require.Equal(t, uint64(0), TickOf(1<<26-1))
	require.Equal(t, uint64(1), TickOf(1<<26))
	require.Equal(t, uint64(2), TicksOf(1<<26+1), "rounded up")
}

func TestSince(t *testing.T) {
	require.Equal(t, 3<<tickBits*time.Nanosecond, Since(10, 7))
	require.Equal(t, 3<<tickBits*time.Nanosecond, Since(1, 1<<32-2), "over the end of 32 bits")
	require.Zero(t, Since(7, 10))
}

// Aging waits for nobody who has the lock and lost his CPU.
func TestAgingLeavesWhatIsLocked(t *testing.T) {
	r := newRig(t, 64)
	k := key(1, wire.ProtoUDP, 0)
	r.open(Opening{Key: k, Dir: wire.Out})
	r.now += time.Minute
	r.Lock()
	require.False(t, r.Advance(r.tick(), 1<<30))
	require.True(t, r.alive(k))
	r.Unlock()
	require.True(t, r.Advance(r.tick(), 1<<30))
	require.False(t, r.alive(k))
}
