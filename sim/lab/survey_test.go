//go:build linux

package lab

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/sim/oracle"
)

// dumps is where real answers of EC2's API lie, beside the project.
const dumps = "../../../shared/aws-dumps"

// missing is why a test of dumps is skipped.
type missing struct{ folder string }

// Error is the reason in words.
func (m missing) Error() string { return "there is no dump in " + m.folder }

// What a survey of each dump has among its lines.
var surveyed = map[string][]string{
	"test-subnet":                {"h1 → h2, tcp from 10.10.1.228 to 10.10.1.44:22: answered", "denied: no_route at h1"},
	"test-public-subnet":         {"internet → h1, tcp from 203.0.113.9 to 18.216.80.133:22: answered", "denied: security_group_in at h1", "private_internet"},
	"test-public-private-subnet": {"h1 → h2, tcp from 10.0.0.47 to 10.0.1.204:22: answered", "target_outside at h2"},
	"test-vpc-peering":           {"h2 → h3, tcp from 10.10.10.157 to 192.168.1.106:22: answered", "h3 → h1, tcp from 192.168.1.106 to 192.168.2.229:22: denied: no_neighbor", "blackhole at h3"},
	"test-nat-gateway":           {"h2 → internet, ping from 10.1.1.98 to 203.0.113.9: answered, through a NAT gateway", "internet saw 3.135.127.225", "no_route at h3"},
}

// What a survey of testdata/survey.yaml has among its lines.
var written = []string{
	"internet → web, tcp from 203.0.113.9 to 35.72.2.8:80: answered",
	"internet → web, tcp from 198.51.100.1 to 35.72.2.8:22: answered",
	"box → quiet, tcp from 10.0.4.5 to 10.0.3.5:80: arrived, and its answer was denied: network_acl_out at quiet; asked acl-quiet outbound 90",
	"far → internet, tcp from 10.0.2.5 to 203.0.113.9:80: answered; internet saw 35.72.2.9, through a NAT gateway",
	"far → peer, tcp from 10.0.2.5 to 10.8.1.5:80: answered; peer saw 10.0.2.5, through box",
	"internet → web, tcp from 2001:db8:44::1 to [2001:db8:1:1::5]:80: answered",
	"internet → far, tcp from 2001:db8:9::9 to [2001:db8:1:2::5]:80: denied: egress_only at far",
	"internet → quiet, tcp from 2001:db8:9::9 to [2001:db8:1:3::5]:80: denied: network_acl_in at quiet; asked acl-quiet inbound *",
	"web → peer, tcp from 2001:db8:1:1::5 to [2001:db8:2:1::5]:80: answered",
	"far → internet, udp from 2001:db8:1:2::a to [2001:db8:9::9]:9: denied: spoofed_address at far",
	"six → internet, tcp from 2001:db8:1:5::5 to [2001:db8:9::9]:80: answered; internet saw 2001:db8:1:5::5",
	"six → far, ping from 2001:db8:1:5::5 to 2001:db8:1:2::5: answered",
	"packets that were lost for a moment alone: ",
	"a foreign tunnel end: 8 MiB to web at 35.72.2.8:80 and back through the kernel's VXLAN, checksums equal",
}

// What a survey of testdata/nat64.yaml has among its lines.
var written64 = []string{
	"six → internet, tcp from 2001:db8:1:5::5 to [64:ff9b::cb00:7109]:80: answered; internet saw 35.72.2.",
	"six → internet, tcp from 2001:db8:1:5::5 to [64:ff9b::c633:6401]:443: answered; internet saw 35.72.2.",
	"six → internet, ping from 2001:db8:1:5::5 to 64:ff9b::cb00:7109: answered, through a NAT gateway's NAT64",
	"six → old, udp from 2001:db8:1:5::5 to [64:ff9b::a00:205]:514: answered; old saw 10.0.1.",
	"to [64:ff9b::a00:205]:80: arrived, and its answer was denied: network_acl_in at six; asked acl-six inbound 90, through a NAT gateway's NAT64",
	"to [64:ff9b::a00:205]:22: denied: network_acl_out at six; asked acl-six outbound 90",
	"to [64:ff9b::a00:205]:9: denied: security_group_in at old; asked sg-old, through a NAT gateway's NAT64",
	"to [64:ff9b::aff:fb09]:9: denied: private_internet at nat-1; asked rtb-nat: 0.0.0.0/0 to igw-1, through a NAT gateway's NAT64",
	"DNS64 for six: 10.0.2.5 is ip-10-0-2-5.eu-central-1.compute.internal, whose AAAA record is 64:ff9b::a00:205",
}

