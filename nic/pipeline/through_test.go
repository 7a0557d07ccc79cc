package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// toyTranslator is a toyNAT for one connection, whose passages are its.
type toyTranslator struct {
	*toyNAT
	passages *tables.Cuckoo[PassageKey, Passage]
	seen     int // frames handed over
	passed   Passed
	tick     uint64
}

func (t *toyTranslator) Tx(frames []*pmd.Frame) int {
	t.seen += len(frames)
	return t.toyNAT.Tx(frames)
}

func (t *toyTranslator) Passages() *tables.Cuckoo[PassageKey, Passage] { return t.passages }

func (t *toyTranslator) Inside(*wire.Headers) wire.Addr { return wire.Addr{} }

func (t *toyTranslator) Knows(*wire.Headers, wire.Addr) bool { return true }

func (t *toyTranslator) Passed(p *Passed, tick uint64) {
	t.passed.In.Packets += p.In.Packets
	t.passed.In.Bytes += p.In.Bytes
	t.tick = tick
}

// translator puts a Translator of one connection behind eni-a2, 10.0.1.6, which sends what a socket
// sends to port 80 there on to that port of another address; at is the Passage. All groups let all
// pass.
func (r *rig) translator(from Socket, to string) (s *toyTranslator, at uint32) {
	s = &toyTranslator{toyNAT: r.translates("eni-a2", "subnet-a1", "10.0.1.6", to)}
	var err error
	s.passages, err = tables.New[PassageKey, Passage](4, 1)
	require.NoError(r, err)
	r.Cleanup(s.passages.Close)
	r.places["eni-a2"][0].AttachAppliance(s, 1514)
	for _, group := range []string{"GroupId: sg-a-db, GroupName: database", "GroupId: sg-a-web, GroupName: web"} {
		r.put("SecurityGroups", `{`+group+`, VpcId: vpc-a, IpPermissions: [{IpProtocol: "-1", IpRanges: [{CidrIp: 0.0.0.0/0}]}], IpPermissionsEgress: [{IpProtocol: "-1", IpRanges: [{CidrIp: 0.0.0.0/0}]}]}`)
	}
	r.store(r.policy())
	r.observe(nil)
	at, err = s.passages.Insert(PassageKey{from.Addr.As4(), wiretest.Addr("10.0.1.6").As4(), from.Port, 80, KindOf(wire.ProtoTCP)},
		NewPassage(Socket{wiretest.Addr(to), 80}, 0, r.w.tick, PassageSteady|PassageIPv4))
	require.NoError(r, err)
	_, err = s.passages.Insert(PassageKey{wiretest.Addr(to).As4(), from.Addr.As4(), 80, from.Port, KindOf(wire.ProtoTCP)},
		NewPassage(Socket{wiretest.Addr("10.0.1.6"), 80}, at, r.w.tick, PassageOut|PassageSteady|PassageIPv4))
	require.NoError(r, err)
	return s, at
}

