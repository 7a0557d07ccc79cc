package pipeline

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// moved is a station that says to have the edge's address.
var moved = mac("02:00:00:00:00:77")

// answer is a station's answer to the card that it has an address.
func (r *rig) answer(addr string, station wire.MAC) {
	r.Helper()
	self := wire.Neighbor{MAC: station, Addr: wiretest.Addr(addr)}
	r.hears(wiretest.ARPReply(self, wire.Neighbor{MAC: stations[serverX], Addr: wiretest.Addr(serverX)}))
}

// hears has the card take an ARP packet, which it heeds.
func (r *rig) hears(p wiretest.Packet) {
	r.Helper()
	consumed := r.counts(Uplink).Ends[Consumed]
	require.True(r, r.ports[Uplink].Inject(p.Bytes()))
	r.Poll(r.now)
	require.Equal(r, consumed+1, r.counts(Uplink).Ends[Consumed])
}

// edgeAt is where the card sends what is for the edge.
func (r *rig) edgeAt() wire.MAC {
	r.Helper()
	at := wire.Ethernet(r.fromGuest("eni-a1", out).frame).Dst()
	r.ports[Uplink].Sent()
	return at
}

// announcements are how a station says that it has the edge's address: as RFC 5227 and
// as VRRP say it, by question or by answer, or by asking for another.
func announcements() map[string]wiretest.Packet {
	self := wire.Neighbor{MAC: moved, Addr: wiretest.Addr(edge)}
	everybody := wire.Neighbor{MAC: wire.Broadcast, Addr: wiretest.Addr(edge)}
	return map[string]wiretest.Packet{
		"question":                 wiretest.ARPRequest(moved, edge, edge),
		"answer to everybody":      wiretest.ARPReply(self, everybody).MACs(moved, wire.Broadcast),
		"answer to itself":         wiretest.ARPReply(self, self).MACs(moved, wire.Broadcast),
		"answer to the card alone": wiretest.ARPReply(self, everybody).MACs(moved, stations[serverX]),
		"answer to another":        wiretest.ARPReply(self, wire.Neighbor{MAC: stations[serverY], Addr: wiretest.Addr(serverY)}),
		"answer nobody asked for":  wiretest.ARPReply(self, wire.Neighbor{MAC: stations[serverX], Addr: wiretest.Addr(serverX)}),
		"question for another":     wiretest.ARPRequest(moved, edge, serverY),
		"padded":                   wiretest.ARPRequest(moved, edge, edge).Pad(60),
	}
}

// A tunnel end whose station is silent, and that another station has when asked, has
// moved within a second: a server that takes over from one that died.
func TestATunnelEndThatMoved(t *testing.T) {
	for what, announcement := range announcements() {
		t.Run(what, func(t *testing.T) {
			x := newRig(t)
			require.Equal(t, edgeUnderlay, x.edgeAt())
			x.hears(announcement)
			require.Equal(t, []string{edge}, x.questions(), "nobody is answered")
			require.Equal(t, edgeUnderlay, x.edgeAt(), "not at once")
			x.answer(edge, moved)
			for range 2 { // in case the known station missed it
				x.wait(250 * time.Millisecond)
				require.Equal(t, []string{edge}, x.questions())
				require.Equal(t, edgeUnderlay, x.edgeAt())
			}
			x.wait(250 * time.Millisecond)
			require.Equal(t, moved, x.edgeAt())
			x.wait(time.Second)
			require.Empty(t, x.questions())
		})
	}
}

// While a tunnel end may have moved, the card looks whether it is time to ask once in 10 ms, and
// not at each turn, for a look takes a lock and goes through all tunnel ends.
func TestClaimsAreLookedAtNowAndThen(t *testing.T) {
	x := newRig(t)
	x.hears(wiretest.ARPRequest(moved, edge, edge))
	begun := x.now
	for _, c := range []struct {
		at    time.Duration
		asked int
	}{{0, 1}, {245 * time.Millisecond, 0}, {254 * time.Millisecond, 0}, {255 * time.Millisecond, 1}} {
		x.now = begun + int64(c.at)
		x.Poll(x.now)
		require.Len(t, x.questions(), c.asked, c.at)
	}
}

