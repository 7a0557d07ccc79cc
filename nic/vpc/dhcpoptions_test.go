package vpc

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What is no value of EC2's options is a mistake, and so is a set that is not there.
func TestMistakesInDHCPOptions(t *testing.T) {
	for object, want := range map[string]string{
		"{DhcpOptionsId: dopt-1, DhcpConfigurations: [{Key: ntp-servers, Values: [{Value: soon}]}]}":                        "soon is no value",
		"{DhcpOptionsId: dopt-1, DhcpConfigurations: [{Key: root-path, Values: [{Value: /}]}]}":                             "/ is no value",
		"{DhcpOptionsId: dopt-1, DhcpConfigurations: [{Key: netbios-node-type, Values: [{Value: '3'}]}]}":                   "3 is no value",
		"{DhcpOptionsId: dopt-1, DhcpConfigurations: [{Key: netbios-name-servers, Values: [{Value: 'fd00::1'}]}]}":          "fd00::1 is no value",
		"{DhcpOptionsId: dopt-1, DhcpConfigurations: [{Key: domain-name, Values: [{Value: \"a\\u0007b\"}]}]}":               "is no value",
		"{DhcpOptionsId: dopt-1, DhcpConfigurations: [{Key: ipv6-address-preferred-lease-time, Values: [{Value: '139'}]}]}": "139 is no value",
	} {
		edit, err := Put("DhcpOptions", []byte(object))
		require.NoError(t, err, object)
		region, err := NewRegion(story(t))
		require.NoError(t, err)
		_, err = region.Change(edit)
		require.ErrorContains(t, err, want, object)
	}
	set, err := Put("DhcpOptions", []byte("{DhcpOptionsId: dopt-1}"))
	require.NoError(t, err)
	network, err := Put("Vpcs", []byte("{VpcId: vpc-9, CidrBlock: 10.9.0.0/16, DhcpOptionsId: dopt-2}"))
	require.NoError(t, err)
	region, err := NewRegion(story(t))
	require.NoError(t, err)
	_, err = region.Change(set, network)
	require.ErrorContains(t, err, "dopt-2")
}
