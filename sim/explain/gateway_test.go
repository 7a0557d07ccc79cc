package explain

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
)

// Each gateway on a packet's way is named, there and back, and where it lets nothing pass. What passes a NAT
// gateway or an egress-only internet gateway is tracked, however open the groups are.
func TestGatewaysOnTheWay(t *testing.T) {
	cfg, err := vpc.Load("testdata/gateways.yaml")
	require.NoError(t, err)
	n, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(n.Close)
	for _, c := range []struct {
		q           Question
		there, back []string
	}{
		{question("eni-1", "", syn("10.0.1.5", "203.0.113.9", 443)),
			[]string{"network interface eni-1", "security groups sg-1, not tracked", "route table rtb-1", "internet gateway igw-1"},
			[]string{"internet gateway igw-1", "security groups sg-1", "network interface eni-1"}},
		{question("eni-2", "", syn("10.0.2.5", "203.0.113.9", 443)),
			[]string{"network interface eni-2", "security groups sg-1", "route table rtb-2", "NAT gateway nat-1", "route table rtb-1", "internet gateway igw-1"},
			[]string{"internet gateway igw-1", "NAT gateway nat-1", "route table rtb-1", "security groups sg-1", "network interface eni-2"}},
		{question("eni-2", "", syn("2001:db8:a:2::5", "2001:db8:9::9", 443)),
			[]string{"network interface eni-2", "security groups sg-1", "route table rtb-2", "egress-only internet gateway eigw-1"},
			[]string{"egress-only internet gateway eigw-1", "security groups sg-1", "network interface eni-2"}},
		{question("", "eni-2", syn("2001:db8:9::9", "2001:db8:a:2::5", 443)),
			[]string{"egress-only internet gateway eigw-1: in egress_only"}, nil},
		{question("", "eni-nat", syn("203.0.113.9", "35.72.2.100", 443)),
			[]string{"internet gateway igw-1", "NAT gateway nat-1: in nat_unknown tcp 203.0.113.9:40000 > 10.0.1.100:443"}, nil},
		{question("eni-1", "eni-2", syn("10.0.1.5", "10.0.2.5", 443)),
			[]string{"network interface eni-1", "security groups sg-1, not tracked", "route table rtb-1", "security groups sg-1, not tracked", "network interface eni-2"},
			[]string{"network interface eni-2", "security groups sg-1", "route table rtb-2", "security groups sg-1", "network interface eni-1"}},
	} {
		p := hold(t, n, c.q)
		require.Equal(t, c.there, onTheWay(n, p.Forward), c.q.Packet)
		require.Equal(t, c.back, onTheWay(n, p.Return), c.q.Packet)
	}
}

// onTheWay are the components of a way, a line for each.
func onTheWay(n *Network, hops []Hop) (lines []string) {
	for _, c := range n.Components(hops) {
		line := c.Kind + " " + c.ID
		if c.Look.Untracked {
			line += ", not tracked"
		}
		if c.Why != pipeline.Sent {
			line += fmt.Sprintf(": %s %s", c.Direction, c.Why)
			if c.Kind == NAT {
				line += " " + c.In.String()
			}
		}
		lines = append(lines, line)
	}
	return lines
}
