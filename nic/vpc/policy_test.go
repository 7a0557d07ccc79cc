package vpc

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

func TestOwnershipChain(t *testing.T) {
	p := compiled(t, story(t), CompileOptions{Card: "y"})
	e := p.ENI("eni-a3")
	require.Equal(t, "i-a3 subnet-a2 vpc-a database tap:a3", strings.Join([]string{e.Instance, e.Subnet.ID, e.VPC.ID, e.Groups[0].Name, e.Port}, " "))
	require.Equal(t, "rtb-a", e.Routes())
	require.True(t, e.SourceDestCheck)
	require.Equal(t, Timeouts{432000 * time.Second, 30 * time.Second, 180 * time.Second}, *e.Timeouts)
	require.Nil(t, p.ENI("eni-a1"), "it is on card x")
	require.NotNil(t, p.Region.ENI("eni-a1"))
	require.Equal(t, Card{Name: "y", VTEP: ip("172.16.0.12"), Prefix: netip.MustParsePrefix("172.16.0.0/24")}, p.Card)
	require.Equal(t, 1, len(p.ENIs))
}

// The router's MAC comes from the subnet's ID alone: it is part of the contract
// with guests, whose ARP caches outlive us.
func TestRouterMAC(t *testing.T) {
	e := compiled(t, story(t), CompileOptions{}).ENI("eni-a1")
	require.Equal(t, "fa:49:b1:ec:00:88", e.RouterMAC.String())
	require.Equal(t, e.Subnet.RouterMAC, e.RouterMAC)
	for _, id := range []string{"subnet-a1", "subnet-a2", "subnet-b1", "", "x"} {
		require.EqualValues(t, 2, routerMAC(id)[0]&3, "locally administered, unicast")
	}
}

// The whole outer header towards eni-a3 on card y, by hand.
func TestTunnel(t *testing.T) {
	p := compiled(t, story(t), CompileOptions{Card: "x"})
	e := p.Region.ENI("eni-a3")
	vtep := p.Region.VTEPs()[e.Card]
	require.Equal(t, VTEP{Addr: ip("172.16.0.12")}, vtep)
	tunnel := NewTunnel(p.Card.VTEP, vtep.Addr)
	require.Equal(t, strings.Join([]string{
		"000000000000", "000000000000", "0800", // Ethernet: the card fills in MACs
		"45000000", "00004000", "4011e2b5", "ac10000b", "ac10000c", // IPv4: DF, TTL 64, UDP, x to y
		"0000", "12b5", "0000", "0000", // UDP to 4789
		"08000000", "00000000", // VXLAN: the station has the VNI
	}, ""), hex.EncodeToString(tunnel[:]))
	require.Equal(t, Station{VNI: [4]byte{0x00, 0x13, 0x89, 0}, Dst: e.MAC, Src: e.Subnet.RouterMAC, VTEP: e.Card, MTU: InsideMTU}, *p.Region.Station(e.Station), "VNI 5001")

	edge := p.Region.Station(e.Subnet.VPC.Station)
	require.Equal(t, "02:00:00:00:ed:9e", edge.Dst.String())
	require.Equal(t, ip("172.16.0.1"), p.Region.VTEPs()[Edge].Addr)
	require.NotEqual(t, edge.VNI, p.Region.Station(p.ENI("eni-b1").VPC.Station).VNI)
}

