package vpc

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A VPC that comes or goes has none of the ENIs that stay, so that nobody looks at each of those; and one that is
// gone leaves nothing behind.
func TestAVPCThatComesCostsNoLookAtTheOthers(t *testing.T) {
	before, err := NewRegion(story(t))
	require.NoError(t, err)
	vpc, err := Put("Vpcs", []byte("{VpcId: vpc-new, CidrBlock: 10.99.0.0/16}"))
	require.NoError(t, err)
	gateway, err := Put("InternetGateways", []byte("{InternetGatewayId: igw-new, Attachments: [{VpcId: vpc-new, State: attached}]}"))
	require.NoError(t, err)

	with, err := before.Change(vpc, gateway)
	require.NoError(t, err)
	reach, _ := with.reached.Get("vpc-new")
	require.Equal(t, Reach{IPv4: true, IPv6: true}, reach)
	require.Empty(t, with.regained(before))
	require.Empty(t, slices.Collect(with.Since(before)))

	without, err := with.Change(Edit{Kind: "InternetGateways", ID: "igw-new"}, Edit{Kind: "Vpcs", ID: "vpc-new"})
	require.NoError(t, err)
	require.Empty(t, without.regained(with))
	require.Equal(t, before.reached.Len(), without.reached.Len())
}

// A gateway that one change takes from a VPC and gives another one moves the reach of both; one that the change
// puts back moves nothing.
func TestAGatewayMovesInOneChange(t *testing.T) {
	region, err := NewRegion(put(t, put(t, story(t), "Vpcs", "{VpcId: vpc-x, CidrBlock: 10.98.0.0/16}"), "Vpcs", "{VpcId: vpc-y, CidrBlock: 10.99.0.0/16}"))
	require.NoError(t, err)
	at := func(vpc string) Edit {
		e, err := Put("InternetGateways", []byte("{InternetGatewayId: igw-new, Attachments: [{VpcId: "+vpc+", State: attached}]}"))
		require.NoError(t, err)
		return e
	}
	first, err := region.Change(at("vpc-x"))
	require.NoError(t, err)
	moved, err := first.Change(at("vpc-y"))
	require.NoError(t, err)
	require.Equal(t, map[string]bool{"vpc-x": true, "vpc-y": true}, moved.regained(first))
	back, err := first.Change(Edit{Kind: "InternetGateways", ID: "igw-new"}, at("vpc-x"))
	require.NoError(t, err)
	require.Empty(t, back.regained(first))
}
