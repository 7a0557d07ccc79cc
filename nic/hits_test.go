package nic

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
)

// Two connections by one rule, a ping, and a connection within the subnet, which no route or entry is
// asked about.
func TestHits(t *testing.T) {
	cfg, err := vpc.Load("../sim/explain/testdata/acl.yaml")
	require.NoError(t, err)
	region, err := vpc.NewRegion(cfg)
	require.NoError(t, err)
	rule := &vpc.Rule{Group: "sg-web", Path: "IpPermissions[0]", Text: "tcp 80 from 0.0.0.0/0"}
	all := Hits(region, []FlowView{
		{ENI: "eni-web", Protocol: "tcp", Local: "10.0.1.5:80", Remote: "198.51.100.7:1023", Initiator: "remote", Rule: rule, Idle: 9, PacketsIn: 3, BytesIn: 300, PacketsOut: 2, BytesOut: 200},
		{ENI: "eni-web", Protocol: "tcp", Local: "10.0.1.5:80", Remote: "198.51.100.8:1022", Initiator: "remote", Rule: rule, Idle: 4, PacketsIn: 1, BytesIn: 60},
		{ENI: "eni-web", Protocol: "icmp", Local: "10.0.1.5", Remote: "198.51.100.8", Initiator: "remote", Idle: 1, PacketsIn: 1, BytesIn: 84, PacketsOut: 1, BytesOut: 84},
		{ENI: "eni-gone", Protocol: "tcp", Local: "10.0.1.9:80", Remote: "198.51.100.8:1022", Idle: 4, PacketsIn: 1, BytesIn: 60},
	})
	require.Equal(t, []Hit{
		{"SecurityGroups", "sg-web", "inbound", "tcp 80 from 0.0.0.0/0", 2, 6, 560, 4},
		{"RouteTables", "rtb-1", "outbound", "0.0.0.0/0 to igw-1", 2, 3, 284, 1},
		{"NetworkAcls", "acl-1", "inbound", "entry 200", 2, 4, 360, 4},
		{"NetworkAcls", "acl-1", "outbound", "entry 200", 1, 2, 200, 9},
	}, all)
}