// Without a word of Placement there is one card with everything on it.
func TestPlacementDefaults(t *testing.T) {
	c := story(t)
	c.Placement = Placement{}
	p := compiled(t, c, CompileOptions{})
	require.Equal(t, "local", p.Card.Name)
	require.Equal(t, ip("198.18.0.1"), p.Card.VTEP)
	require.Equal(t, VTEP{Addr: ip("198.18.0.254"), MAC: wire.MAC{2, 0, 0, 0, 0xed, 1}}, p.Region.VTEPs()[Edge])
	require.EqualValues(t, 1, p.ENI("eni-a1").VNI)
	require.EqualValues(t, 2, p.ENI("eni-b1").VNI)
	require.Equal(t, "tap:eni-b1", p.ENI("eni-b1").Port)
	require.Equal(t, 4, len(p.ENIs))

	// A VNI that was given to one VPC is not given to another.
	c.Placement.Vnis = map[string]uint32{"vpc-b": 1}
	require.EqualValues(t, 2, compiled(t, c, CompileOptions{}).ENI("eni-a1").VNI)
}

func TestDefaultPort(t *testing.T) {
	for id, want := range map[string]string{
		"eni-a1":                "tap:eni-a1",
		"eni-0e4ce6a7777b9bff8": "tap:eni-a7777b9bff8",
		"eni-0123456789a":       "tap:eni-0123456789a",
	} {
		require.Equal(t, want, defaultPort(id))
	}
	// Names that Linux would not take, or whose end is not their own.
	for _, id := range []string{"eni_A", "eni-customer-a-web-server-1", "eni-customer-b-web-server-1"} {
		require.Regexp(t, `^tap:eni-[0-9a-f]{11}$`, defaultPort(id))
	}
	require.NotEqual(t, defaultPort("eni-customer-a-web-server-1"), defaultPort("eni-customer-b-web-server-1"))
}

func TestNextHop(t *testing.T) {
	c := Card{Prefix: netip.MustParsePrefix("172.16.0.0/24"), Gateway: ip("172.16.0.254")}
	require.Equal(t, ip("172.16.0.12"), c.NextHop(ip("172.16.0.12")))
	require.Equal(t, ip("172.16.0.254"), c.NextHop(ip("172.16.1.12")))
	c.Gateway = wire.Addr{}
	require.Equal(t, ip("172.16.1.12"), c.NextHop(ip("172.16.1.12")))
}

// Addresses beside the primary: a secondary with its public address, a delegated
// prefix. All are the ENI's own to send from, and in the mapping.
func TestFurtherAddresses(t *testing.T) {
	c := put(t, story(t), "NetworkInterfaces", `{NetworkInterfaceId: eni-a4, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:04",
	  PrivateIpAddresses: [{PrivateIpAddress: 10.0.1.10, Association: {PublicIp: 35.72.2.9}}, {Primary: true, PrivateIpAddress: 10.0.1.9}],
	  Ipv4Prefixes: [{Ipv4Prefix: 10.0.1.64/28}], SourceDestCheck: false, ConnectionTrackingConfiguration: {TcpEstablishedTimeout: 350}}`)
	p := compiled(t, c, CompileOptions{})
	e := p.ENI("eni-a4")
	require.Equal(t, []Address{{Private: ip("10.0.1.9")}, {ip("10.0.1.10"), ip("35.72.2.9")}}, e.Addrs())
	require.Zero(t, e.Public())
	require.Equal(t, ip("35.72.2.9"), e.PublicOf(ip("10.0.1.10")))
	require.Equal(t, ip("10.0.1.10"), e.PrivateOf(ip("35.72.2.9")))
	require.Zero(t, e.PrivateOf(wire.Addr{}))
	for addr, owns := range map[string]bool{"10.0.1.9": true, "10.0.1.10": true, "10.0.1.64": true, "10.0.1.79": true, "10.0.1.80": false, "10.0.1.5": false, "0.0.0.0": false} {
		require.Equal(t, owns, e.Owns(ip(addr)), addr)
		require.Equal(t, owns, p.ENI("eni-a1").Neighbor(ip(addr)) == e.ENI, addr)
	}
	require.False(t, e.SourceDestCheck)
	require.Equal(t, 350*time.Second, e.Timeouts.TCPEstablished)
	for _, other := range p.ENIs {
		require.True(t, other == e || other.Owner != e.Owner, "an ENI without instance owns itself")
	}
}

