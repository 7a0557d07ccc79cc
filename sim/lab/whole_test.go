//go:build linux

package lab

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/sim/oracle"
)

// public is network(1), with a public address at eni-0-0 and a main table that leads out.
func public() *vpc.Config {
	c := network(1)
	e := &c.NetworkInterfaces[0]
	e.PrivateIpAddresses = []ec2.NetworkInterfacePrivateIpAddress{{Primary: true, PrivateIpAddress: e.PrivateIpAddress, Association: &ec2.NetworkInterfaceAssociation{PublicIp: clientAddr.Addr().Next()}}}
	main := localTable(c.Vpcs[0])
	main.Routes = append(main.Routes, ec2.Route{DestinationCidrBlock: everywhere, GatewayId: "igw-1"})
	c.RouteTables = []ec2.RouteTable{main}
	open := []ec2.IpPermission{{IpProtocol: "-1", IpRanges: []ec2.IpRange{{CidrIp: everywhere}}}}
	c.SecurityGroups = []ec2.SecurityGroup{{GroupId: "sg-1", VpcId: "vpc-1", IpPermissions: open, IpPermissionsEgress: open}}
	for i := range c.NetworkInterfaces {
		c.NetworkInterfaces[i].Groups = []ec2.GroupIdentifier{{GroupId: "sg-1"}}
	}
	return c
}

// What a dump leaves out has the survey expect what the cards' notices say.
func TestASurveyExpectsOfAPartialDumpWhatCardsDo(t *testing.T) {
	neighbors := func(c *vpc.Config) flow {
		return flow{"eni-0-0", traffic{oracle.TCP, 80}.packet(c.NetworkInterfaces[0].PrivateIpAddress, c.NetworkInterfaces[1].PrivateIpAddress)}
	}
	inward := func(c *vpc.Config) flow {
		return flow{"", traffic{oracle.TCP, 80}.packet(clientAddr.Addr(), clientAddr.Addr().Next())}
	}
	closed := []ec2.NetworkAcl{{NetworkAclId: "acl-1", VpcId: "vpc-1", IsDefault: true}}
	for _, x := range []struct {
		lacks string
		dump  func(c *vpc.Config)
		flow  func(c *vpc.Config) flow
		ends  oracle.Part
		ok    bool
	}{
		{"no route tables: each subnet has the local route", func(c *vpc.Config) { c.RouteTables = nil }, neighbors, "", true},
		{"and no other", func(c *vpc.Config) { c.RouteTables = nil }, inward, "", false},
		{"no internet gateways: routes to one count as if it were attached", func(*vpc.Config) {}, inward, "", true},
		{"EC2 answered that there is none", func(c *vpc.Config) { c.InternetGateways = []ec2.InternetGateway{} }, inward, "", false},
		{"an answer's default ACL does not name the subnets", func(c *vpc.Config) {
			c.NetworkAcls, c.Places = closed, vpc.Places{"NetworkAcls": {{Answer: true}}}
		}, neighbors, "", true},
		{"one that people wrote need not", func(c *vpc.Config) { c.NetworkAcls = closed }, neighbors, oracle.ACLOut, true},
	} {
		c := public()
		x.dump(c)
		end, ok := newProphet(c, chosen(c)).foretell(x.flow(c))
		require.Equal(t, x.ok, ok, x.lacks)
		if ok {
			require.Equal(t, x.ends, end.end.Dropped, x.lacks)
		}
	}
	require.True(t, closed[0].IsDefault, "the configuration stays as it was")
}

// A route to what a dump lacks, or to a peer that it lacks, leads nowhere, by whatever name a card says so.
func TestATargetThatADumpLacksIsGone(t *testing.T) {
	s := &survey{stage: &stage{world: &world{region: plan()}}}
	gone := trial{fate: fate{end: oracle.Outcome{Dropped: oracle.Blackhole, At: "eni-a1"}}}
	for reason, ok := range map[string]bool{"blackhole": true, "route_not_enforced": true, "nat_absent": true, "no_route": false} {
		_, err := s.judgeDrop(gone, nic.LastDrop{ENI: "eni-a1", Reason: reason})
		require.Equal(t, ok, err == nil, reason)
	}
	peer := trial{fate: fate{end: oracle.Outcome{Dropped: oracle.OutsidePeer, At: "eni-a1"}}}
	for reason, ok := range map[string]bool{"outside_peer": true, "route_not_enforced": true, "blackhole": false} {
		_, err := s.judgeDrop(peer, nic.LastDrop{ENI: "eni-a1", Reason: reason})
		require.Equal(t, ok, err == nil, reason)
	}
}

// Of a trial through a NAT gateway, which hides the sender's port, drops tell the far end, in either family.
func TestDropsBehindANATGatewayAreToldByTheFarEnd(t *testing.T) {
	c, err := vpc.Load("testdata/nat64.yaml")
	require.NoError(t, err)
	from, to := c.NetworkInterfaces[2].Ipv6Addresses[0].Ipv6Address, oracle.In6(c.NetworkInterfaces[1].PrivateIpAddresses[0].PrivateIpAddress)
	f := flow{"eni-six", traffic{oracle.UDP, 514}.packet(from, to)}
	end, ok := newProphet(c, []string{"eni-old", "eni-six"}).foretell(f)
	require.True(t, ok)
	for _, x := range []struct {
		source, destination string
		causes              bool
	}{
		{"[2001:db8:1:5::5]:20000", "[64:ff9b::a00:205]:514", true},
		{"10.0.1.9:4711", "10.0.2.5:514", true},
		{"10.0.2.5:514", "10.0.1.9:4711", true},
		{"10.0.2.5:4711", "[2001:db8:1:5::5]:514", false},
		{"10.0.2.5:4711", "10.0.1.9:514", false},
	} {
		require.Equal(t, x.causes, trial{f, end}.causes(nic.LastDrop{Source: x.source, Destination: x.destination}, 20000), x.source)
	}
}
