package nic

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// Behind a NAT gateway each host has a budget of its own of what the card tells of the MTU: one that sends
// nothing but too long packets leaves the others theirs, of both families.
func TestOneHostLeavesOthersWhatTheCardTellsOfTheMTU(t *testing.T) {
	x := nat64Rig(t, Options{Card: "x"})
	x.resolve(serverY)
	tells := func(port string, frame []byte) bool {
		x.ended = nil
		require.True(t, x.ports[port].Inject(frame))
		x.card.Poll(x.now)
		frames, from := nictest.AllLeft(t, x.ports, port)
		if len(frames) == 0 {
			require.Equal(t, pipeline.PacketTooBigUntold, x.ended[1].Verdict)
			return false
		}
		require.Equal(t, port, from)
		return true
	}
	a4 := x.eni("eni-a4")
	flood := wiretest.UDP("10.0.2.8:40000", client+":53").DF().Size(14+1501).MACs(a4.MAC, a4.RouterMAC).Bytes()
	told := 0
	for tells("eni-a4", flood) {
		told++
	}
	require.Equal(t, 64, told)
	require.True(t, tells("eni-a4", wiretest.UDP(at(a4v6, 40000), at(client64, 53)).Size(14+1521).MACs(a4.MAC, a4.RouterMAC).Bytes()))
	for _, p := range []wiretest.Packet{
		wiretest.UDP("10.0.2.7:40000", client+":53").DF(), wiretest.Echo("10.0.2.7", client, 7).DF(),
		wiretest.TCP("10.0.2.7:40000", client+":443").Flags(wire.TCPSyn).DF(),
	} {
		require.True(t, tells(Uplink, x.tunnel(serverY, "eni-nat", p.Size(14+1501))))
	}
	require.False(t, tells("eni-a4", flood))
	x.wait(70e6)
	require.True(t, tells("eni-a4", flood))
}
