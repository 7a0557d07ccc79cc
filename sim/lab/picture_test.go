package lab

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// aJourney is one to a1 and back.
func aJourney() *Journey {
	at, to := netip.MustParseAddr, netip.MustParseAddrPort
	mac := func(last byte) wire.MAC { return wire.MAC{2, 0, 0, 0, 0, last} }
	return &Journey{
		From: to("203.0.113.9:40000"), To: to("35.72.2.8:80"),
		Hops: []Hop{{Number: 1, Address: at("203.0.113.1"), Name: "gateway.home.arpa", Time: 90 * time.Microsecond}, {Number: 2, Address: at("192.0.2.11"), Time: time.Millisecond}, {Number: 3, Edge: "edge1", Reason: "time_exceeded_untold"}},
		Announcements: []Announcement{
			{Router: "isp1", ASN: 64501, Prefix: netip.MustParsePrefix("35.72.2.0/24"), Via: []netip.Addr{at("192.0.2.11"), at("192.0.2.12")}, ASPath: []uint32{64505, 64500}},
		},
		Edge: "edge1",
		Whereabouts: &vpc.Whereabouts{Address: at("35.72.2.8"), Allocation: "eipalloc-a1", ENI: "eni-a1", Instance: "i-a1", Private: at("10.0.1.5"), Subnet: "subnet-a1",
			VPC: "vpc-a", VNI: 5001, MAC: mac(5), Host: "x", VTEP: at("172.16.0.11"), Rack: "r1", Zone: "us-east-1a"},
		There: &Tunnel{OuterMACs: Stations{mac(1), mac(2)}, Outer: Ends{to("172.16.0.1:50000"), to("172.16.0.11:4789")}, VNI: 5001,
			InnerMACs: Stations{mac(3), mac(5)}, Inner: Ends{to("203.0.113.9:40000"), to("35.72.2.8:80")}, Hops: 61},
		In:    []Look{{ENI: "eni-a1", Stage: "network ACL", Found: "acl-a 100"}, {ENI: "eni-a1", Stage: "security groups", Found: "sg-web tcp 80 from 0.0.0.0/0"}},
		Flow:  &nic.FlowView{State: "ESTABLISHED"},
		Guest: "a1", Arrived: &Ends{to("203.0.113.9:40000"), to("10.0.1.5:80")},
		Out: []Look{{ENI: "eni-a1", Stage: "route table", Found: "rtb-a 0.0.0.0/0 to igw-a"}},
		Back: &Tunnel{OuterMACs: Stations{mac(2), mac(1)}, Outer: Ends{to("172.16.0.11:50001"), to("172.16.0.1:4789")}, VNI: 5001,
			InnerMACs: Stations{mac(5), mac(4)}, Inner: Ends{to("35.72.2.8:80"), to("203.0.113.9:40000")}, Hops: 64},
		BackEdge: "edge2", Time: 1500 * time.Microsecond, Answer: "the connection is open",
	}
}

func drawn(t *testing.T, j *Journey) string {
	var b strings.Builder
	require.NoError(t, j.Draw(&b))
	return b.String()
}

func TestAJourneyIsDrawn(t *testing.T) {
	require.Equal(t, strings.TrimPrefix(`
the client sends 203.0.113.9:40000 ─▶ 35.72.2.8:80

1  the internet finds the provider
  hop 1    203.0.113.1      0.090 ms  gateway.home.arpa
  hop 2    192.0.2.11       1.000 ms  it has no name
  hop 3    *                edge1 drops it as time_exceeded_untold: it is dark from here on
  isp1     AS64501: 35.72.2.0/24 by way of 192.0.2.11 and 192.0.2.12, AS path 64505 64500

2  the edge finds the server
  edge1    35.72.2.8 ─▶ eipalloc-a1 ─▶ eni-a1 ─▶ host x ─▶ rack r1 ─▶ zone us-east-1a
           MAC 02:00:00:00:00:05 behind VTEP 172.16.0.11, VNI 5001
    ║      outer  02:00:00:00:00:01 ═▶ 02:00:00:00:00:02  172.16.0.1:50000 ═▶ 172.16.0.11:4789  VNI 5001
    ║      inner  02:00:00:00:00:03 ─▶ 02:00:00:00:00:05  203.0.113.9:40000 ─▶ 35.72.2.8:80  TTL 61

3  the card finds the instance
  card x   VNI 5001, MAC 02:00:00:00:00:05: eni-a1 of i-a1 in subnet-a1, vpc-a
    │      35.72.2.8 becomes 10.0.1.5
    │      network ACL      acl-a 100
    │      security groups  sg-web tcp 80 from 0.0.0.0/0
    │      it keeps the connection as ESTABLISHED, not tracked
  a1       203.0.113.9:40000 ─▶ 10.0.1.5:80

and the answer comes back
  card x   10.0.1.5:80 ─▶ 203.0.113.9:40000
    │      route table      rtb-a 0.0.0.0/0 to igw-a
    │      10.0.1.5 becomes 35.72.2.8
    ║      outer  02:00:00:00:00:02 ═▶ 02:00:00:00:00:01  172.16.0.11:50001 ═▶ 172.16.0.1:4789  VNI 5001
    ║      inner  02:00:00:00:00:05 ─▶ 02:00:00:00:00:04  35.72.2.8:80 ─▶ 203.0.113.9:40000  TTL 64
  edge2    35.72.2.8:80 ─▶ 203.0.113.9:40000
  client   the answer came after 1.500 ms: the connection is open
`, "\n"), drawn(t, aJourney()))
}

// A journey ends where its packet fell, and says nothing of what it did not reach.
func TestAJourneyToADropIsDrawn(t *testing.T) {
	card := aJourney()
	card.In[1] = Look{ENI: "eni-a1", Stage: "security groups", Found: "no rule of sg-web", Denied: true}
	card.Drop = &Drop{At: "x", LastDrop: nic.LastDrop{Reason: "security_group_in", Sentence: "no rule allows it"}}
	card.Flow, card.Arrived, card.Out, card.Back, card.Answer = nil, nil, nil, nil, ""
	require.True(t, strings.HasSuffix(drawn(t, card), `
    ╳      security groups  no rule of sg-web
    ╳      dropped as security_group_in: no rule allows it
`), drawn(t, card))

	edge := &Journey{From: card.From, To: card.To, Hops: card.Hops, Announcements: card.Announcements, Edge: "edge1"}
	edge.Drop = &Drop{At: "edge1", LastDrop: nic.LastDrop{Reason: "address_unassigned", Sentence: "no ENI has the address"}}
	require.True(t, strings.HasSuffix(drawn(t, edge), `
  edge1    no ENI has 35.72.2.8
    ╳      dropped as address_unassigned: no ENI has the address
`), drawn(t, edge))

	nowhere := &Journey{From: card.From, To: card.To}
	require.True(t, strings.HasSuffix(drawn(t, nowhere), "nobody announces a prefix of 35.72.2.8: the packet goes nowhere\n"), drawn(t, nowhere))
}

func TestAJourneyIsJSON(t *testing.T) {
	text, err := json.Marshal(aJourney())
	require.NoError(t, err)
	var back Journey
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, aJourney(), &back)
}
