package nic

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// Servers that are in no other test.
const serverV, serverW, serverZ = "172.16.0.13", "172.16.0.14", "172.16.0.15"

// placed is a configuration whose cards are other ones.
func placed(c *vpc.Config, cards func([]vpc.CardPlacement) []vpc.CardPlacement) *vpc.Config {
	other := *c
	other.Placement.Cards = cards(slices.Clone(c.Placement.Cards))
	return &other
}

// beforeAll is a configuration with a card in the first place, which gives all others another number.
func beforeAll(c *vpc.Config) *vpc.Config {
	return placed(c, func(cards []vpc.CardPlacement) []vpc.CardPlacement {
		return slices.Insert(cards, 0, vpc.CardPlacement{Name: "v", Vtep: netip.MustParsePrefix(serverV + "/24")})
	})
}

// A card that comes to Placement gives tunnel ends other numbers, and cuts nothing: neither does the
// change that brings the card, nor any later one, though no packet came since.
func TestADryRunKnowsTunnelEndsOfOtherNumbers(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	for _, flags := range []uint8{wire.TCPSyn, wire.TCPAck} {
		x.send(Uplink, x.tunnel(serverY, "eni-a1", wiretest.TCP("10.0.2.7:40000", "10.0.1.5:8080").Flags(flags))).passed()
		x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:8080", "10.0.2.7:40000").Flags(wire.TCPSyn|wire.TCPAck)).passed()
	}
	kept := Outcomes{Kept: 2}
	renumbered := beforeAll(x.config)
	require.Equal(t, kept, x.dryRunOf(renumbered).Outcomes)
	x.apply(renumbered)
	require.Equal(t, kept, x.dryRunOf(x.config).Outcomes)
	require.Equal(t, kept, x.dryRunOf(x.moved("eni-a5")).Outcomes)
	x.fromInternet("eni-a1", tcp("22", wire.TCPAck)).passed()
	x.send(Uplink, x.tunnel(serverY, "eni-a1", wiretest.TCP("10.0.2.7:40000", "10.0.1.5:8080").Flags(wire.TCPAck))).passed()
}

// midAt is an ENI that forwards, in a subnet of its own, and a card of its own.
func midAt(c *vpc.Config, t testing.TB, eni, address, card, vtep string) *vpc.Config {
	c = put(t, c, "Subnets", "{SubnetId: subnet-a3, VpcId: vpc-a, CidrBlock: 10.0.3.0/24}")
	c = put(t, c, "NetworkInterfaces", `{NetworkInterfaceId: `+eni+`, SubnetId: subnet-a3, SourceDestCheck: false, MacAddress: "06:00:00:00:0d:`+address[len(address)-2:]+`",
		PrivateIpAddresses: [{Primary: true, PrivateIpAddress: `+address+`}], Groups: [{GroupId: sg-a-web}], Attachment: {InstanceId: i-`+eni+`}}`)
	return placed(c, func(cards []vpc.CardPlacement) []vpc.CardPlacement {
		if !slices.ContainsFunc(cards, func(p vpc.CardPlacement) bool { return p.Name == card }) {
			cards = append(cards, vpc.CardPlacement{Name: card, Vtep: netip.MustParsePrefix(vtep + "/24")})
		}
		for i := range cards {
			cards[i].NetworkInterfaces = slices.DeleteFunc(slices.Clone(cards[i].NetworkInterfaces), func(id string) bool { return id == eni })
			if cards[i].Name == card {
				cards[i].NetworkInterfaces = append(cards[i].NetworkInterfaces, eni)
			}
		}
		return cards
	})
}

