package oracle

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// dumps is where real answers of EC2's API lie, beside the project.
const dumps = "../../../shared/aws-dumps"

// missing is why a test of dumps is skipped.
type missing struct{ folder string }

// Error is the reason in words.
func (m missing) Error() string { return "there is no dump in " + m.folder }

// client is a host on the internet.
const client = "203.0.113.9"

// try is one flow's first packet, and what EC2 does to it.
type try struct {
	what string
	from string // an ENI, or "" for the internet
	p    Packet
	ends Part   // that drops it, "" where it arrives:
	at   string // an ENI, "" for the internet
	as   string // "source destination" of the packet that arrives, where EC2 translates
}

// tcp, udp and ping are packets between two addresses.
func tcp(src, dst string, port uint16) Packet {
	return Packet{Proto: TCP, Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), SrcPort: 40000, DstPort: port, Flags: SYN, Seq: 7}
}

func udp(src, dst string, port uint16) Packet {
	p := tcp(src, dst, port)
	return Packet{Proto: UDP, Src: p.Src, Dst: p.Dst, SrcPort: 40000, DstPort: port}
}

func ping(src, dst string) Packet {
	p := tcp(src, dst, 0)
	return Packet{Proto: ICMP, Src: p.Src, Dst: p.Dst, Type: Echo, ID: 1}
}

