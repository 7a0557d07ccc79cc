package vpc

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
)

// Block-ingress lets a NAT gateway pass, and no instance; block-bidirectional nobody.
func TestWhomABlockModeBlocks(t *testing.T) {
	for _, c := range []struct {
		mode    BlockMode
		kind    string
		blocked bool
	}{
		{BlockNothing, "interface", false},
		{BlockNothing, "nat_gateway", false},
		{BlockIngress, "", true},
		{BlockIngress, "interface", true},
		{BlockIngress, "nat_gateway", false},
		{BlockBidirectional, "interface", true},
		{BlockBidirectional, "nat_gateway", true},
	} {
		e := &ENI{identity: &identity{form: &ec2.NetworkInterface{InterfaceType: c.kind}}, membership: &membership{Subnet: &Subnet{Block: c.mode}}}
		require.Equal(t, c.blocked, e.BlocksPublicAccess(), "%+v", c)
	}
}
