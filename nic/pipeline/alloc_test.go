package pipeline

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd/mem"
)

// allocations is how many a turn makes at least, over a few runs: the
// collector and the test's own frame may make some, the card makes none.
func allocations(turn func()) float64 {
	least := testing.AllocsPerRun(50, turn)
	for range 4 {
		least = min(least, testing.AllocsPerRun(50, turn))
	}
	return least
}

// No packet costs an allocation: not of a known connection, not the first of
// a new one, not one that is dropped or answered.
func TestThePacketPathDoesNotAllocate(t *testing.T) {
	router := newRig(t).eni("eni-a1").RouterMAC
	asUDP := func(from, to string) wiretest.Packet { return wiretest.UDP(from+":1", to+":53").NoChecksum() }
	for _, c := range []struct {
		what, port string
		frame      func(x *rig) []byte
		want       Verdict
		fresh      int // where in the frame is a port that each packet has anew; 0: nowhere
	}{
		{"known, from the underlay", Uplink, in(edge, "eni-a1", syn), Sent, 0},
		{"known, to the underlay", "eni-a1", to(out), Sent, 0},
		{"known, to a neighbor", "eni-a1", to(wiretest.TCP("10.0.1.5:1", "10.0.2.8:5432").Flags(wire.TCPSyn)), Sent, 0},
		{"known IPv6, from the underlay", Uplink, in(edge, "eni-a1", tcp6(at(other6, 40000), at(a1v6, 80), wire.TCPAck)), Sent, 0},
		{"known IPv6, to the underlay", "eni-a1", to(tcp6(at(a1v6, 80), at(other6, 40000), wire.TCPAck)), Sent, 0},
		{"new, from the underlay, not tracked", Uplink, in(edge, "eni-a1", asUDP(client, "35.72.2.8")), Sent, 50 + 34},
		{"new, to the underlay, tracked", "eni-a1", to(asUDP("10.0.1.5", client)), Sent, 34},
		{"new, to a neighbor", "eni-a1", to(asUDP("10.0.1.5", "10.0.1.6")), Sent, 34},
		{"no rule", Uplink, in(edge, "eni-a1", wiretest.TCP(client+":1", "35.72.2.8:23")), SecurityGroupIn, 0},
		{"a foreign address", "eni-a1", to(wiretest.TCP("10.0.1.6:1", client+":1")), SpoofedAddress, 0},
		{"malformed", "eni-a1", bytes(make([]byte, 13)), Malformed(wire.FaultEthernetTruncated), 0},
		{"nobody's", Uplink, wrapped(syn.Bytes()), UnknownMAC, 0},
		{"an error about a connection", Uplink, in(edge, "eni-a1", quoteOf(client, wiretest.TCP("35.72.2.8:40000", client+":443"), 28)), Sent, 0},
		{"ARP", "eni-a1", bytes(wiretest.ARPRequest(macA1, "10.0.1.5", "10.0.1.1").Bytes()), Consumed, 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			x := newRigOf(t, "x", 1<<14)
			x.fromGuest("eni-a1", out.MACs(macA1, router)).passed()
			x.observe(nil)
			for name := range x.ports { // a port's queue takes its memory once
				x.attach(name, mem.New(mem.Options{Queue: 2}))
			}
			frame, n := c.frame(x), uint16(0)
			before := x.counts(c.port)
			got := allocations(func() {
				if n++; c.fresh > 0 {
					binary.BigEndian.PutUint16(frame[c.fresh:], n)
				}
				x.ports[c.port].Inject(frame)
				x.Poll(x.now)
				for _, p := range x.ports {
					p.Drain(func([]byte) {})
				}
			})
			require.Zero(t, got)
			after := x.counts(c.port)
			require.EqualValues(t, n, after.Ends[c.want]-before.Ends[c.want], "%v", after)
			if c.fresh > 0 && c.want == Sent {
				require.Greater(t, len(x.flows("eni-a1")), 200, "each began a connection")
			}
		})
	}
}