// A Translator does not see the known packets of a connection that it knows, and is told how
// many went through; after a pause, and where it knows no connection, it sees them.
func TestKnownPacketsGoThroughATranslatorUnseen(t *testing.T) {
	x := newRig(t)
	s, at := x.translator(Socket{wiretest.Addr("10.0.2.7"), 40000}, "10.0.2.8")
	send := func(flags uint8) (left int) {
		p := wiretest.TCP("10.0.2.7:40000", "10.0.1.6:80").Flags(flags).Size(20)
		require.True(t, x.ports[Uplink].Inject(x.tunnel(serverY, "eni-a2", p)))
		x.Poll(x.now)
		x.places["eni-a2"][0].Settle(x.w.ticks)
		return len(x.ports["eni-a4"].Sent())
	}
	require.Equal(t, []int{1, 1}, []int{send(wire.TCPSyn), s.seen})
	s.passages.At(at).Touch(x.w.tick)
	require.Equal(t, []int{1, 2}, []int{send(wire.TCPAck), s.seen}, "whose way on is not known yet")
	require.Equal(t, []int{1, 2}, []int{send(wire.TCPAck), s.seen}, "known at each ENI and at the Translator")
	require.Equal(t, Passed{In: Traffic{1, 40}}, s.passed)
	require.Equal(t, x.w.ticks, s.tick)
	way := s.passages.At(at).way(x.w.epoch)
	require.Equal(t, []bool{true, false}, []bool{way.Walked(wire.Out), way.Walked(wire.In)}, "nobody knows the way from guests of this card")

	x.wait(10e9)
	require.Equal(t, x.w.ticks, s.tick, "what time it is, though nothing went through")
	require.Equal(t, []int{1, 3}, []int{send(wire.TCPAck), s.seen}, "after a pause")
	s.passages.At(at).Touch(x.w.tick)
	require.Equal(t, []int{1, 3}, []int{send(wire.TCPAck), s.seen})
	x.w.epoch++
	require.Equal(t, []int{1, 4}, []int{send(wire.TCPAck), s.seen}, "under another policy")
	require.Equal(t, []int{1, 4}, []int{send(wire.TCPAck), s.seen})
	s.passages.Remove(*s.passages.Key(at))
	require.Equal(t, []int{1, 5}, []int{send(wire.TCPAck), s.seen}, "a passage that has ended")
	x.observe(func(*Event) {})
}

// The same of what a guest of the card sends: the first packet that is no SYN tells its passage the
// way, on which a record of the Translator's ENI would be of no use.
func TestKnownPacketsOfAGuestGoThroughATranslatorUnseen(t *testing.T) {
	x := newRig(t)
	x.resolve(serverY)
	s, at := x.translator(Socket{wiretest.Addr("10.0.2.8"), 40000}, "10.0.2.7")
	x.ports[Uplink].Sent()
	for i, c := range []struct {
		flags uint8
		seen  int
	}{{wire.TCPSyn, 1}, {wire.TCPAck, 2}, {wire.TCPAck, 2}} {
		s.passages.At(at).Touch(x.w.tick)
		e := x.eni("eni-a4")
		require.True(t, x.ports["eni-a4"].Inject(wiretest.TCP("10.0.2.8:40000", "10.0.1.6:80").Flags(c.flags).Size(20).MACs(e.MAC, e.RouterMAC).Bytes()))
		x.Poll(x.now)
		require.Equal(t, []int{1, c.seen}, []int{len(x.ports[Uplink].Sent()), s.seen}, "packet %d", i)
		require.Empty(t, x.flows("eni-a2"))
	}
	x.observe(func(*Event) {})
}

// A NAT gateway whose subnet's route leads to another one has tracked connections at its ENI, as any that pass a
// NAT gateway are: each packet is counted on its record, and FIN moves the record's state.
func TestATranslatorBeforeANATGatewayIsTracked(t *testing.T) {
	x := newRig(t)
	s, at := x.translator(Socket{wiretest.Addr("10.0.2.8"), 40000}, client)
	x.hasNAT()
	x.routesToNAT("subnet-a1", "{NetworkInterfaceId: eni-nat}")
	x.Poll(x.now)
	x.wait(432_100e9) // past the time in which segments from the middle of a stream open their connections again
	for i, flags := range []uint8{wire.TCPSyn, wire.TCPAck, wire.TCPAck, wire.TCPFin | wire.TCPAck} {
		s.passages.At(at).Touch(x.w.tick)
		e := x.eni("eni-a4")
		require.True(t, x.ports["eni-a4"].Inject(wiretest.TCP("10.0.2.8:40000", "10.0.1.6:80").Flags(flags).Size(20).MACs(e.MAC, e.RouterMAC).Bytes()))
		x.Poll(x.now)
		flows := x.flows("eni-a2")
		require.Len(t, flows, 1)
		require.EqualValues(t, i+1, flows[0].PacketsOut, "packet %d", i)
	}
	x.observe(func(*Event) {})
}