// "The attributes of a network interface follow it as it is attached or detached from an instance
// and reattached to another instance": here to one on another card. The instance's allowances are its own.
func TestAttributesFollowAnENI(t *testing.T) {
	attached := func(instance string) string {
		return `{NetworkInterfaceId: eni-a1, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:01", Groups: [{GroupId: sg-a-web}, {GroupId: sg-a-db}],
		  PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.5, Association: {PublicIp: 35.72.2.8}}, {PrivateIpAddress: 10.0.1.10, Association: {PublicIp: 35.72.2.9}}],
		  Ipv4Prefixes: [{Ipv4Prefix: 10.0.1.64/28}], SourceDestCheck: false, ConnectionTrackingConfiguration: {UdpTimeout: 45}, Attachment: {InstanceId: ` + instance + `}}`
	}
	c := put(t, story(t), "NetworkInterfaces", attached("i-a1"))
	c.Placement.Allowances = nil // of i-a1, which loses its ENI
	region, err := NewRegion(c)
	require.NoError(t, err)
	moved, err := Put("NetworkInterfaces", []byte(attached("i-a3")))
	require.NoError(t, err)
	next, err := region.Change(moved, Edit{Kind: KindENIPlacement, ID: "eni-a1", Object: &ENIPlacement{Card: "y"}})
	require.NoError(t, err)
	x, err := region.Policy("x", nil)
	require.NoError(t, err)
	y, err := next.Policy("y", nil)
	require.NoError(t, err)
	was, is := x.ENI("eni-a1"), y.ENI("eni-a1")
	require.Equal(t, was.Addrs(), is.Addrs())
	require.Equal(t, was.Prefixes(), is.Prefixes())
	require.Equal(t, was.MAC, is.MAC)
	require.Equal(t, was.Timeouts, is.Timeouts)
	require.Equal(t, 45*time.Second, is.Timeouts.UDP)
	require.False(t, is.SourceDestCheck)
	require.Equal(t, was.Groups, is.Groups)
	require.Len(t, is.Groups, 2)
	require.Equal(t, y.ENI("eni-a3").Owner, is.Owner)
	require.NotEqual(t, was.Owner, is.Owner)
}

func TestRoutes(t *testing.T) {
	c := put(t, story(t), "RouteTables", `{RouteTableId: rtb-a2, VpcId: vpc-a, Associations: [{SubnetId: subnet-a2}], Routes: [
	  {DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: nat-1, State: blackhole},
	  {DestinationCidrBlock: 192.0.2.0/24, GatewayId: vgw-1, Origin: EnableVgwRoutePropagation},
	  {DestinationCidrBlock: 192.0.2.128/25, TransitGatewayId: tgw-1},
	  {DestinationPrefixListId: pl-1, GatewayId: igw-a},
	  {DestinationCidrBlock: 169.254.0.0/16, GatewayId: igw-a}]}`)
	c = put(t, c, "ManagedPrefixLists", `{PrefixListId: pl-1, Entries: [{Cidr: 192.0.2.0/24}, {Cidr: 192.0.2.128/25}, {Cidr: 198.51.100.0/24}]}`)
	c.Placement = Placement{}
	p := compiled(t, c, CompileOptions{})
	for _, r := range []struct {
		from, to string
		want     *Route
	}{
		// The main table.
		{"eni-a1", "10.0.9.9", &Route{Target: Local, Dest: "10.0.0.0/16", Via: "local"}},
		{"eni-a1", "8.8.8.8", &Route{Target: Internet, Dest: "0.0.0.0/0", Via: "igw-a"}},
		// The subnet's own: a local route without being told.
		{"eni-a3", "10.0.1.5", &Route{Target: Local, Dest: "10.0.0.0/16", Via: "local"}},
		{"eni-a3", "8.8.8.8", &Route{Target: Blackhole, Dest: "0.0.0.0/0", Via: "nat-1"}},
		// Same prefix: a prefix list before a propagated route, a static one before both.
		{"eni-a3", "192.0.2.1", &Route{Target: Internet, Dest: "192.0.2.0/24", Via: "igw-a"}},
		{"eni-a3", "192.0.2.129", &Route{Target: Outside, Dest: "192.0.2.128/25", Via: "tgw-1"}},
		{"eni-a3", "198.51.100.1", &Route{Target: Internet, Dest: "198.51.100.0/24", Via: "igw-a"}},
		// What no route reaches.
		{"eni-a3", "169.254.1.1", &Route{Target: Internet, Dest: "169.254.0.0/16", Via: "igw-a"}},
		{"eni-a3", "169.254.169.254", &Route{}},
		{"eni-a1", "169.254.169.254", &Route{}},
	} {
		require.Equal(t, r.want, p.ENI(r.from).Route(ip(r.to)), "%s to %s", r.from, r.to)
	}
	require.Equal(t, "not enforced", NotEnforced.String())
}