// tries are, for each dump, one line a flow.
var tries = map[string][]try{
	"test-subnet": {
		{"neighbors may ssh", "eni-010f649a7fc5c1e34", tcp("10.10.1.228", "10.10.1.44", 22), "", "eni-029bf1092de61fb40", ""},
		{"and nothing else", "eni-010f649a7fc5c1e34", tcp("10.10.1.228", "10.10.1.44", 80), GroupIn, "", ""},
		{"no rule allows a ping", "eni-029bf1092de61fb40", ping("10.10.1.44", "10.10.1.228"), GroupIn, "", ""},
		{"the table has its local route alone", "eni-029bf1092de61fb40", tcp("10.10.1.44", client, 443), NoRoute, "", ""},
		{"nobody has the address", "eni-029bf1092de61fb40", tcp("10.10.1.44", "10.10.1.99", 22), NoNeighbor, "", ""},
		{"a false source", "eni-029bf1092de61fb40", tcp("10.10.1.228", "10.10.1.228", 22), SourceCheck, "", ""},
	},
	"test-public-subnet": {
		{"internet → public instance", "", tcp(client, "18.216.80.133", 22), "", "eni-00064850627e198ee", "203.0.113.9 10.0.0.91"},
		{"denied by the groups", "", tcp(client, "18.216.80.133", 80), GroupIn, "", ""},
		{"a ping is, too", "", ping(client, "18.216.80.133"), GroupIn, "", ""},
		{"the private address is nobody's outside", "", tcp(client, "10.0.0.91", 22), NoGateway, "", ""},
		{"public instance → internet", "eni-00064850627e198ee", tcp("10.0.0.91", client, 443), "", "", "18.216.80.133 203.0.113.9"},
		{"a datagram", "eni-00064850627e198ee", udp("10.0.0.91", client, 53), "", "", "18.216.80.133 203.0.113.9"},
		{"nobody has the address", "eni-00064850627e198ee", tcp("10.0.0.91", "10.0.7.7", 22), NoNeighbor, "", ""},
	},
	"test-public-private-subnet": {
		{"internet → public instance", "", tcp(client, "13.58.55.60", 22), "", "eni-09da8cad43844dc1f", "203.0.113.9 10.0.0.47"},
		{"denied by the groups", "", tcp(client, "13.58.55.60", 443), GroupIn, "", ""},
		{"public → private", "eni-09da8cad43844dc1f", tcp("10.0.0.47", "10.0.1.204", 22), "", "eni-07c1506e49d784fe0", ""},
		{"denied there", "eni-09da8cad43844dc1f", tcp("10.0.0.47", "10.0.1.204", 80), GroupIn, "", ""},
		{"private → public", "eni-07c1506e49d784fe0", tcp("10.0.1.204", "10.0.0.47", 22), "", "eni-09da8cad43844dc1f", ""},
		{"public → internet", "eni-09da8cad43844dc1f", tcp("10.0.0.47", client, 443), "", "", "13.58.55.60 203.0.113.9"},
		{"private → internet, by a VPN", "eni-07c1506e49d784fe0", tcp("10.0.1.204", client, 443), Elsewhere, "", ""},
		{"private → the public address of its neighbor", "eni-07c1506e49d784fe0", tcp("10.0.1.204", "13.58.55.60", 22), Elsewhere, "", ""},
	},
	"test-vpc-peering": {
		{"peer → peer", "eni-0f0708220e812876c", tcp("10.10.10.157", "192.168.1.106", 22), "", "eni-0024c0af5aa1387e5", ""},
		{"→ the other peer, which has the same CIDR", "eni-0f0708220e812876c", tcp("10.10.10.157", "192.168.2.229", 22), "", "eni-06347554b65539ff3", ""},
		{"denied there", "eni-0f0708220e812876c", tcp("10.10.10.157", "192.168.2.229", 80), GroupIn, "", ""},
		{"and back", "eni-0024c0af5aa1387e5", tcp("192.168.1.106", "10.10.10.157", 22), "", "eni-0f0708220e812876c", ""},
		{"the peers of a peer reach nothing of each other", "eni-0024c0af5aa1387e5", tcp("192.168.1.106", "192.168.2.229", 22), NoNeighbor, "", ""},
		{"nobody has the address there", "eni-06347554b65539ff3", tcp("192.168.2.229", "10.10.10.99", 22), NoNeighbor, "", ""},
		{"no route to the rest of the peer's CIDR", "eni-0f0708220e812876c", tcp("10.10.10.157", "192.168.3.1", 22), NoRoute, "", ""},
		{"the internet gateway is gone", "eni-0024c0af5aa1387e5", tcp("192.168.1.106", client, 443), Blackhole, "", ""},
	},
	"test-nat-gateway": {
		{"internet → public instance", "", tcp(client, "18.216.129.140", 22), "", "eni-068fb5a0a9a57f23c", "203.0.113.9 10.1.250.116"},
		{"a ping", "", ping(client, "18.216.129.140"), "", "eni-068fb5a0a9a57f23c", "203.0.113.9 10.1.250.116"},
		{"denied by the groups", "", tcp(client, "18.216.129.140", 80), GroupIn, "", ""},
		{"public → private", "eni-068fb5a0a9a57f23c", tcp("10.1.250.116", "10.1.1.98", 22), "", "eni-0e4ce6a7777b9bff8", ""},
		{"private → public", "eni-0e4ce6a7777b9bff8", ping("10.1.1.98", "10.1.250.116"), "", "eni-068fb5a0a9a57f23c", ""},
		{"the ACL of the public subnet lets all in", "eni-0cbd69297d26de519", ping("10.1.20.173", "10.1.250.116"), "", "eni-068fb5a0a9a57f23c", ""},
		{"a subnet without a way out", "eni-0cbd69297d26de519", tcp("10.1.20.173", client, 443), NoRoute, "", ""},
		{"public → internet", "eni-068fb5a0a9a57f23c", tcp("10.1.250.116", client, 443), "", "", "18.216.129.140 203.0.113.9"},
		{"private → NAT gateway → internet", "eni-0e4ce6a7777b9bff8", tcp("10.1.1.98", client, 443), "", "", "3.135.127.225 203.0.113.9"},
		{"a datagram does, too", "eni-0e4ce6a7777b9bff8", udp("10.1.1.98", client, 53), "", "", "3.135.127.225 203.0.113.9"},
		{"and a ping", "eni-0e4ce6a7777b9bff8", ping("10.1.1.98", client), "", "", "3.135.127.225 203.0.113.9"},
		{"private → NAT gateway → public instance, by its public address", "eni-0e4ce6a7777b9bff8", tcp("10.1.1.98", "18.216.129.140", 22), "", "eni-068fb5a0a9a57f23c", "3.135.127.225 10.1.250.116"},
		{"the internet opens nothing at the NAT gateway", "", tcp(client, "3.135.127.225", 443), NATUnknown, "", ""},
	},
}