// placement6 puts all ENIs on one server, at an underlay of IPv6.
const placement6 = `
Placement:
  Cards: [{Name: x, Vtep: "2001:db8:16::11/64"}]
  Edge: {Vtep: "2001:db8:16::1"}
`

// A lab of each dump, and of a configuration that people wrote, as their user runs it.
func TestTheLabTriesWhatAConfigurationAllowsAndDenies(t *testing.T) {
	if testing.Short() {
		t.Skip("each lab takes some seconds")
	}
	t.Parallel()
	binary := program(t)
	t.Run("peering, an ACL that cuts replies, a NAT gateway, a middlebox", func(t *testing.T) {
		t.Parallel()
		surveys(t, binary, "testdata/survey.yaml", written)
	})
	t.Run("NAT64", func(t *testing.T) {
		t.Parallel()
		surveys(t, binary, "testdata/nat64.yaml", written64)
	})
	// The foreign edge is the kernel's VXLAN over IPv6 then, which takes no tunnel without a checksum.
	t.Run("over IPv6", func(t *testing.T) {
		t.Parallel()
		text, err := os.ReadFile("testdata/survey.yaml")
		require.NoError(t, err)
		file := filepath.Join(t.TempDir(), "survey.yaml")
		require.NoError(t, os.WriteFile(file, append(text, placement6...), 0o644))
		surveys(t, binary, file, written)
	})
	t.Run("dumps", func(t *testing.T) {
		if _, err := os.Stat(dumps); err != nil {
			t.Skip(missing{dumps})
		}
		for dump, lines := range surveyed {
			t.Run(dump, func(t *testing.T) {
				t.Parallel()
				surveys(t, binary, filepath.Join(dumps, dump), lines)
			})
		}
	})
}

// surveys runs the lab, which has to pass and to say these lines.
func surveys(t *testing.T, binary, config string, lines []string) {
	var out bytes.Buffer
	cmd := exec.Command(binary, "lab", "--config", config)
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Run(), "%s: %s", config, &out)
	require.Contains(t, lastLine(out.String()), "passed, 0 failed")
	for _, line := range lines {
		require.Contains(t, out.String(), line, config)
	}
	t.Logf("%s", &out)
}

// network is a VPC of two subnets in two zones with n ENIs each.
func network(n int) *vpc.Config {
	c := &vpc.Config{Vpcs: []ec2.Vpc{{VpcId: "vpc-1", CidrBlock: netip.MustParsePrefix("10.0.0.0/16")}}}
	for s := range 2 {
		subnet := fmt.Sprintf("subnet-%d", s)
		c.Subnets = append(c.Subnets, ec2.Subnet{SubnetId: subnet, VpcId: "vpc-1", AvailabilityZone: fmt.Sprintf("zone-%d", s),
			CidrBlock: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(s), 0}), 24)})
		for i := range n {
			c.NetworkInterfaces = append(c.NetworkInterfaces, ec2.NetworkInterface{NetworkInterfaceId: fmt.Sprintf("eni-%d-%d", s, i), SubnetId: subnet,
				MacAddress: wire.MAC{2, 0, 0, 0, byte(s), byte(i)}, PrivateIpAddress: netip.AddrFrom4([4]byte{10, 0, byte(s), byte(i + 10)}),
				Attachment: &ec2.NetworkInterfaceAttachment{InstanceId: fmt.Sprintf("i-%d-%d", s, i)}})
		}
	}
	return c
}

func TestZonesAreServers(t *testing.T) {
	c := network(2)
	p := placed(c, chosen(c)).Placement
	require.Len(t, p.Cards, 2)
	require.Equal(t, []string{"eni-0-0", "eni-0-1"}, p.Cards[0].NetworkInterfaces)
	require.Equal(t, []string{"eni-1-0", "eni-1-1"}, p.Cards[1].NetworkInterfaces)
	require.Empty(t, c.Placement.Cards, "the configuration stays as it was")

	c.Subnets[1].AvailabilityZone = "zone-0"
	p = placed(c, chosen(c)).Placement
	require.Equal(t, []string{"eni-0-0", "eni-1-0"}, p.Cards[0].NetworkInterfaces, "one zone has two servers")
}