// EC2 tracks no flow that a rule for everyone permits while the way back is open
// to everyone (user guide, "Untracked connections").
func TestUntracked(t *testing.T) {
	p := compiled(t, story(t), CompileOptions{})
	a := p.ENI("eni-a1")
	untracked := func(q Query) bool {
		m := a.Match(q)
		require.True(t, m.Allowed)
		return m.Untracked
	}
	require.True(t, untracked(Query{ip("203.0.113.9"), 80, wire.ProtoTCP, wire.In}))
	require.False(t, untracked(Query{ip("203.0.113.9"), 80, wire.ProtoTCP, wire.Out}), "inbound does not permit all ports")
	require.False(t, untracked(Query{ip("10.0.1.6"), 8 << 8, wire.ProtoICMP, wire.In}), "ICMP always is tracked")

	// Closing outbound a little makes inbound flows tracked.
	c := put(t, story(t), "SecurityGroups", `{GroupId: sg-a-web, VpcId: vpc-a,
	  IpPermissions: [{IpProtocol: tcp, FromPort: 80, ToPort: 80, IpRanges: [{CidrIp: 0.0.0.0/0}]}],
	  IpPermissionsEgress: [{IpProtocol: tcp, FromPort: 1, ToPort: 65535, IpRanges: [{CidrIp: 0.0.0.0/0}]}]}`)
	a = compiled(t, c, CompileOptions{}).ENI("eni-a1")
	require.False(t, untracked(Query{ip("203.0.113.9"), 80, wire.ProtoTCP, wire.In}))

	// Of each family its own rule for everyone counts.
	c = put(t, story(t), "SecurityGroups", `{GroupId: sg-a-web, VpcId: vpc-a,
	  IpPermissions: [{IpProtocol: tcp, FromPort: 80, ToPort: 80, IpRanges: [{CidrIp: 0.0.0.0/0}], Ipv6Ranges: [{CidrIpv6: "2001:db8::/32"}]}],
	  IpPermissionsEgress: [{IpProtocol: "-1", IpRanges: [{CidrIp: 0.0.0.0/0}], Ipv6Ranges: [{CidrIpv6: "::/0"}]}]}`)
	a = compiled(t, c, CompileOptions{}).ENI("eni-a1")
	require.True(t, untracked(Query{ip("203.0.113.9"), 80, wire.ProtoTCP, wire.In}))
	require.False(t, untracked(Query{ip("2001:db8::9"), 80, wire.ProtoTCP, wire.In}))
}

func TestNoGroupsNoPackets(t *testing.T) {
	c := story(t)
	c.NetworkInterfaces[0].Groups = nil
	p := compiled(t, c, CompileOptions{Card: "x"})
	require.Zero(t, p.ENI("eni-a1").Match(Query{Remote: ip("10.0.1.6"), Port: 80, Proto: wire.ProtoTCP}))
}
