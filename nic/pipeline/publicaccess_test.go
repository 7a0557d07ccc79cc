package pipeline

import (
	"slices"
	"testing"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// blocking gives all subnets a mode of VPC Block Public Access.
func blocking(mode string) func(*rig) {
	return func(x *rig) {
		c := *x.config
		c.Subnets = slices.Clone(c.Subnets)
		for i := range c.Subnets {
			c.Subnets[i].BlockPublicAccessStates.InternetGatewayBlockMode = mode
		}
		x.config = &c
		x.apply(x.config)
	}
}

// Block-ingress lets in what the guest asked for, by whatever path the packets
// take through the card, and nothing else; block-bidirectional nothing at all.
func TestBlockPublicAccess(t *testing.T) {
	x := newRig(t)
	visit := func(port string) wiretest.Packet { return wiretest.TCP(client+":"+port, "35.72.2.8:22") }
	call := func() wiretest.Packet { return wiretest.TCP("10.0.1.5:40000", client+":443") }
	answer := func() wiretest.Packet { return wiretest.TCP(client+":443", "35.72.2.8:40000") }
	x.fromInternet("eni-a1", visit("1").Flags(wire.TCPSyn)).delivered("eni-a1")
	x.fromGuest("eni-a1", call().Flags(wire.TCPSyn)).tunneled(edge, vniA)

	blocking("block-ingress")(x)
	x.fromInternet("eni-a1", visit("1").Payload("more")).dropped(BlockPublicAccess)
	x.fromInternet("eni-a1", visit("2").Flags(wire.TCPSyn)).dropped(BlockPublicAccess)
	x.fromInternet("eni-a1", wiretest.Echo(client, "35.72.2.8", 7)).dropped(BlockPublicAccess)
	for range 3 {
		x.fromInternet("eni-a1", answer().Payload("answer")).delivered("eni-a1")
		x.fromGuest("eni-a1", call().Payload("thanks")).tunneled(edge, vniA)
		x.fromInternet("eni-a1", visit("2").Payload("more")).dropped(BlockPublicAccess)
	}
	x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:1", "10.0.2.8:5432").Flags(wire.TCPSyn)).delivered("eni-a4")

	blocking("block-bidirectional")(x)
	x.fromInternet("eni-a1", answer().Payload("answer")).dropped(BlockPublicAccess)
	x.fromGuest("eni-a1", call().Payload("thanks")).dropped(BlockPublicAccess)
	x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:2", "10.0.2.8:5432").Flags(wire.TCPSyn)).delivered("eni-a4")

	blocking("off")(x)
	x.fromInternet("eni-a1", visit("3").Flags(wire.TCPSyn)).delivered("eni-a1")
}
