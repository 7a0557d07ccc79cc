package flow

import (
	"math"
	"testing"
	"time"

	"nitrocard/nic/wire"

	"github.com/stretchr/testify/require"

	"nitrocard/tables/oracle"
)

// model is the table as a map: slow, obvious, and with its own idea of how
// long a connection lives.
type model struct {
	*rig
	conns map[Key]*entry
	limit uint32
}

type entry struct {
	owner  uint64
	cached bool
	last   Conn // as it was after its last packet
}

func newModel(t *testing.T, capacity int, limit uint32) *model {
	return &model{newRig(t, capacity), map[Key]*entry{}, limit}
}

// play does what a byte string says, two bytes a step, and checks everything
// after each.
func (m *model) play(program []byte) {
	for len(program) >= 2 {
		m.step(program[0], program[1])
		m.check()
		program = program[2:]
	}
}

// step opens, sends on, or removes one of 64 connections of four owners, or
// moves the clock.
func (m *model) step(op, arg byte) {
	k := m.key(arg)
	e := m.conns[k]
	switch op % 8 {
	case 0, 1:
		m.opens(k, op)
	case 2, 3, 4:
		if e != nil {
			at, ok := m.lookup(&k)
			require.True(m, ok)
			m.packet(at, wire.Direction(op>>3&1), op>>4|ack)
			e.last = *m.Conn(at)
		}
	case 5:
		if at, ok := m.lookup(&k); ok {
			m.remove(at)
			m.remove(at)
			delete(m.conns, k)
		}
	case 6:
		m.moves(uint64(arg))
	case 7:
		m.moves(uint64(arg) * uint64(arg) * uint64(op))
	}
}

func (m *model) key(arg byte) Key {
	proto := [4]uint8{wire.ProtoTCP, wire.ProtoUDP, wire.ProtoICMP, 47}[arg>>4&3]
	k := key(uint32(arg&3), proto, int(arg>>2&3))
	if arg>>6 == 3 {
		return k.Fragment(uint32(arg))
	}
	return k
}

func (m *model) opens(k Key, op byte) {
	o := Opening{Key: k, Dir: wire.Direction(op >> 3 & 1), TCPFlags: op >> 4, Owner: uint64(k.ENI() + 100), Limit: m.limit, Now: m.tick()}
	if op>>5&1 == 1 {
		o.Found.Flags = FlagUntracked
	}
	want := Opened
	e := &entry{owner: o.Owner, cached: o.Found.Flags&FlagUntracked != 0 || k.IsFragment()}
	tracked, cached := m.count(o.Owner)
	switch {
	case m.conns[k] != nil:
		want = Existing
	case e.cached && cached >= int(m.limit):
		want = NotCached
	case !e.cached && tracked >= int(m.limit):
		want = AllowanceExceeded
	default:
		m.conns[k] = e
	}
	at, got := m.Open(&o)
	require.Equal(m, want, got, k)
	if got == Opened {
		m.Conn(at).Packet(o.Dir, 60, uint32(o.Now))
		e.last = *m.Conn(at)
	}
}

// moves the clock and settles which connections are over: one idle for less
// than its timeout must be there; one idle for longer must not, once the wheel
// has gone round since its last packet.
func (m *model) moves(ticks uint64) {
	m.wait(time.Duration(ticks << tickBits))
	for k, e := range m.conns {
		idle := uint64(uint32(m.tick()) - e.last.Seen)
		limit := lifetime(e.last)
		if m.alive(k) {
			require.LessOrEqual(m, idle, max(limit, wheelSlots), "%v %v lives on", k, e.last.state())
			continue
		}
		require.Greater(m, idle, limit, "%v %v ended early", k, e.last.state())
		delete(m.conns, k)
	}
}

// lifetime is the timeouts' table once more, in ticks: 14.9 a second.
func lifetime(c Conn) uint64 {
	seconds := map[State]float64{
		SynSent: 60, SynReceived: 60, Established: 432000, FinWait: 7440, CloseWait: 432000, Closing: 60, LastAck: 60,
		TimeWait: 30, Closed: 10, UDPOneWay: 30, UDPReplied: 30, UDPAgain: 30, UDPStream: 180,
		ICMP: 60, Other: 600, Fragmented: 30,
	}[c.state()]
	if c.Status().Initiator() == wire.In && (c.state() == FinWait || c.state() == CloseWait) {
		seconds = 432000 + 7440 - seconds // the guest is the other side
	}
	oneSided := c.Packets[0] == 0 || c.Packets[1] == 0
	if oneSided && (c.state() == Established || c.state() == FinWait || c.state() == CloseWait) {
		seconds = 60
	}
	return uint64(math.Ceil(seconds * 1e9 / (1 << 26)))
}

func (m *model) count(owner uint64) (tracked, cached int) {
	for _, e := range m.conns {
		switch {
		case e.owner != owner:
		case e.cached:
			cached++
		default:
			tracked++
		}
	}
	return tracked, cached
}

// check compares what table and model hold.
func (m *model) check() {
	require.Equal(m, len(m.conns), m.Len())
	for owner := uint64(99); owner < 105; owner++ {
		tracked, cached := m.count(owner)
		require.Equal(m, [2]int{tracked, cached}, m.counts(owner), "owner %d", owner)
	}
	for k, e := range m.conns {
		at, ok := m.lookup(&k)
		require.True(m, ok, k)
		require.Equal(m, e.last, *m.Conn(at))
		require.Equal(m, e.owner, m.ownerOf(at))
	}
}

func TestTableAgainstAMap(t *testing.T) {
	random := oracle.Random(t)
	for range 40 {
		program := make([]byte, 2000)
		for i := range program {
			program[i] = byte(random.Uint32())
		}
		newModel(t, 512, 1+random.Uint32N(8)).play(program)
	}
}

func FuzzTable(f *testing.F) {
	f.Add([]byte{0x28, 0x04, 0x1a, 0x04, 0x06, 0xff, 0x05, 0x04})
	f.Fuzz(func(t *testing.T, program []byte) {
		newModel(t, 512, 3).play(program[:min(len(program), 1000)])
	})
}
