package vpc

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// outside are routes to targets whose other side is not the card's.
const outside = `{RouteTableId: rtb-a, VpcId: vpc-a, Associations: [{Main: true}], Routes: [
	{DestinationCidrBlock: 198.51.100.0/24, TransitGatewayId: tgw-1}, {DestinationCidrBlock: 192.0.2.0/24, GatewayId: vgw-1},
	{DestinationIpv6CidrBlock: "2001:db8:9::/48", TransitGatewayId: tgw-1}, {DestinationPrefixListId: pl-1, GatewayId: vpce-1},
	{DestinationCidrBlock: 203.0.113.0/24, CoreNetworkArn: "arn:aws:networkmanager::123456789012:core-network/core-network-0123456789abcdef0"}]}`

// withOutside is the story with those routes, and with exits in YAML.
func withOutside(t *testing.T, exits string) (*Config, error) {
	t.Helper()
	c := put(t, story(t), "RouteTables", outside)
	c = put(t, c, "ManagedPrefixLists", `{PrefixListId: pl-1, Entries: [{Cidr: 52.218.0.0/17}]}`)
	p, err := Put("Placement", []byte("Exits: {"+exits+"}"))
	if err != nil {
		return nil, err
	}
	c.Placement.Exits = p.Object.(*Placement).Exits
	return c, nil
}

// An exit says where a target leads: its tunnel end, VNI and MAC, and the MTU of its way. The
// notices of routes go that have an exit, whichever list names the target, and no other.
func TestExits(t *testing.T) {
	core := "arn:aws:networkmanager::123456789012:core-network/core-network-0123456789abcdef0"
	c, err := withOutside(t, `tgw-1: {Vtep: 172.16.0.9, Vni: 7001}, vgw-1: {Vtep: 172.16.0.1, Vni: 7002, Mac: "02:00:00:00:00:77", UnderlayMac: "02:00:00:00:00:78"},
		"`+core+`": {Vtep: 172.16.0.9, Vni: 7003}`)
	require.NoError(t, err)
	c.Unenforced = map[string][]any{
		"TransitGateways": {map[string]any{"TransitGatewayId": "tgw-1"}}, "VpnGateways": {map[string]any{"VpnGatewayId": "vgw-2"}, map[string]any{"VpnGatewayId": "vgw-1"}},
		"VpnConnections": {map[string]any{"VpnConnectionId": "vpn-1", "VpnGatewayId": "vgw-1"}},
	}
	p := compiled(t, c, CompileOptions{})
	r := p.Region
	for id, want := range map[string]struct {
		vtep, mac string
		vni       uint32
		mtu       MTU
	}{"tgw-1": {"172.16.0.9", "02:00:00:00:e8:17", 7001, 8500}, "vgw-1": {"172.16.0.1", "02:00:00:00:00:77", 7002, 1500}, core: {"172.16.0.9", "02:00:00:00:e8:17", 7003, 8500}} {
		x := r.Exit(id)
		s, end := r.Station(x.Station), r.VTEPs()[x.VTEP]
		require.Equal(t, []any{want.vtep, want.mac, want.vni, want.mtu, vniBytes(want.vni)}, []any{end.Addr.String(), s.Dst.String(), x.VNI, s.MTU, s.VNI}, id)
		require.Same(t, x, r.ExitAt(end.Addr, want.vni))
		require.Nil(t, r.ExitAt(end.Addr, 5001))
	}
	at, known := r.VTEP(ip("172.16.0.1"))
	require.Equal(t, []any{uint16(Edge), true}, []any{at, known}, "the edge's address stays the edge's")
	_, known = r.VTEP(ip("172.16.0.9"))
	require.False(t, known, "an exit's tunnel end speaks by the exit's VNI alone")
	require.Equal(t, []string{
		"RouteTables[0] rtb-a: Routes[3]: pl-1 to vpce-1: what is behind this target is outside the configuration; such packets are dropped, unless Placement: Exits says where it leads",
		"VpnGateways[0] vgw-2: its other side is outside the configuration; packets that need it are dropped, unless Placement: Exits says where it leads",
	}, texts(p))
	e := p.ENI("eni-a1")
	require.Equal(t, &Route{Target: Outside, Dest: "203.0.113.0/24", Via: core}, e.Route(ip("203.0.113.9")))
	require.Equal(t, &Route{Target: Endpoint, Dest: "52.218.0.0/17", Via: "vpce-1"}, e.Route(ip("52.218.1.1")))
	for addr, leads := range map[string]bool{"198.51.100.9": true, "192.0.2.1": false, "10.0.1.5": false, "8.8.8.8": false, "2001:db8:9::1": true, "2001:db8:8::1": false} {
		require.Equal(t, leads, e.LeadsOut(ip(addr), r.Exit("tgw-1")), addr)
		require.False(t, p.ENI("eni-b1").LeadsOut(ip(addr), r.Exit("tgw-1")), "another VPC has no route there")
	}
	require.Equal(t, c.Placement.Exits, r.Placement().Exits, "as it is shown")
}

