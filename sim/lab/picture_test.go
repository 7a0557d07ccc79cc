//go:build linux

package lab

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

func TestTheJourneyIsDrawnFromWhatWasSeen(t *testing.T) {
	client, public, private := wiretest.Addr("203.0.113.9"), wiretest.Addr("35.72.2.8"), wiretest.Addr("10.0.1.5")
	edge, x := wiretest.Addr("172.16.0.1"), wiretest.Addr("172.16.0.11")
	j := &journey{
		visited: plan().guests[0],
		there: tunneled{
			outer: wire.Outer{Src: edge, Dst: x, VNI: 5001, SrcPort: 34044},
			inner: wire.Tuple{Src: client, Dst: public, SrcPort: 40000, DstPort: 80},
			to:    wire.MAC{2, 0, 0, 10, 1, 5},
		},
		arrived: wire.Tuple{Src: client, Dst: private, SrcPort: 40000, DstPort: 80},
		back: tunneled{
			outer: wire.Outer{Src: x, Dst: edge, VNI: 5001, SrcPort: 50123},
			inner: wire.Tuple{Src: public, Dst: client, SrcPort: 80, DstPort: 40000},
		},
		eni:  nic.ENIView{ID: "eni-a1", Instance: "i-a1", Subnet: "subnet-a1", VPC: "vpc-a", SecurityGroups: []string{"sg-web"}},
		flow: nic.FlowView{Rule: &vpc.Rule{Group: "sg-web", Path: "IpPermissions[0]", Text: "tcp 80 from 0.0.0.0/0"}},
	}
	require.Equal(t, strings.TrimPrefix(`
  client    203.0.113.9:40000 ─▶ 35.72.2.8:80
    │
  edge      35.72.2.8 is MAC 02:00:00:0a:01:05 behind VTEP 172.16.0.11
    ║       VXLAN, VNI 5001: 172.16.0.1:34044 ═▶ 172.16.0.11:4789
  card x    VNI 5001, MAC 02:00:00:0a:01:05: eni-a1 of i-a1 in subnet-a1, vpc-a
    │       35.72.2.8 becomes 10.0.1.5
    │       allowed by sg-web IpPermissions[0]: tcp 80 from 0.0.0.0/0; not tracked
  a1        203.0.113.9:40000 ─▶ 10.0.1.5:80
    │
  card x    10.0.1.5 becomes 35.72.2.8
    ║       VXLAN, VNI 5001: 172.16.0.11:50123 ═▶ 172.16.0.1:4789
  edge      35.72.2.8:80 ─▶ 203.0.113.9:40000
    │
  client    reads "This is a1 (eni-a1). Hello, 203.0.113.9."
`, "\n"), j.draw())
	j.flow = nic.FlowView{}
	require.Contains(t, j.draw(), "allowed by one of sg-web\n")
}

func TestPortsAreDrawnWithTheirReasons(t *testing.T) {
	text := drawPorts("x", []nic.PortView{
		{Name: "uplink", Received: 10, Sent: 6, Consumed: 1, Dropped: map[string]uint64{"security_group_in": 2, "no_route": 1}},
		{Name: "eni-a1", Received: 4, Sent: 4},
	})
	require.Contains(t, text, "card x uplink")
	require.Contains(t, text, "3 dropped: no_route 1 security_group_in 2\n")
	require.Contains(t, text, "0 dropped\n")
}
