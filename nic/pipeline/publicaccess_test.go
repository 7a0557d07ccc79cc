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

// Block-ingress keeps an instance from the internet in both directions, with answers to what
// the instance asked, too; an exclusion lets it out and in again. What stays in the VPC is
// not concerned.
func TestBlockPublicAccess(t *testing.T) {
	x := newRig(t)
	visit := wiretest.TCP(client+":1", "35.72.2.8:22")
	call, answer := wiretest.TCP("10.0.1.5:40000", client+":443"), wiretest.TCP(client+":443", "35.72.2.8:40000")
	within := wiretest.TCP("10.0.1.5:1", "10.0.2.8:5432").Flags(wire.TCPSyn)
	for _, mode := range []string{"off", "block-ingress", "off", "block-bidirectional", "off"} {
		blocking(mode)(x)
		for i, p := range []wiretest.Packet{visit.Flags(wire.TCPSyn), visit, answer} {
			if e := x.fromInternet("eni-a1", p); mode == "off" && i < 2 {
				e.delivered("eni-a1")
			} else if mode != "off" {
				e.dropped(BlockPublicAccess)
			}
		}
		for _, p := range []wiretest.Packet{call.Flags(wire.TCPSyn), call} {
			if e := x.fromGuest("eni-a1", p); mode == "off" {
				e.tunneled(edge, vniA)
			} else {
				e.dropped(BlockPublicAccess)
			}
		}
		x.fromGuest("eni-a1", within).delivered("eni-a4")
	}
}

// "Only traffic to and from NAT gateways and egress-only internet gateways … is allowed" in the mode
// block-ingress (VPC BPA basics); in block-bidirectional none is.
func TestBlockIngressLetsAnEgressOnlyGatewayPass(t *testing.T) {
	x := newRig(t)
	egressOnlyA1(x)
	call, answer := tcp6("["+a1v6+"]:40000", "["+client6+"]:443", wire.TCPSyn), tcp6("["+client6+"]:443", "["+a1v6+"]:40000", wire.TCPSyn|wire.TCPAck)
	blocking("block-ingress")(x)
	x.fromGuest("eni-a1", call).tunneled(edge, vniA)
	x.fromInternet("eni-a1", answer).delivered("eni-a1")
	blocking("block-bidirectional")(x)
	x.fromGuest("eni-a1", call).dropped(BlockPublicAccess)
	x.fromInternet("eni-a1", answer).dropped(BlockPublicAccess)
}

// detached takes the internet gateway from eni-a1's VPC.
func detached(x *rig) {
	x.put("RouteTables", `{RouteTableId: rtb-a1, VpcId: vpc-a, Associations: [{Main: true}], Routes: [{DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-a, State: blackhole}]}`)
	x.put("InternetGateways", `{InternetGatewayId: igw-a}`)
}

// The internet reaches a VPC by its internet gateway alone, and so nothing of a VPC that has none: neither by
// a public address nor by one of IPv6, and not with the answers to what left before.
func TestTheInternetNeedsAGateway(t *testing.T) {
	x := newRig(t)
	answer := wiretest.TCP(client+":443", "35.72.2.8:40000")
	x.fromGuest("eni-a1", out).tunneled(edge, vniA)
	x.fromInternet("eni-a1", answer.Flags(wire.TCPSyn|wire.TCPAck)).delivered("eni-a1")
	detached(x)
	for _, p := range []wiretest.Packet{answer, syn, wiretest.Echo(client6, a1v6, 1)} {
		x.fromInternet("eni-a1", p).dropped(NoInternetGateway)
	}
	x.fromInternet("eni-b1", wiretest.TCP(client+":1", "54.168.7.7:80").Flags(wire.TCPSyn)).delivered("eni-b1")
	x.put("InternetGateways", `{InternetGatewayId: igw-a, Attachments: [{VpcId: vpc-a, State: available}]}`)
	x.fromInternet("eni-a1", answer).delivered("eni-a1")
}

// DenyAllIgwTraffic keeps an ENI from the internet gateway, in and out, and from nothing else.
func TestDenyAllIgwTraffic(t *testing.T) {
	x := newRig(t)
	x.fromInternet("eni-a1", syn).delivered("eni-a1")
	denying(x)
	x.fromInternet("eni-a1", syn).dropped(InternetDenied)
	x.fromGuest("eni-a1", out).dropped(InternetDenied)
	x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:1", "10.0.2.8:5432").Flags(wire.TCPSyn)).delivered("eni-a4")
}

// denying gives eni-a1 DenyAllIgwTraffic.
func denying(x *rig) {
	c := *x.config
	c.NetworkInterfaces = slices.Clone(c.NetworkInterfaces)
	c.NetworkInterfaces[0].DenyAllIgwTraffic = true
	x.apply(&c)
}
