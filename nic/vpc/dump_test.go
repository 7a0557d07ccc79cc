package vpc

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"nitrocard/nic/wire"

	"github.com/stretchr/testify/require"
)

// dumpsMissing is why tests of real dumps skip: they lie beside the repository,
// where somebody put them.
type dumpsMissing struct{ folder string }

func (m dumpsMissing) Error() string { return "no real dumps in " + m.folder }

func dump(t *testing.T, name string) *Policy {
	folder := filepath.Join("..", "..", "..", "shared", "aws-dumps", name)
	if _, err := os.Stat(folder); err != nil {
		t.Skip(dumpsMissing{folder})
	}
	c, err := Load(folder)
	require.NoError(t, err)
	return compiled(t, c, CompileOptions{})
}

var inFile = regexp.MustCompile(`^\S*\.(json|yaml): `)

// texts are the notices, without the files that their objects are in.
func texts(p *Policy) (all []string) {
	for _, n := range p.Notices() {
		all = append(all, inFile.ReplaceAllString(n.String(), ""))
	}
	return all
}

// noMachines are what dumps lack of which metadata would tell.
var noMachines = []string{
	"configuration: guests' metadata and DNS do without user data (aws ec2 describe-instance-attribute --attribute userData), " +
		"public keys (aws ec2 describe-key-pairs --include-public-key), attributes of VPCs (aws ec2 describe-vpc-attribute; both count as true)",
}

// In the dump of a subnet two instances see each other, and no route leads out.
func TestDumpSubnet(t *testing.T) {
	p := dump(t, "test-subnet")
	a, b := p.ENI("eni-010f649a7fc5c1e34"), p.ENI("eni-029bf1092de61fb40")
	require.Same(t, a.ENI, b.Neighbor(ip("10.10.1.228")))
	require.Equal(t, Local, a.Route(b.Primary).Target)
	require.Equal(t, NoRoute, a.Route(ip("8.8.8.8")).Target)
	require.True(t, a.Match(Query{Remote: b.Primary, Port: 22, Proto: wire.ProtoTCP, Dir: wire.In}).Untracked)
	require.False(t, a.Match(Query{Remote: b.Primary, Port: 23, Proto: wire.ProtoTCP, Dir: wire.In}).Allowed)
	require.Equal(t, noMachines, texts(p), "without public addresses it is all the same whether there is an internet gateway")
	require.Equal(t, "tap:eni-9a7fc5c1e34", a.Port)
}

func TestDumpPublicSubnet(t *testing.T) {
	p := dump(t, "test-public-subnet")
	e := p.ENI("eni-00064850627e198ee")
	require.Equal(t, ip("18.216.80.133"), e.Public())
	require.Equal(t, &Route{Target: Internet, Dest: "0.0.0.0/0", Via: "igw-0a409e562d251f766"}, e.Route(ip("8.8.8.8")))
	require.Equal(t, &Route{Target: Local, Dest: "10.0.0.0/16", Via: "local"}, e.Route(ip("10.0.9.9")))
	require.Equal(t, noMachines, texts(p))
}

// One subnet is public, the other one's default route is a VPN gateway.
func TestDumpPublicPrivateSubnet(t *testing.T) {
	p := dump(t, "test-public-private-subnet")
	require.Len(t, p.ENIs, 2)
	require.Contains(t, texts(p), "VpnGateways[0] vgw-070087240d6fa2989: its other side is outside the configuration; packets that need it are dropped, unless Placement: Exits says where it leads")
	require.Contains(t, texts(p), "RouteTables[0] rtb-002f0eabf583bf991: Routes[1]: 0.0.0.0/0 to vgw-070087240d6fa2989: "+
		"what is behind this target is outside the configuration; such packets are dropped, unless Placement: Exits says where it leads")
}

// The NAT gateway's ENI is in no group, and none filters it. The ACL's own entry stands before one that allows
// all, so that the ACL denies nothing, and packets differ in the entry that decides.
func TestDumpNatGateway(t *testing.T) {
	p := dump(t, "test-nat-gateway")
	private := p.ENI("eni-0e4ce6a7777b9bff8")
	require.Equal(t, &Route{Target: NAT, Dest: "0.0.0.0/0", Via: "nat-07ab4846da51f4612"}, private.Route(ip("8.8.8.8")))
	require.NotContains(t, strings.Join(texts(p), "\n"), "nat")
	nat := p.ENI("eni-017aaec115610308a")
	for addr, entries := range map[string][2]uint16{"10.1.1.7": {100, 200}, "8.8.8.8": {200, 200}} {
		for i, proto := range []uint8{wire.ProtoICMP, wire.ProtoTCP} {
			allowed, entry := nat.Admits(Query{Remote: ip(addr), Port: 8 << 8, Proto: proto, Dir: wire.In})
			require.Equal(t, []any{true, entries[i]}, []any{allowed, entry})
		}
	}
	require.Equal(t, "acl-0792adae678b88f85", nat.ACL())
	require.Equal(t, Match{Allowed: true, Untracked: true}, nat.Match(Query{Remote: private.Primary, Proto: wire.ProtoTCP, Dir: wire.In}))
	require.False(t, nat.SourceDestCheck)
	g, e := p.Region.NAT("nat-07ab4846da51f4612")
	require.Same(t, nat.ENI, e)
	require.Equal(t, []wire.Addr{ip("10.1.250.210")}, g.Pool(e))
}

// Three VPCs, two with the same addresses: each has a mapping of its own. The one in the
// middle peers with both.
func TestDumpVpcPeering(t *testing.T) {
	p := dump(t, "test-vpc-peering")
	require.Len(t, p.ENIs, 3)
	middle := 0
	for _, e := range p.ENIs {
		require.Same(t, e.ENI, e.Neighbor(e.Primary))
		for _, other := range p.ENIs {
			require.True(t, e == other || e.Neighbor(other.Primary) == nil)
		}
		for _, peer := range e.Peers() {
			middle += len(e.Peers()) - 1
			require.Same(t, peer.VPC, e.Peer(peer.ID).VPC)
		}
	}
	require.Equal(t, 2, middle)
	require.Equal(t, noMachines, texts(p), "without public addresses it is all the same whether there is an internet gateway")
}
