package nic

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/wire/wiretest"
)

// What the internet sends to a NAT gateway unasked leaves nothing behind, in whole or in fragments: so nobody
// outside uses up the records of the gateway's ENI, which the answers to the hosts inside need.
func TestAFloodLeavesNoRecordsAtANATGateway(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	_, asked := x.out(wiretest.UDP("10.0.2.8:40000", client+":53"))
	for i := range 500 {
		p := wiretest.UDP(client+":"+port(uint16(1000+i)), natPublic+":1024")
		for _, frame := range append(p.ID(uint16(i)).Size(300).Fragments(104)[:1], p.Bytes()) {
			require.True(t, x.ports[Uplink].Inject(nictest.Tunnel(x.card.Policy(), edge, "eni-nat", frame)))
			x.card.Poll(x.now)
		}
	}
	require.Empty(t, x.card.Flows(FlowFilter{ENI: "eni-nat"}))
	for _, piece := range wiretest.UDP(client+":53", natPublic+":"+port(asked.SrcPort)).ID(7).Size(300).Fragments(104) {
		require.True(t, x.ports[Uplink].Inject(nictest.Tunnel(x.card.Policy(), edge, "eni-nat", piece)))
		x.card.Poll(x.now)
		_, from := nictest.Left(t, x.ports, Uplink)
		require.Equal(t, "eni-a4", from, "%v", x.ended)
	}
}

// However many flows lead through a NAT gateway, its ENI has records left for fragments, which pass by no other way.
func TestManyFlowsThroughANATGatewayLeaveFragmentsTheirRecords(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	x.resolve(serverY)
	send := func(frame []byte) bool {
		require.True(t, x.ports[Uplink].Inject(nictest.Tunnel(x.card.Policy(), serverY, "eni-nat", frame)))
		x.card.Poll(x.now)
		frames, _ := nictest.AllLeft(t, x.ports, Uplink)
		return len(frames) == 1
	}
	for i := range 400 {
		require.True(t, send(wiretest.UDP("10.0.2.7:"+port(uint16(1000+i)), client+":53").Bytes()))
	}
	for _, piece := range wiretest.UDP("10.0.2.7:9", client+":53").ID(7).Size(300).Fragments(104) {
		require.True(t, send(piece), "%v", x.ended)
	}
}
