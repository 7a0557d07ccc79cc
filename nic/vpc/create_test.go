package vpc

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
)

// maker creates objects in a region, one after the other.
type maker struct {
	*testing.T
	*Region
	random io.Reader
}

func newMaker(t *testing.T, placement string) *maker {
	edit, err := Put("Placement", []byte(placement))
	require.NoError(t, err)
	r, err := EmptyRegion().Change(edit)
	require.NoError(t, err)
	return &maker{t, r, rand.NewChaCha8([32]byte{1})}
}

// try creates an object, and is the object as the region has it.
func (m *maker) try(kind, draft string) (any, error) {
	object, err := Draft(kind, []byte(draft))
	if err != nil {
		return nil, err
	}
	edits, err := m.Create(kind, object, m.random)
	if err != nil {
		return nil, err
	}
	next, err := m.Change(edits...)
	if err != nil {
		return nil, err
	}
	m.Region = next
	return next.Edit(kind, edits[0].ID).Object, nil
}

func create[T any](m *maker, kind, draft string) *T {
	object, err := m.try(kind, draft)
	require.NoError(m, err)
	return object.(*T)
}

// A customer builds a network from nothing but blocks and names.
func TestWhatIsCreatedGetsWhatEC2Gives(t *testing.T) {
	m := newMaker(t, "PublicPrefixes: [52.9.0.0/30, 2600:1f00::/24]")
	v := create[ec2.Vpc](m, "Vpcs", "{CidrBlock: 10.0.0.0/16, Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: 2600:1f00::/56, Ipv6CidrBlockState: {State: associated}}]}")
	require.Regexp(t, "^vpc-[0-9a-f]{17}$", v.VpcId)
	for _, kind := range []string{"RouteTables", "NetworkAcls", "SecurityGroups"} {
		require.Len(t, m.NamedBy(kind, v.VpcId), 1, kind)
	}
	usual := m.SecurityGroup(m.NamedBy("SecurityGroups", v.VpcId)[0])
	require.Equal(t, usual.GroupId, usual.IpPermissions[0].UserIdGroupPairs[0].GroupId, "members reach each other")
	require.NotEmpty(t, usual.IpPermissionsEgress[0].IpRanges)
	require.NotEmpty(t, usual.IpPermissionsEgress[0].Ipv6Ranges)
	acl := m.NetworkACL(m.NamedBy("NetworkAcls", v.VpcId)[0])
	require.True(t, acl.IsDefault)
	require.Len(t, acl.Entries, 4, "all, of each family and direction")

	require.Regexp(t, "^dopt-[0-9a-f]{17}$", create[ec2.DhcpOptions](m, "DhcpOptions", "{DhcpConfigurations: [{Key: domain-name, Values: [{Value: example.com}]}]}").DhcpOptionsId)
	s := create[ec2.Subnet](m, "Subnets", "{VpcId: "+v.VpcId+", CidrBlock: 10.0.1.0/28}")
	web := create[ec2.SecurityGroup](m, "SecurityGroups", "{GroupName: web, VpcId: "+v.VpcId+"}")
	require.Len(t, web.IpPermissionsEgress, 1, "a new group lets all out")
	a := create[ec2.NetworkInterface](m, "NetworkInterfaces", "{SubnetId: "+s.SubnetId+"}")
	b := create[ec2.NetworkInterface](m, "NetworkInterfaces", "{SubnetId: "+s.SubnetId+", PrivateIpAddress: 10.0.1.9, Groups: [{GroupId: "+web.GroupId+"}]}")
	require.Equal(t, []any{v.VpcId, usual.GroupId, "10.0.1.9", web.GroupId}, []any{a.VpcId, a.Groups[0].GroupId, b.PrivateIpAddress.String(), b.Groups[0].GroupId})
	require.NotEqual(t, a.MacAddress, b.MacAddress)
	require.NotEqual(t, a.PrivateIpAddress, b.PrivateIpAddress)

	public := create[ec2.Address](m, "Addresses", "{NetworkInterfaceId: "+a.NetworkInterfaceId+"}")
	require.True(t, netip.MustParsePrefix("52.9.0.0/30").Contains(public.PublicIp))
	require.Equal(t, public.PublicIp, m.ENI(a.NetworkInterfaceId).Addrs()[0].Public.Netip())
	free := create[ec2.Address](m, "Addresses", "{}")
	nat := create[ec2.NatGateway](m, "NatGateways", "{SubnetId: "+s.SubnetId+", NatGatewayAddresses: [{AllocationId: "+free.AllocationId+"}]}")
	require.Equal(t, free.PublicIp, nat.NatGatewayAddresses[0].PublicIp)
	require.Equal(t, free.PublicIp, m.ENI(nat.NatGatewayAddresses[0].NetworkInterfaceId).Addrs()[0].Public.Netip())
	_, err := m.try("NatGateways", "{SubnetId: "+s.SubnetId+", NatGatewayAddresses: [{AllocationId: "+free.AllocationId+"}]}")
	require.ErrorContains(t, err, nat.NatGatewayAddresses[0].NetworkInterfaceId+" has the address")
	require.Empty(t, m.ENI(nat.NatGatewayAddresses[0].NetworkInterfaceId).Groups, "a NAT gateway has no group")
}