// The server of the ENIs without guests is at nobody's tunnel end, the edge's included.
func TestTheAbsentServerIsAtNobodysTunnelEnd(t *testing.T) {
	p := vpc.Placement{Cards: []vpc.CardPlacement{{Vtep: netip.MustParsePrefix("172.16.0.11/24")}}, Edge: vpc.EdgePlacement{Vtep: netip.MustParseAddr("172.16.0.12")}}
	require.Equal(t, "172.16.0.13/24", unused(p).String())
}

// Each server has a tunnel end of its own, however many zones there are.
func TestManyZonesHaveTunnelEndsOfTheirOwn(t *testing.T) {
	c, ends := &vpc.Config{}, map[netip.Addr]bool{}
	for n := range 300 {
		id := fmt.Sprint(n)
		c.Subnets = append(c.Subnets, ec2.Subnet{SubnetId: id, AvailabilityZone: id})
		c.NetworkInterfaces = append(c.NetworkInterfaces, ec2.NetworkInterface{NetworkInterfaceId: id, SubnetId: id})
	}
	for _, card := range zoneCards(c) {
		require.Equal(t, netip.MustParsePrefix("172.16.0.0/16"), card.Vtep.Masked())
		ends[card.Vtep.Addr()] = true
	}
	require.Len(t, ends, 300)
}

// Of many ENIs some have a guest: those that routes lead to, and different ones before
// equal ones. The others are on a card that nobody runs, but for NAT gateways' own.
func TestManyENIsAreRepresentedByAFew(t *testing.T) {
	c := network(20)
	c.NetworkInterfaces[19].InterfaceType = "nat_gateway"
	c.NetworkInterfaces[5].Attachment = nil
	c.RouteTables = []ec2.RouteTable{{Routes: []ec2.Route{{NetworkInterfaceId: "eni-1-13"}}}}
	guests := chosen(c)
	require.Len(t, guests, mostGuests)
	require.Equal(t, []string{"eni-1-13", "eni-0-0", "eni-1-0", "eni-0-1"}, guests[:4])
	require.NotContains(t, guests, "eni-0-5", "a service's")

	p := placed(c, guests).Placement
	require.Equal(t, absent, p.Cards[2].Name)
	require.Contains(t, p.Cards[0].NetworkInterfaces, "eni-0-19", "a NAT gateway's guest is the card")
	require.Len(t, p.Cards[2].NetworkInterfaces, 40-1-mostGuests)
}

func TestAConfigurationWithoutENIsIsRefused(t *testing.T) {
	_, err := beginSurvey(t.Context(), order{}, &vpc.Config{}, nil)
	require.ErrorContains(t, err, "the lab needs an ENI with an address")

	c := network(1)
	c.Places = vpc.Places{"NetworkInterfaces": {{Answer: true}, {Index: 1, Answer: true}}}
	c.Subnets = nil
	_, err = beginSurvey(t.Context(), order{}, c, nil)
	require.ErrorContains(t, err, "cards leave out the 2 of the configuration")
}

// Cards leave out an ENI that a dump does not tell enough of, and so does the survey.
func TestAnENIWithoutItsSubnetIsLeftOut(t *testing.T) {
	c := network(1)
	c.NetworkInterfaces[0].SubnetId, c.NetworkInterfaces[1].SubnetId, c.Subnets = "subnet-1", "subnet-0", c.Subnets[:1]
	c.NetworkInterfaces[1].PrivateIpAddress = c.NetworkInterfaces[0].PrivateIpAddress
	c.Places = vpc.Places{"NetworkInterfaces": {{Answer: true}, {Index: 1, Answer: true}}}
	left, err := inForce(c)
	require.NoError(t, err)
	require.Equal(t, []string{"eni-1-0"}, chosen(left))
	require.Equal(t, 1, left.Places["NetworkInterfaces"][0].Index)
	require.Len(t, c.NetworkInterfaces, 2, "the configuration stays as it was")
	s := &survey{atlas: newAtlas(left, chosen(left))}
	s.foretell(chosen(left))
	require.NotEmpty(t, s.trials)

	c.Places = nil
	_, err = inForce(c)
	require.ErrorContains(t, err, `there is no "subnet-1" in Subnets`)
}

