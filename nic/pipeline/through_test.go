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

func (t *toyTranslator) Passed(p *Passed, tick uint64) {
	t.passed.In.Packets += p.In.Packets
	t.passed.In.Bytes += p.In.Bytes
	t.tick = tick
}

// A Translator does not see the known packets of a connection that it knows, and is told how
// many went through; after a pause, and where it knows no connection, it sees them.
func TestKnownPacketsGoThroughATranslatorUnseen(t *testing.T) {
	x := newRig(t)
	s := &toyTranslator{toyNAT: x.translates("eni-a2", "subnet-a1", "10.0.1.6", "10.0.2.8")}
	var err error
	s.passages, err = tables.New[PassageKey, Passage](4, 1)
	require.NoError(t, err)
	t.Cleanup(s.passages.Close)
	x.places["eni-a2"][0].AttachAppliance(s, 1514)
	x.store(x.policy())
	x.observe(nil)
	at, err := s.passages.Insert(PassageKey{wiretest.Addr("10.0.2.7"), wiretest.Addr("10.0.1.6"), 40000, 80, wire.ProtoTCP},
		NewPassage(Socket{wiretest.Addr("10.0.2.8"), 80}, 0, x.w.tick, PassageSteady|PassageIPv4))
	require.NoError(t, err)
	_, err = s.passages.Insert(PassageKey{wiretest.Addr("10.0.2.8"), wiretest.Addr("10.0.2.7"), 80, 40000, wire.ProtoTCP},
		NewPassage(Socket{wiretest.Addr("10.0.1.6"), 80}, at, x.w.tick, PassageOut|PassageSteady|PassageIPv4))
	require.NoError(t, err)
	send := func(flags uint8) (left int) {
		p := wiretest.TCP("10.0.2.7:40000", "10.0.1.6:80").Flags(flags).Size(20)
		require.True(t, x.ports[Uplink].Inject(x.tunnel(serverY, "eni-a2", p)))
		x.Poll(x.now)
		x.places["eni-a2"][0].Settle(x.w.ticks)
		return len(x.ports["eni-a4"].Sent())
	}
	x.put("SecurityGroups", `{GroupId: sg-a-db, GroupName: database, VpcId: vpc-a, IpPermissions: [{IpProtocol: "-1", IpRanges: [{CidrIp: 0.0.0.0/0}]}]}`)
	x.put("SecurityGroups", `{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a, IpPermissions: [{IpProtocol: "-1", IpRanges: [{CidrIp: 0.0.0.0/0}]}], IpPermissionsEgress: [{IpProtocol: "-1", IpRanges: [{CidrIp: 0.0.0.0/0}]}]}`)
	require.Equal(t, []int{1, 1}, []int{send(wire.TCPSyn), s.seen})
	s.passages.At(at).Touch(x.w.tick)
	require.Equal(t, []int{1, 2}, []int{send(wire.TCPAck), s.seen}, "whose way on is not known yet")
	require.Equal(t, []int{1, 2}, []int{send(wire.TCPAck), s.seen}, "known at each ENI and at the Translator")
	require.Equal(t, Passed{In: Traffic{1, 40}}, s.passed)
	require.Equal(t, x.w.ticks, s.tick)

	x.wait(10e9)
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
