package flow

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// goes takes the connection at an index to another table, as ENI 9 of owner 7, by its bytes.
func (r *rig) goes(at uint32, to *rig) (uint32, OpenError) {
	r.Helper()
	sent, ok := r.Record(at, r.tick())
	require.True(r, ok)
	b := sent.Append(nil)
	require.Len(r, b, RecordLen)
	came, err := ReadRecord(b)
	require.NoError(r, err)
	require.Equal(r, sent, came)
	o := Opening{Key: came.Key(to.Table, 9), Owner: 7, Limit: 1, Rule: 5, Found: Found{Epoch: 3}, Now: to.tick()}
	e := to.Resume(&came, &o)
	at, _, _ = to.Find(&o.Key)
	return at, e
}

// A connection has in another table, whose fingerprints are others, the state, the counts and the time
// that it had here, and is the initiator's there that it was here.
func TestAConnectionGoesToAnotherTable(t *testing.T) {
	x, y := newRig(t, 64), newRig(t, 64)
	y.folder = NewFolder(99)
	six := Pair{wiretest.Addr("2001:db8::5"), wiretest.Addr("2001:db8::9")}
	key6 := Key{}
	ends := x.Fold(&six)
	key6.Set(1, wire.ProtoUDP, Ends{Local: ends.Local, Remote: ends.Remote, LocalPort: 53, RemotePort: 4000})
	key6.Who |= WhoIPv6
	for _, c := range []struct {
		name string
		o    Opening
		play func(at uint32)
	}{
		{"TCP after its handshake", Opening{Key: from(1, wire.ProtoTCP, 1), Dir: wire.Out, TCPFlags: syn, First: 77, Resumed: true}, func(at uint32) {
			x.packet(at, wire.In, syn|ack)
			x.packet(at, wire.Out, ack)
		}},
		{"TCP with a RST", Opening{Key: from(1, wire.ProtoTCP, 2), Dir: wire.In, TCPFlags: syn}, func(at uint32) { x.packet(at, wire.Out, rst|ack) }},
		{"UDP over IPv6", Opening{Key: key6, Pair: six, Dir: wire.In}, func(at uint32) { x.packet(at, wire.Out, 0) }},
		{"ping", Opening{Key: from(1, wire.ProtoICMP, 3), Dir: wire.Out, First: 0}, func(uint32) {}},
		{"GRE", Opening{Key: greKey(), Dir: wire.In}, func(uint32) {}},
	} {
		c.o.Found.Epoch = 1
		at := x.open(c.o)
		c.play(at)
		x.wait(5 * time.Second)
		was, pair := x.Conn(at).Copy(), x.PairOf(at, x.key(at))
		there, e := x.goes(at, y)
		require.Equal(t, Opened, e, c.name)
		is := y.Conn(there).Copy()
		require.Equal(t, []any{was.Packets, was.Bytes, was.state(), uint32(3)}, []any{is.Packets, is.Bytes, is.state(), is.Epoch}, c.name)
		const ready = flagReadyIn | flagReadyOut
		require.Equal(t, was.Status().Flags()&^ready, is.Status().Flags(), c.name)
		require.Equal(t, Since(uint32(x.tick()), was.Seen), Since(uint32(y.tick()), is.Seen), c.name)
		require.Equal(t, pair, y.PairOf(there, y.key(there)), c.name)
		require.Equal(t, []any{x.First(at), x.Resumed(at), uint32(5)}, []any{y.First(there), y.Resumed(there), y.Rule(there)}, c.name)
		_, e = x.goes(at, y)
		require.Equal(t, AllowanceExceeded, e, "its owner may have one")
		y.end(there)
	}
}

// from is the i-th key of an ENI, with a remote side that may be one.
func from(eni uint32, proto uint8, i int) Key {
	return makeKey(eni, proto, Ends{0x0a000105, 0x0a000200 + uint32(i), 40000, 443})
}

// greKey is the key of a protocol without ports.
func greKey() Key {
	k := from(1, 47, 4)
	k.LocalPort, k.RemotePort = 0, 0
	return k
}

// end ends the connection at an index.
func (r *rig) end(at uint32) {
	r.gone[r.key(at).ENI()] = true
	r.wait(time.Minute)
	r.gone[9] = false
}