// What EC2 does in the networks of real dumps: the oracle says it, and so does a card with
// real packets.
func TestDumps(t *testing.T) {
	if _, err := os.Stat(dumps); err != nil {
		t.Skip(missing{dumps})
	}
	for _, dump := range folders(t) {
		t.Run(dump, func(t *testing.T) {
			config := onTwoCards(t, filepath.Join(dumps, dump))
			require.NotEmpty(t, tries[dump], "each dump has its table")
			for _, x := range tries[dump] {
				x.hold(t, config)
			}
		})
	}
}

// folders are the dumps' names.
func folders(t *testing.T) (names []string) {
	all, err := os.ReadDir(dumps)
	require.NoError(t, err)
	for _, f := range all {
		names = append(names, f.Name())
	}
	return names
}

// onTwoCards is a dump whose ENIs are on two cards in turn, so that packets take tunnels.
func onTwoCards(t *testing.T, folder string) *vpc.Config {
	c, err := vpc.Load(folder)
	require.NoError(t, err)
	c.Placement.Edge = vpc.EdgePlacement{Vtep: netip.MustParseAddr("172.16.0.1"), Mac: wire.MAC{2, 0, 0, 0, 0xed, 1}, UnderlayMac: wire.MAC{2, 0, 0, 0, 0xed, 2}}
	c.Placement.Vnis = map[string]uint32{}
	for i, v := range c.Vpcs {
		c.Placement.Vnis[v.VpcId] = uint32(5000 + i)
	}
	c.Placement.Cards = []vpc.CardPlacement{
		{Name: "x", Vtep: netip.MustParsePrefix("172.16.0.11/24"), Mac: wire.MAC{2, 0, 0, 0, 1, 1}},
		{Name: "y", Vtep: netip.MustParsePrefix("172.16.0.12/24"), Mac: wire.MAC{2, 0, 0, 0, 1, 2}},
	}
	for i, e := range c.NetworkInterfaces {
		on := &c.Placement.Cards[i%2]
		on.NetworkInterfaces = append(on.NetworkInterfaces, e.NetworkInterfaceId)
	}
	return c
}

// hold sends the packet, and has the receiver answer where it arrives: the answer comes
// back, since groups let answers out.
func (x try) hold(t *testing.T, c *vpc.Config) {
	p, err := newPlay(t, c, true)
	require.NoError(t, err)
	defer p.f.close()
	got, err := p.do(step{Packet: &x.p, ENI: x.from})
	require.NoError(t, err, x.what)
	if x.ends != "" {
		require.Zero(t, got.frames, x.what)
		require.True(t, slices.Contains(x.ends.Verdicts(), got.reason), "%s: EC2 drops it by %s, and the card as %q", x.what, x.ends, got.reason)
		return
	}
	require.Equal(t, 1, got.frames, "%s: %v", x.what, got)
	require.Equal(t, x.at, got.eni, x.what)
	if x.as != "" {
		require.Equal(t, x.as, got.packet.Src.String()+" "+got.packet.Dst.String(), x.what)
	}
	answer := got.packet.Answer()
	back, err := p.do(step{Packet: &answer, ENI: got.eni})
	require.NoError(t, err, "the answer to: %s", x.what)
	require.Equal(t, 1, back.frames, "the answer to: %s: %v", x.what, back)
	require.Equal(t, x.from, back.eni, "the answer to: %s", x.what)
}