// through is a configuration whose routes lead what goes between the subnets of customer A to an ENI first.
func through(c *vpc.Config, t testing.TB, eni string) *vpc.Config {
	c = put(t, c, "RouteTables", `{RouteTableId: rtb-a1, VpcId: vpc-a, Associations: [{Main: true}], Routes: [{DestinationCidrBlock: 10.0.0.0/16, GatewayId: local}, {DestinationCidrBlock: 10.0.2.0/24, NetworkInterfaceId: `+eni+`}, {DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-a}]}`)
	return put(t, c, "RouteTables", `{RouteTableId: rtb-a2, VpcId: vpc-a, Associations: [{SubnetId: subnet-a2}], Routes: [{DestinationCidrBlock: 10.0.0.0/16, GatewayId: local}, {DestinationCidrBlock: 10.0.1.0/24, NetworkInterfaceId: `+eni+`}]}`)
}

// A middlebox that moves to another card, or leaves its place to another ENI, takes the way of
// connections along: their packets come from there, and the rules that allowed them still stand.
func TestADryRunFollowsAMiddlebox(t *testing.T) {
	segment := func(flags uint8) wiretest.Packet {
		return wiretest.TCP("10.0.2.7:40000", "10.0.1.5:8080").Flags(flags)
	}
	for _, c := range []struct {
		what  string
		moved func(*vpc.Config) *vpc.Config
		from  string
		kept  Outcomes
	}{
		{"to another card", func(c *vpc.Config) *vpc.Config { return midAt(c, t, "eni-mid", "10.0.3.10", "w", serverW) }, serverW, Outcomes{Kept: 1}},
		{"to a card that renumbers", func(c *vpc.Config) *vpc.Config {
			return midAt(beforeAll(c), t, "eni-mid", "10.0.3.10", "v", serverV)
		}, serverV, Outcomes{Kept: 1}},
		{"to the card of the other end", func(c *vpc.Config) *vpc.Config { return midAt(c, t, "eni-mid", "10.0.3.10", "y", serverY) }, serverY, Outcomes{Kept: 1}},
		{"another ENI on another card", func(c *vpc.Config) *vpc.Config {
			return through(midAt(c, t, "eni-new", "10.0.3.11", "w", serverW), t, "eni-new")
		}, serverW, Outcomes{Rerouted: 1}},
		{"no middlebox any more", func(c *vpc.Config) *vpc.Config { return through(c, t, "eni-a3") }, serverY, Outcomes{Rerouted: 1}},
	} {
		x := newRig(t)
		x.apply(through(midAt(x.config, t, "eni-mid", "10.0.3.10", "z", serverZ), t, "eni-mid"))
		x.send(Uplink, x.tunnel(serverZ, "eni-a1", segment(wire.TCPSyn))).passed()
		d := x.dryRunOf(c.moved(x.config))
		require.Equal(t, c.kept, d.Outcomes, "%s: %+v", c.what, d.Fates)
		x.apply(c.moved(x.config))
		x.send(Uplink, x.tunnel(c.from, "eni-a1", segment(wire.TCPAck))).passed()
		require.Equal(t, Outcomes{Kept: 1}, x.dryRunOf(x.config).Outcomes, c.what)
	}
}

// A middlebox that stops to forward lets nothing through, and the connections behind it are cut.
func TestADryRunOfAMiddleboxThatStops(t *testing.T) {
	x := newRig(t)
	x.apply(through(midAt(x.config, t, "eni-mid", "10.0.3.10", "z", serverZ), t, "eni-mid"))
	x.send(Uplink, x.tunnel(serverZ, "eni-a1", wiretest.TCP("10.0.2.7:40000", "10.0.1.5:8080").Flags(wire.TCPSyn))).passed()
	f := x.one(x.dryRun("NetworkInterfaces", `{NetworkInterfaceId: eni-mid, SubnetId: subnet-a3, MacAddress: "06:00:00:00:0d:10", PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.3.10}], Groups: [{GroupId: sg-a-web}], Attachment: {InstanceId: i-eni-mid}}`))
	require.Equal(t, []string{"cut", "inbound", pipeline.SourceMismatch.String()}, []string{f.Outcome, f.Direction, f.Reason})
}
