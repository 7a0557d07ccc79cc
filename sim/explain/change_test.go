package explain

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// asked is a path of a question, as people ask it.
func asked(t *testing.T, n *Network, a Ask) *Path {
	q, err := n.Question(a)
	require.NoError(t, err)
	p, err := n.Explain(q)
	require.NoError(t, err)
	return p
}

// texts are changes in words.
func texts(changes []Change) (all []string) {
	for _, c := range changes {
		all = append(all, c.Text)
	}
	return all
}

func TestTheSmallestChange(t *testing.T) {
	n := theLab(t)
	for _, c := range []struct {
		ask  Ask
		want []string
	}{
		{Ask{From: "internet", To: "i-a1", Protocol: wire.ProtoTCP, Port: 22}, []string{"add to security group sg-web the inbound rule: tcp 22 from 0.0.0.0/0"}},
		{Ask{From: "198.51.100.7", To: "i-a1", Protocol: wire.ProtoTCP, Port: 22}, []string{"add to security group sg-web the inbound rule: tcp 22 from 198.51.100.7/32"}},
		{Ask{From: "eni-a1", To: "internet", Protocol: wire.ProtoTCP, Port: 25, IPv6: true}, []string{"ask AWS to lift the block of TCP port 25 (here: Placement, Port25: open)"}},
		{Ask{From: "internet", To: "eni-a2", Protocol: wire.ProtoTCP, Port: 5432}, []string{"associate a public IPv4 address with 10.0.1.6 of eni-a2", "add to security group sg-db the inbound rule: tcp 5432 from 0.0.0.0/0"}},
		{Ask{From: "eni-a2", To: "internet", Protocol: wire.ProtoUDP, Port: 53}, []string{"associate a public IPv4 address with 10.0.1.6 of eni-a2"}},
	} {
		changes, after, err := n.Repair(asked(t, n, c.ask))
		require.NoError(t, err)
		require.Equal(t, c.want, texts(changes), "%+v", c.ask)
		require.True(t, after.Reachable(), "%+v", c.ask)
	}
}

// What no rule, entry or route of the owner's can allow has no change.
func TestWithoutAChange(t *testing.T) {
	n := theLab(t)
	changes, after, err := n.Repair(asked(t, n, Ask{From: "eni-a1", To: "eni-d1", Protocol: wire.ProtoTCP, Port: 80}))
	require.NoError(t, err)
	require.Empty(t, changes)
	require.False(t, after.Reachable())
}

// An ACL without an entry for the answer, and one with an entry that denies.
func TestAnEntryBeforeTheOneThatDenies(t *testing.T) {
	cfg, err := vpc.Load("testdata/acl.yaml")
	require.NoError(t, err)
	n, err := New(cfg)
	require.NoError(t, err)
	defer n.Close()
	p := asked(t, n, Ask{From: "internet", To: "web", Protocol: wire.ProtoTCP, Port: 80})
	require.Equal(t, "network_acl_in", p.End.Verdict.String())
	changes, after, err := n.Repair(p)
	require.NoError(t, err)
	require.Equal(t, []string{
		"add to network ACL acl-1 the inbound entry 99, before entry 100: allow tcp 80 from 0.0.0.0/0",
		"add to network ACL acl-1 the outbound entry 300, before entry *: allow tcp 1024-65535 to 0.0.0.0/0",
	}, texts(changes))
	require.True(t, after.Reachable())
}