// A connection that is there stays, and what the rules in force judge anew is no record.
func TestWhatStaysBehind(t *testing.T) {
	x, y := newRig(t, 64), newRig(t, 64)
	k := from(9, wire.ProtoTCP, 1)
	there := y.established(k)
	k.Who = k.Who&^WhoENI | 1
	at := x.open(Opening{Key: k, Dir: wire.In, TCPFlags: syn, Found: Found{Epoch: 1}})
	before := y.Conn(there).Copy()
	sent, _ := x.Record(at, x.tick())
	require.Equal(t, Existing, y.Resume(&sent, &Opening{Key: sent.Key(y.Table, 9), Owner: 1, Limit: 99, Now: y.tick(), Found: Found{Epoch: 3}}))
	require.Equal(t, before, y.Conn(there).Copy())
	tracked, _ := y.Count(1)
	require.Zero(t, tracked, "owner 1 is not charged for it")

	for _, o := range []Opening{
		{Key: from(1, wire.ProtoUDP, 2), Found: Found{Epoch: 1, Flags: FlagUntracked}},
		{Key: from(1, wire.ProtoUDP, 3).Fragment(4), Found: Found{Epoch: 1}},
	} {
		_, ok := x.Record(x.open(o), x.tick())
		require.False(t, ok)
	}
}

// A forged RST of the remote side is told from a real one as before the connection went.
func TestNumbersGoAlong(t *testing.T) {
	x, y := newRig(t, 64), newRig(t, 64)
	at := x.handshake(wire.Out)
	*x.conns.Key(at) = from(1, wire.ProtoTCP, 9)
	sent, ok := x.Record(at, x.tick())
	require.True(t, ok)
	there, e := x.goes(at, y)
	require.Equal(t, Opened, e)
	for offset := -1 << 14; offset <= 1<<14; offset += 97 {
		seq := sent.number + uint32(offset)
		h := header(rst, seq, 0)
		require.Equal(t, x.Credible(at, wire.In, h, 0), y.Credible(there, wire.In, h, 0), "number %d", seq)
	}
}

// No bytes are taken for a record but those that a table may have.
func TestRecordsThatNoCardWrites(t *testing.T) {
	x := newRig(t, 64)
	r, ok := x.Record(x.open(Opening{Key: from(1, wire.ProtoTCP, 1), TCPFlags: syn, Found: Found{Epoch: 1}}), x.tick())
	require.True(t, ok)
	good := r.Append(nil)
	for name, put := range map[string][]byte{
		"state 0":                 {37, 0},
		"a UDP state of TCP":      {37, byte(UDPStream)},
		"an unknown state":        {37, 0x7f},
		"a closed state":          {37, byte(Closed)},
		"an unknown flag":         {38, 0x80},
		"a late note that is not": {38, byte(recordLate)},
		"a byte that is reserved": {39, 1},
		"an age of years":         {60, 0xff},
		"two families":            {0, 0x20},
		"no remote address":       {28, 0, 0, 0, 0},
		"a group's address":       {28, 224, 0, 0, 1},
		"idle for years":          {56, 0xff},
		"bytes that cannot be":    {52, 0xff},
		"UDP in TCP's state":      {36, wire.ProtoUDP},
		"ports of GRE":            {36, 47},
	} {
		bad := append([]byte{}, good...)
		copy(bad[put[0]:], put[1:])
		_, err := ReadRecord(bad)
		require.ErrorIs(t, err, errRecord, name)
	}
	_, err := ReadRecord(good[1:])
	require.ErrorContains(t, err, "95 bytes; 96 are expected")
}

// Whatever bytes come, what is taken for a record is written back as it came, and a table takes it.
func FuzzReadRecord(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	f.Add(make([]byte, RecordLen))
	b := make([]byte, RecordLen)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	f.Add(b)
	good := Record{Pair: Pair{wiretest.Addr("10.0.1.5"), wiretest.Addr("10.0.1.6")}, Proto: wire.ProtoTCP, state: Status(Established), flags: recordNote}
	f.Add(good.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ReadRecord(b)
		if err != nil {
			return
		}
		require.Equal(t, b, r.Append(nil))
		y := newRig(t, 64)
		require.Equal(t, Opened, y.Resume(&r, &Opening{Key: r.Key(y.Table, 9), Limit: 1, Now: y.tick(), Found: Found{Epoch: 1}}))
		y.gone[9] = true
		y.wait(time.Minute)
		require.Zero(t, y.Len(), "it ends with its ENI")
	})
}
