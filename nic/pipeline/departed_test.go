package pipeline

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd/mem"
)

// at puts an ENI on a card.
func (r *rig) at(card, eni string) {
	r.Helper()
	c := *r.region.Config()
	c.Placement.Cards = slices.Clone(c.Placement.Cards)
	for i := range c.Placement.Cards {
		here := &c.Placement.Cards[i]
		here.NetworkInterfaces = slices.DeleteFunc(slices.Clone(here.NetworkInterfaces), func(id string) bool { return id == eni })
		if here.Name == card {
			here.NetworkInterfaces = append(here.NetworkInterfaces, eni)
		}
	}
	r.apply(&c)
	if r.places[eni] != nil && r.ports[eni] == nil {
		r.attach(eni, mem.New(mem.Options{}))
	}
	if r.places[eni] == nil {
		delete(r.ports, eni)
	}
}

// pair are cards x and y, which know each other. One ENI may be on either.
func newPair(t *testing.T) (x, y *rig) {
	x, y = newRig(t), newRigOf(t, "y", room)
	x.resolve(serverY)
	y.resolve(serverX)
	return x, y
}

// What comes for an ENI that left is sent on to where it is, for a while, from whom it came: the card
// there judges the sender as ever. Nothing else is sent on.
func TestWhatComesForAnENIThatLeftIsSentOn(t *testing.T) {
	x, y := newPair(t)
	request := wiretest.TCP(client+":40000", "35.72.2.8:22").Flags(wire.TCPSyn).Payload("hello")
	tunnel := x.tunnel(edge, "eni-a1", request)
	x.at("y", "eni-a1")
	y.at("y", "eni-a1")

	sent := x.send(Uplink, slices.Clone(tunnel))
	sent.passed()
	require.Equal(t, Uplink, sent.To)
	got := y.send(Uplink, sent.frame).delivered("eni-a1")
	require.Contains(t, string(got), "hello")
	known := wiretest.TCP(client+":40000", "35.72.2.8:22").Payload("more")
	require.Contains(t, string(x.reach(y, x.send(Uplink, x.tunnel(edge, "eni-a1", known))).delivered("eni-a1")), "more")

	spoofed := wiretest.TCP("10.0.2.8:5432", "10.0.1.5:22").Flags(wire.TCPSyn)
	x.reach(y, x.send(Uplink, x.tunnel(edge, "eni-a1", spoofed))).dropped(SourceMismatch)
	x.send(Uplink, x.tunnel("172.16.0.99", "eni-a1", request)).dropped(UnknownVTEP)
	inB := x.outer(edge, vniB, request.MACs(edgeRouter, x.eni("eni-a1").MAC).Bytes()).Bytes()
	x.send(Uplink, inB).dropped(UnknownMAC)

	x.wait(sendsOn)
	x.send(Uplink, tunnel).dropped(UnknownMAC)
}

// Over IPv6 a tunnel that is sent on has a checksum of its own.
func TestOverIPv6ItIsSentOn(t *testing.T) {
	x := newRig6(t)
	x.at("y", "eni-a1")
	for _, sum := range []bool{true, false} {
		sent := x.fromOver6(edge6, "eni-a1", tcp("22", wire.TCPSyn), sum)
		sent.passed()
		require.NoError(t, wiretest.Check(sent.frame))
		var o wire.Outer
		is, f := wire.ParseVXLAN(sent.frame, &o)
		require.True(t, is, f.Sentence())
		require.Equal(t, []wire.Addr{wiretest.Addr(edge6), wiretest.Addr(serverY6)}, []wire.Addr{o.Src, o.Dst})
	}
}

// Two cards of which each takes the ENI to be at the other send a packet on once.
func TestNoPacketIsSentInACircle(t *testing.T) {
	x, y := newPair(t)
	tunnel := x.tunnel(edge, "eni-a1", tcp("22", wire.TCPSyn))
	y.at("y", "eni-a1")
	x.at("y", "eni-a1")
	y.at("x", "eni-a1")
	sent := x.send(Uplink, tunnel)
	sent.passed()
	y.send(Uplink, sent.frame).dropped(UnknownMAC)
}

// An ENI that moves twice is sent to where it is; one that comes back gets what is for it; one that ends
// is sent nothing.
func TestAnENIThatLeftMovesOn(t *testing.T) {
	x := newRig(t)
	x.put("Placement", `{Cards: [{Name: x, Vtep: 172.16.0.11/24, Mac: "02:00:00:00:00:11", NetworkInterfaces: [eni-a1, eni-a2, eni-a4, eni-b1]}, {Name: y, Vtep: 172.16.0.12/24}, {Name: z, Vtep: 172.16.0.13/24}], Edge: {Vtep: 172.16.0.1, Mac: "02:00:00:00:ed:9e"}, Vnis: {vpc-a: 5001, vpc-b: 5002}}`)
	stations["172.16.0.13"] = mac("02:00:00:00:00:13")
	x.resolve("172.16.0.13")
	x.resolve(serverY)
	tunnel := x.tunnel(edge, "eni-a1", tcp("22", wire.TCPSyn))
	send := func() end { return x.send(Uplink, slices.Clone(tunnel)) }
	x.at("y", "eni-a1")
	send().passed()
	x.wait(sendsOn / 2)
	x.at("z", "eni-a1")
	sent := send()
	sent.passed()
	require.Equal(t, stations["172.16.0.13"], wire.Ethernet(sent.frame).Dst())
	x.at("x", "eni-a1")
	send().delivered("eni-a1")
	x.wait(sendsOn - time.Second)
	x.at("y", "eni-a1")
	x.wait(sendsOn - time.Second)
	send().passed() // though its first time is over
	edit := vpc.Edit{Kind: "NetworkInterfaces", ID: "eni-a1"}
	region, err := x.region.Change(edit)
	require.NoError(t, err)
	x.become(region)
	send().dropped(UnknownMAC)
}
