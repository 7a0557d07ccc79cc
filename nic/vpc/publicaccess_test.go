package vpc

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
)

// What is blocked in subnet-a1: its own state counts before its VPC's, and that
// before the region's; an exclusion in force takes some of it away.
func TestBlockModes(t *testing.T) {
	const off, ingress, both = "off", "block-ingress", "block-bidirectional"
	for _, b := range []struct {
		region, vpc, subnet   string
		excluded, mode, state string
		want                  BlockMode
	}{
		{want: BlockNothing},
		{region: both, want: BlockBidirectional},
		{region: both, vpc: ingress, want: BlockIngress},
		{vpc: both, subnet: off, want: BlockNothing},
		{subnet: ingress, want: BlockIngress},
		{vpc: both, excluded: "vpc/vpc-a", mode: "allow-bidirectional", state: "create-complete", want: BlockNothing},
		{vpc: both, excluded: "subnet/subnet-a1", mode: "allow-egress", state: "update-complete", want: BlockIngress},
		{vpc: ingress, excluded: "subnet/subnet-a1", mode: "allow-egress", state: "create-complete", want: BlockIngress},
		{vpc: both, excluded: "subnet/subnet-a2", mode: "allow-bidirectional", state: "create-complete", want: BlockBidirectional},
		{vpc: both, excluded: "vpc/vpc-a", mode: "allow-bidirectional", state: "delete-complete", want: BlockBidirectional},
		{vpc: both, excluded: "vpc/vpc-a", mode: "allow-bidirectional", state: "create-failed", want: BlockBidirectional},
	} {
		c := story(t)
		c.Vpcs[0].BlockPublicAccessStates.InternetGatewayBlockMode = b.vpc
		c.Subnets[0].BlockPublicAccessStates.InternetGatewayBlockMode = b.subnet
		if b.region != "" {
			c.VpcBlockPublicAccessOptions = []ec2.VpcBlockPublicAccessOptions{{InternetGatewayBlockMode: b.region}}
		}
		c.Unenforced["VpcBlockPublicAccessExclusions"] = []any{map[string]any{
			"ResourceArn": "arn:aws:ec2:eu-west-1:111122223333:" + b.excluded, "InternetGatewayExclusionMode": b.mode, "State": b.state}}
		p := compiled(t, c, CompileOptions{})
		require.Equal(t, b.want, p.ENI("eni-a1").Subnet.Block, "%+v", b)
		require.Empty(t, p.Notices())
	}
	c := story(t)
	c.Subnets[0].BlockPublicAccessStates.InternetGatewayBlockMode = "of"
	_, err := Compile(c, CompileOptions{})
	require.ErrorContains(t, err, `Subnets[0] subnet-a1: InternetGatewayBlockMode "of": off, block-ingress or block-bidirectional is expected`)
}