// A NAT gateway sends from a port of its choice, so the entry for the answer has all of them.
func TestAnEntryForAnswersToANATGateway(t *testing.T) {
	cfg, err := vpc.Load("../lab/region.yaml")
	require.NoError(t, err)
	for i := range cfg.NetworkAcls {
		for j := range cfg.NetworkAcls[i].Entries {
			if e := &cfg.NetworkAcls[i].Entries[j]; !e.Egress && e.CidrBlock.IsValid() {
				e.CidrBlock = netip.MustParsePrefix("10.0.0.0/8")
			}
		}
	}
	n, err := New(cfg)
	require.NoError(t, err)
	defer n.Close()
	changes, after, err := n.Repair(asked(t, n, Ask{From: "eni-a3", To: "internet", Protocol: wire.ProtoTCP, Port: 443}))
	require.NoError(t, err)
	require.Equal(t, []string{"add to network ACL acl-a the inbound entry 201, before entry *: allow tcp 1024-65535 from 0.0.0.0/0"}, texts(changes))
	require.True(t, after.Reachable())
}

// The internet knows public addresses alone: the one of the address asked for, which it may have.
func TestAPublicAddressOfTheAddressAskedFor(t *testing.T) {
	cfg, err := vpc.Load("testdata/acl.yaml")
	require.NoError(t, err)
	cfg.NetworkAcls = nil
	e := &cfg.NetworkInterfaces[0]
	e.PrivateIpAddresses = append(e.PrivateIpAddresses, ec2.NetworkInterfacePrivateIpAddress{PrivateIpAddress: netip.MustParseAddr("10.0.1.6")})
	n, err := New(cfg)
	require.NoError(t, err)
	defer n.Close()
	for to, want := range map[string]string{
		"10.0.1.5": "send to 35.72.2.8, the public address of 10.0.1.5",
		"10.0.1.6": "associate a public IPv4 address with 10.0.1.6 of eni-web",
	} {
		changes, after, err := n.Repair(asked(t, n, Ask{From: "internet", To: to, Protocol: wire.ProtoTCP, Port: 80}))
		require.NoError(t, err)
		require.Equal(t, []string{want}, texts(changes))
		require.True(t, after.Reachable())
		require.Equal(t, to, after.End.Packet.Dst.String())
	}
}

// A subnet without a way out, in a VPC with a gateway.
func TestARouteThatIsMissing(t *testing.T) {
	cfg, err := vpc.Load("testdata/acl.yaml")
	require.NoError(t, err)
	cfg.RouteTables[0].Routes = cfg.RouteTables[0].Routes[:1]
	cfg.NetworkAcls = nil
	n, err := New(cfg)
	require.NoError(t, err)
	defer n.Close()
	changes, after, err := n.Repair(asked(t, n, Ask{From: "web", To: "internet", Protocol: wire.ProtoTCP, Port: 443}))
	require.NoError(t, err)
	require.Equal(t, []string{"add to route table rtb-1 the route 0.0.0.0/0 to igw-1"}, texts(changes))
	require.True(t, after.Reachable())
}

func TestEndsThatAreNone(t *testing.T) {
	n := theLab(t)
	for _, c := range []struct {
		ask  Ask
		want string
	}{
		{Ask{From: "internet", To: "8.8.8.8"}, "both ends are on the internet"},
		{Ask{From: "eni-a1", To: "35.72.2.8"}, "both ends are eni-a1"},
		{Ask{From: "nobody", To: "internet"}, `--from: there is no "nobody"`},
		{Ask{From: "internet", To: "10.0.1.5"}, `--to: "10.0.1.5" is the name of 2 ENIs: name one by its ID: eni-a1 in vpc-a, eni-b1 in vpc-b`},
		{Ask{From: "internet", To: "10.9.9.9"}, "no ENI has the address 10.9.9.9"},
		{Ask{From: "internet", To: "eni-a1", Protocol: wire.ProtoTCP}, "--port is missing, which tcp has"},
		{Ask{From: "internet", To: "eni-a1", Protocol: wire.ProtoICMP, Port: 80}, "icmp has no ports"},
		{Ask{From: "2001:db8::1", To: "eni-a2", Protocol: wire.ProtoTCP, Port: 80}, "no address of the same family"},
	} {
		_, err := n.Question(c.ask)
		require.ErrorContains(t, err, c.want)
	}
}
