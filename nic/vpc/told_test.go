package vpc

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/tables/oracle"
)

// A configuration with every kind of section comes back from its edits.
func TestSectionsWithoutIDsAreEdits(t *testing.T) {
	config, err := Parse("region.yaml", []byte(`
Vpcs: [{VpcId: vpc-1, CidrBlock: 10.0.0.0/16}]
VpnConnections: [{VpnConnectionId: vpn-1, VpnGatewayId: vgw-1}]
VpcBlockPublicAccessOptions: [{InternetGatewayBlockMode: block-ingress, AwsRegion: eu-central-1, AwsAccountId: "1"}]
Placement: {Cards: [{Name: x, Vtep: 172.16.0.11/24}], Vnis: {vpc-1: 5001}, Port25: open}
`))
	require.NoError(t, err)
	region, err := NewRegion(config)
	require.NoError(t, err)
	again := follow(t, EmptyRegion(), slices.Collect(region.All()))
	require.Equal(t, sorted(region), sorted(again))
	gone, err := again.Change(Edit{Kind: "VpnConnections"}, Edit{Kind: "VpcBlockPublicAccessOptions"})
	require.NoError(t, err)
	require.Equal(t, []string{"VpcBlockPublicAccessOptions", "VpnConnections"}, gone.Diff().Removed)
	require.Equal(t, sorted(gone), sorted(follow(t, again, gone.Edits())))
}

// ENIs stay on their cards where the list of cards is another, and a card with ENIs stays.
func TestRegionPlacementLeavesENIsWhereTheyAre(t *testing.T) {
	card := func(name, vtep string) CardPlacement {
		return CardPlacement{Name: name, Vtep: netip.MustParsePrefix(vtep)}
	}
	x, y, z := card("x", "172.16.0.11/24"), card("y", "172.16.0.12/24"), card("z", "172.16.0.13/24")
	y.NetworkInterfaces = []string{"eni-1"}
	region, err := NewRegion(&Config{
		Vpcs:    []ec2.Vpc{{VpcId: "vpc-1", CidrBlock: netip.MustParsePrefix("10.0.0.0/16")}},
		Subnets: []ec2.Subnet{{SubnetId: "subnet-1", VpcId: "vpc-1", CidrBlock: netip.MustParsePrefix("10.0.0.0/24")}},
		NetworkInterfaces: []ec2.NetworkInterface{{NetworkInterfaceId: "eni-1", SubnetId: "subnet-1", VpcId: "vpc-1", MacAddress: wire.MAC{2, 0, 0, 0, 0, 1},
			PrivateIpAddresses: []ec2.NetworkInterfacePrivateIpAddress{{Primary: true, PrivateIpAddress: netip.MustParseAddr("10.0.0.5")}}}},
		Placement: Placement{Cards: []CardPlacement{x, y}},
	})
	require.NoError(t, err)
	place := func(cards ...CardPlacement) (*Region, error) {
		return region.Change(Edit{KindRegionPlacement, "", &Placement{Cards: cards}})
	}
	region, err = place(z, y, x)
	require.NoError(t, err)
	require.Equal(t, ENIPlacement{Card: "y"}, region.ENIPlacement("eni-1"))
	p, err := region.Policy("y", nil)
	require.NoError(t, err)
	require.NotNil(t, p.ENI("eni-1"))
	_, err = place(z, x)
	require.EqualError(t, err, "Placement: Cards[1] y: eni-1 is on this card, which is to go; put it on another first")
}

// A part of a region is one, whatever it lacks: what it names is elsewhere, and is no mistake.
func TestAPartMayLackAnything(t *testing.T) {
	r := oracle.Random(t)
	w := world{r}
	now := plain{beginning()}
	for range 300 {
		next, ok := now.edited(w.edit())
		if !ok {
			continue
		}
		whole, err := NewRegion(next.Config)
		if err != nil {
			continue
		}
		now = next
		var some []Edit
		for e := range whole.All() {
			if p, is := e.Object.(*Placement); is {
				part := *p
				part.Part = true
				e.Object = &part
			} else if e.Kind != "Subnets" && r.IntN(4) == 0 { // which a VPC brings all
				continue
			}
			some = append(some, e)
		}
		region, err := EmptyRegion().Change(some...)
		require.NoError(t, err)
		for _, card := range []string{"x", "y"} {
			_, err = region.Policy(card, nil)
			require.NoError(t, err)
		}
	}
}