// Only what VpcEndpoints calls a gateway endpoint, or nothing else, carries some protocols
// alone; DynamoDB's connections EC2 tracks.
func TestGatewayEndpoints(t *testing.T) {
	for kind, want := range map[string]Target{"": Endpoint, "Gateway": Endpoint, "GatewayLoadBalancer": Outside} {
		c, err := withOutside(t, "vpce-1: {Vtep: 172.16.0.9, Vni: 7001}")
		require.NoError(t, err)
		c.Unenforced = map[string][]any{"VpcEndpoints": {map[string]any{"VpcEndpointId": "vpce-1", "VpcEndpointType": kind, "ServiceName": "com.amazonaws.eu-west-1.dynamodb"}}}
		p := compiled(t, c, CompileOptions{})
		require.Equal(t, want.String(), p.ENI("eni-a1").Route(ip("52.218.1.1")).Target.String(), kind)
		require.True(t, p.Region.Exit("vpce-1").Tracked)
		require.NotContains(t, strings.Join(texts(p), ""), "vpce-1")
	}
}

// What cannot be an exit is named.
func TestExitMistakes(t *testing.T) {
	for exits, want := range map[string]string{
		"tgw-1: {Vni: 7001}":                                                         `tgw-1: Vtep is missing`,
		"tgw-1: {Vtep: 172.16.0.9}":                                                  `tgw-1: Vni 0 is no VNI: 1 to 16777215`,
		"tgw-1: {Vtep: 172.16.0.9, Vni: 16777216}":                                   `tgw-1: Vni 16777216 is no VNI: 1 to 16777215`,
		"tgw-1: {Vtep: 172.16.0.9, Vni: 5002}":                                       `tgw-1: Vni 5002 is that of vpc-b; an exit has one of its own`,
		"tgw-1: {Vtep: 239.1.1.1, Vni: 7001}":                                        `tgw-1: Vtep 239.1.1.1 is no unicast address`,
		"tgw-1: {Vtep: 172.16.0.255, Vni: 7001}":                                     `tgw-1: Vtep 172.16.0.255 is the broadcast address of x's link 172.16.0.0/24`,
		"tgw-1: {Vtep: 172.16.0.12, Vni: 7001}":                                      `tgw-1: Vtep 172.16.0.12 is that of Placement: Cards[1] y`,
		"tgw-1: {Vtep: 172.16.0.9, Vni: 7001, Mac: ff:ff:ff:ff:ff:ff}":               `tgw-1: Mac ff:ff:ff:ff:ff:ff is the broadcast address; one station's is expected`,
		"tgw-1: {Vtep: 172.16.0.9, Vni: 7001, UnderlayMac: 01:00:5e:00:00:01}":       `tgw-1: UnderlayMac 01:00:5e:00:00:01 is a multicast address; one station's is expected`,
		"tgw-2: {Vtep: 172.16.0.9, Vni: 7001}":                                       `tgw-2: no route leads to a gateway or endpoint "tgw-2", and no list has it`,
		"igw-a: {Vtep: 172.16.0.9, Vni: 7001}":                                       `igw-a: no route leads to a gateway or endpoint "igw-a", and no list has it`,
		"tgw-1: {Vtep: 172.16.0.9, Vni: 7001}, vgw-1: {Vtep: 172.16.0.9, Vni: 7001}": `vgw-1: Vtep 172.16.0.9 with Vni 7001 is the exit of tgw-1 already`,
		"tgw-1: {Vtep: 172.16.0.9, Vni: 7001, VNI: 1}":                               `tgw-1: there is no field "VNI"; the nearest name is "Vni"`,
	} {
		c, err := withOutside(t, exits)
		if err == nil {
			_, err = NewRegion(c)
		}
		require.ErrorContains(t, err, "Placement: Exits: "+want, exits)
	}
	long := strings.Repeat("a", longestVia)
	for _, ids := range []string{long + "1: {Vtep: 172.16.0.9, Vni: 7001}", long + "1: {Vtep: 172.16.0.9, Vni: 7001}, " + long + "2: {Vtep: 172.16.0.9, Vni: 7002}"} {
		c, err := withOutside(t, ids)
		require.NoError(t, err)
		c = put(t, c, "RouteTables", strings.ReplaceAll(outside, "tgw-1", long+"1"))
		_, err = NewRegion(c)
		require.ErrorContains(t, err, "the ID has 129 bytes; 128 are the most", "two IDs may not become one where routes cut them")
	}
	// The last route to a target cannot go before its exit.
	c, err := withOutside(t, "tgw-1: {Vtep: 172.16.0.9, Vni: 7001}")
	require.NoError(t, err)
	region, err := NewRegion(c)
	require.NoError(t, err)
	placed := region.Placement()
	placed.Exits = map[string]ExitPlacement{"tgw-1": {Vtep: netip.MustParseAddr("172.16.0.255"), Vni: 7001}}
	_, err = region.Change(Edit{Kind: "Placement", Object: &placed})
	require.ErrorContains(t, err, `Placement: Exits: tgw-1: Vtep 172.16.0.255 is the broadcast address`, "where exits alone change")
	_, err = region.Change(Edit{Kind: "RouteTables", ID: "rtb-a"})
	require.ErrorContains(t, err, `Placement: Exits: tgw-1: no route leads`)
}

// VPCs without a VNI of Placement get none that an exit has.
func TestVPCsTakeNoVNIOfAnExit(t *testing.T) {
	c, err := withOutside(t, "tgw-1: {Vtep: 172.16.0.9, Vni: 1}")
	require.NoError(t, err)
	c.Placement.Vnis = nil
	p := compiled(t, c, CompileOptions{})
	require.Equal(t, []uint32{2, 3}, []uint32{p.ENI("eni-a1").VNI, p.ENI("eni-b1").VNI})
}