// A subnet and a pool give all that they have, and nothing twice.
func TestNothingIsGivenTwice(t *testing.T) {
	m := newMaker(t, "PublicPrefixes: [52.9.0.0/30]")
	v := create[ec2.Vpc](m, "Vpcs", "{CidrBlock: 10.0.0.0/16}")
	s := create[ec2.Subnet](m, "Subnets", "{VpcId: "+v.VpcId+", CidrBlock: 10.0.1.0/28}")
	addrs := map[netip.Addr]bool{}
	for range 11 {
		addrs[create[ec2.NetworkInterface](m, "NetworkInterfaces", "{SubnetId: "+s.SubnetId+"}").PrivateIpAddress] = true
	}
	require.Len(t, addrs, 11)
	_, err := m.try("NetworkInterfaces", "{SubnetId: "+s.SubnetId+"}")
	require.ErrorIs(t, err, ErrFullSubnet)
	for range 4 {
		create[ec2.Address](m, "Addresses", "{}")
	}
	_, err = m.try("Addresses", "{}")
	require.ErrorIs(t, err, ErrFullPrefixes)

	same := append(bytes.Repeat([]byte{1}, 18), 2, 3, 4, 5, 6, 7, 8, 9, 10)
	m.random = bytes.NewReader(same) // 9 bytes an ID
	first := create[ec2.SecurityGroup](m, "SecurityGroups", "{GroupName: one, VpcId: "+v.VpcId+"}")
	second := create[ec2.SecurityGroup](m, "SecurityGroups", "{GroupName: two, VpcId: "+v.VpcId+"}")
	require.NotEqual(t, first.GroupId, second.GroupId, "the same number came twice")
}

func TestAnIPv6OnlySubnetGivesIPv6(t *testing.T) {
	m := newMaker(t, "{}")
	v := create[ec2.Vpc](m, "Vpcs", "{CidrBlock: 10.0.0.0/16, Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: 2600:1f00::/56, Ipv6CidrBlockState: {State: associated}}]}")
	s := create[ec2.Subnet](m, "Subnets", "{VpcId: "+v.VpcId+", Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: 2600:1f00::/64, Ipv6CidrBlockState: {State: associated}}]}")
	e := create[ec2.NetworkInterface](m, "NetworkInterfaces", "{SubnetId: "+s.SubnetId+"}")
	require.True(t, netip.MustParsePrefix("2600:1f00::/64").Contains(e.Ipv6Addresses[0].Ipv6Address))
	require.False(t, e.PrivateIpAddress.IsValid())
}

func TestDraftsThatNobodyTakes(t *testing.T) {
	m := newMaker(t, "{}")
	create[ec2.Subnet](m, "Subnets", "{VpcId: "+create[ec2.Vpc](m, "Vpcs", "{CidrBlock: 10.0.0.0/16}").VpcId+", CidrBlock: 10.0.1.0/24}")
	for draft, want := range map[[2]string]string{
		{"Hats", "{}"}:                                        `"Hats": only Addresses, DhcpOptions`,
		{"PrefixLists", "{}"}:                                 `"PrefixLists": only`,
		{"SecurityGroups", "{GroupId: sg-1}"}:                 "SecurityGroups: GroupId sg-1: who creates an object gets its ID, and does not give it",
		{"SecurityGroups", "{GroupNam: x}"}:                   "GroupNam",
		{"SecurityGroups", "{GroupName: x, VpcId: vpc-1}"}:    "vpc-1",
		{"NetworkInterfaces", "{SubnetId: subnet-1}"}:         `SubnetId: there is no "subnet-1" in Subnets`,
		{"NatGateways", "{SubnetId: subnet-1}"}:               `SubnetId: there is no "subnet-1" in Subnets`,
		{"Addresses", "{}"}:                                   "no address of Placement's PublicPrefixes is free",
		{"Addresses", "{PublicIp: 10.0.0.1, Domain: vpc, X}"}: "Addresses",
	} {
		_, err := m.try(draft[0], draft[1])
		require.ErrorContains(t, err, want, draft)
	}
}