// A tunnel end whose station answers stays, whatever others say and how often.
func TestAThiefOfATunnelEnd(t *testing.T) {
	for what, announcement := range announcements() {
		for _, answers := range []int{0, 1, 2} { // before the known station does
			t.Run(what, func(t *testing.T) {
				x := newRig(t)
				for range 40 {
					x.hears(announcement)
					for range answers {
						x.answer(edge, moved)
					}
					x.answer(edge, edgeUnderlay)
					x.answer(edge, moved)
					x.wait(200 * time.Millisecond)
					if len(x.questions()) > 0 {
						x.answer(edge, edgeUnderlay)
					}
					require.Equal(t, edgeUnderlay, x.edgeAt())
				}
			})
		}
	}
}

// The known station's answer counts however late the card gets to read it.
func TestAnAnswerThatWaitsCounts(t *testing.T) {
	x := newRig(t)
	x.hears(wiretest.ARPRequest(moved, edge, edge))
	x.answer(edge, moved)
	x.now += 5e9 // the card stood still
	x.answer(edge, edgeUnderlay)
	x.wait(time.Second)
	x.ports[Uplink].Sent()
	require.Equal(t, edgeUnderlay, x.edgeAt())
}

// Somebody who only announces, and whom nobody finds when asking, moves nothing, and
// keeps nobody else from moving.
func TestAnAnnouncementThatNobodyStandsBy(t *testing.T) {
	x := newRig(t)
	x.hears(wiretest.ARPRequest(moved, edge, edge))
	x.wait(time.Second)
	x.ports[Uplink].Sent()
	require.Equal(t, edgeUnderlay, x.edgeAt())
	x.wait(time.Second)
	x.hears(wiretest.ARPRequest(moved, edge, edge))
	third := mac("02:00:00:00:00:78")
	x.answer(edge, third)
	x.wait(time.Second)
	x.ports[Uplink].Sent()
	require.Equal(t, third, x.edgeAt())
}

// However much somebody announces, the card asks three times in two seconds.
func TestAnnouncementsMakeFewQuestions(t *testing.T) {
	x := newRig(t)
	asked := 0
	for range 100 {
		for range 10 {
			x.hears(wiretest.ARPRequest(moved, edge, edge))
		}
		x.wait(50 * time.Millisecond)
		asked += len(x.questions())
	}
	require.LessOrEqual(t, asked, 3*3)
}

// Behind a gateway are many tunnel ends: when the gateway moves, all of them have.
func TestAGatewayAnnouncesItself(t *testing.T) {
	x := newRig(t)
	c := *x.config
	c.Placement.Cards = slices.Clone(c.Placement.Cards)
	c.Placement.Cards[0].Gateway = netip.MustParseAddr("172.16.0.254")
	c.Placement.Cards[1].Vtep, c.Placement.Cards[1].Mac = netip.MustParsePrefix("172.17.0.12/24"), wire.MAC{}
	c.Placement.Edge.Vtep = netip.MustParseAddr("172.18.0.1")
	x.apply(&c)
	for _, at := range []wire.MAC{mac("02:00:00:00:00:88"), mac("02:00:00:00:00:99")} {
		require.Equal(t, Consumed, x.send(Uplink, wiretest.ARPRequest(at, "172.16.0.254", "172.16.0.254").Bytes()).Verdict)
		x.answer("172.16.0.254", at)
		x.wait(time.Second)
		x.ports[Uplink].Sent()
		require.Equal(t, at, wire.Ethernet(x.fromGuest("eni-a1", out).frame).Dst())
		require.Equal(t, at, wire.Ethernet(x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:1", "10.0.2.7:5432")).frame).Dst())
	}
	x.wait(time.Second)
	require.LessOrEqual(t, len(x.questions()), 1, "one question for all that are behind it")
}

// A station has a MAC of its own: whoever asks from a group's would have the card answer everybody.
func TestAQuestionFromAGroupIsNotAnswered(t *testing.T) {
	x := newRig(t)
	group := wire.MAC{1, 0, 0x5e, 0, 0, 1}
	asks := wiretest.ARPRequest(moved, "172.16.0.99", serverX)
	x.send(Uplink, asks.MACs(group, wire.Broadcast).Bytes()).dropped(ARPInvalid)
	x.send(Uplink, wiretest.ARPRequest(group, "172.16.0.99", serverX).MACs(moved, wire.Broadcast).Bytes()).dropped(ARPInvalid)
}
