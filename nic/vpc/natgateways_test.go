package vpc

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// "pending: The NAT gateway is being created and is not ready to process traffic", and one that
// could not be created or is deleted carries none either (EC2 API, NatGateway).
func TestANATGatewayCarriesWhileItIsAvailable(t *testing.T) {
	for state, want := range map[string]Target{"available": NAT, "pending": Blackhole, "failed": Blackhole, "deleting": Blackhole, "deleted": Blackhole} {
		c := tableOf(t, "{DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: nat-1}")
		c = put(t, c, "NetworkInterfaces", `{NetworkInterfaceId: eni-nat, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:99", InterfaceType: nat_gateway, PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.99}]}`)
		c = put(t, c, "NatGateways", `{NatGatewayId: nat-1, VpcId: vpc-a, State: `+state+`, NatGatewayAddresses: [{NetworkInterfaceId: eni-nat, PrivateIp: 10.0.1.99}]}`)
		p := compiled(t, c, CompileOptions{Card: "y"})
		require.Equal(t, want, p.ENI("eni-a3").Route(ip("8.8.8.8")).Target, state)
	}
}