// What the oracle says is what is expected of cards: a card that does otherwise has failed,
// whichever way.
func TestACardThatDoesOtherwiseFails(t *testing.T) {
	s := &survey{stage: &stage{world: &world{region: plan(), guests: map[string]*machine{"a1": {guest: plan().guests[0]}}}}}
	f := flow{"", traffic{oracle.TCP, 80}.packet(netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("35.72.2.8"))}
	passes := trial{f, fate{at: "eni-a1", seen: []netip.Addr{f.packet.Src}}}
	denied := trial{f, fate{end: oracle.Outcome{Dropped: oracle.GroupIn, At: "eni-a1"}}}
	drop := nic.LastDrop{ENI: "eni-a1", Reason: "security_group_in", SecurityGroups: []string{"sg-web"}}
	other := nic.LastDrop{ENI: "eni-a1", Reason: "network_acl_in"}

	for _, x := range []struct {
		says func() (string, error)
		want string
		bad  bool
	}{
		{func() (string, error) { return s.judgeDrop(denied, drop) }, "denied: security_group_in at a1; asked sg-web", false},
		{func() (string, error) { return s.judgeDrop(denied, other) }, "EC2 drops it by the receiver's security groups of a1, and here: network_acl_in", true},
		{func() (string, error) { return s.judgeDrop(passes, drop) }, "EC2 lets it pass, and here a card dropped a packet", true},
		{func() (string, error) { return s.judgeReply(denied, reply{text: "hello"}) }, "and here it was answered", true},
		{func() (string, error) { return s.judgeReply(denied, reply{err: os.ErrClosed}) }, "EC2 drops it silently", true},
		{func() (string, error) { return s.judgeReply(passes, reply{err: os.ErrClosed}) }, "EC2 lets it pass, and here: file already closed", true},
		{func() (string, error) { return s.judgeReply(passes, reply{text: "This is b1"}) }, "instead of a1's to [203.0.113.9]", true},
		{func() (string, error) { return s.judgeReply(passes, reply{text: page("a1", "eni-a1", "203.0.113.9")}) }, "answered; a1 saw 203.0.113.9", false},
	} {
		said, err := x.says()
		require.Equal(t, x.bad, err != nil, x.want)
		if err != nil {
			said = err.Error()
		}
		require.Contains(t, said, x.want)
	}
}

// A flow is tried if all that AWS leaves open has the same end: the NAT gateway of testdata/nat64.yaml sends from either
// of its addresses, and eni-old lets one of them alone ask for names.
func TestWhatAWSLeavesOpenIsTriedIfItsEndIsTheSame(t *testing.T) {
	c, err := vpc.Load("testdata/nat64.yaml")
	require.NoError(t, err)
	p := newProphet(c, []string{"eni-old", "eni-six"})
	from, old, web := netip.MustParseAddr("2001:db8:1:5::5"), netip.MustParseAddr("64:ff9b::10.0.2.5"), netip.MustParseAddr("64:ff9b::203.0.113.9")
	for _, x := range []struct {
		to   netip.Addr
		of   traffic
		seen string // "": the flow is not tried
	}{
		{old, traffic{oracle.UDP, 514}, "[10.0.1.8 10.0.1.9]"},
		{web, traffic{oracle.TCP, 80}, "[35.72.2.8 35.72.2.9]"},
		{old, traffic{oracle.UDP, 53}, ""},
	} {
		f := flow{"eni-six", x.of.packet(from, x.to)}
		end, ok := p.foretell(f)
		require.Equal(t, x.seen != "", ok, "%v", f.packet)
		if ok {
			require.Equal(t, both, f.family())
			require.True(t, end.arrives() && end.nat)
			require.Equal(t, x.seen, fmt.Sprint(end.seen))
		}
	}
}

// Trials prove different things: of each pair of ends one comes before a second.
func TestTrialsAreOfEveryPairBeforeASecondOfOne(t *testing.T) {
	var all []trial
	for from := range 3 {
		for port := range uint16(2 * mostTries) {
			f := flow{fmt.Sprint("eni-", from), traffic{oracle.TCP, port + 1}.packet(netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"))}
			all = append(all, trial{f, fate{at: "eni-9"}}, trial{f, fate{end: oracle.Outcome{Dropped: oracle.NoRoute, At: f.from}}})
		}
	}
	picked := pick(all)
	require.Len(t, picked, mostTries+3, "a drop at each ENI")
	require.True(t, slices.ContainsFunc(picked, func(x trial) bool { return x.from == "eni-2" && x.arrives() }))
	require.True(t, strings.HasPrefix(picked[0].from, "eni-0"))
}
