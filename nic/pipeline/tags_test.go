package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// tags are what a frame that is of no VLAN may carry.
var tags = map[string]func(wiretest.Packet) wiretest.Packet{
	"no tag":          func(p wiretest.Packet) wiretest.Packet { return p },
	"a priority":      func(p wiretest.Packet) wiretest.Packet { return p.VLAN(5 << 13) },
	"two priorities":  func(p wiretest.Packet) wiretest.Packet { return p.VLAN(0).QinQ(7<<13 | 1<<12) },
	"a service's tag": func(p wiretest.Packet) wiretest.Packet { return p.QinQ(3 << 13) },
}

// A priority is no VLAN: whatever carries one is taken as if it had no tag, and
// goes on without, first packets and known ones.
func TestAPriorityIsNoVLAN(t *testing.T) {
	for what, tagged := range tags {
		t.Run(what, func(t *testing.T) {
			x := newRig(t)
			a1 := x.eni("eni-a1")
			for range 3 {
				in := wiretest.UDP(client+":40000", "35.72.2.8:53").Size(100)
				want := wiretest.UDP(client+":40000", "10.0.1.5:53").Size(100).MACs(edgeRouter, macA1).Bytes()
				require.Equal(t, want, x.send(Uplink, tagged(x.outer(edge, vniA, in.MACs(edgeRouter, macA1).Bytes())).Bytes()).delivered("eni-a1"), "outside")
				require.Equal(t, want, x.send(Uplink, x.outer(edge, vniA, tagged(in.MACs(edgeRouter, macA1)).Bytes()).Bytes()).delivered("eni-a1"), "inside")
				out := wiretest.UDP("10.0.1.5:53", client+":40000").Size(100)
				left := x.send("eni-a1", tagged(out.MACs(macA1, a1.RouterMAC)).Bytes()).tunneled(edge, vniA)
				require.Equal(t, wiretest.UDP("35.72.2.8:53", client+":40000").Size(100).MACs(x.toEdge("eni-a1"), edgeRouter).Bytes(), left)
				to2 := wiretest.TCP("10.0.1.5:40000", "10.0.1.6:8080").MACs(macA1, macA2)
				require.Equal(t, to2.Bytes(), x.send("eni-a1", tagged(to2).Bytes()).delivered("eni-a2"), "to a neighbor")
			}
			e := x.send("eni-a1", tagged(wiretest.ARPRequest(macA1, "10.0.1.5", "10.0.1.1")).Bytes())
			require.Equal(t, wiretest.ARPReply(wire.Neighbor{MAC: a1.RouterMAC, Addr: wiretest.Addr("10.0.1.1")}, wire.Neighbor{MAC: macA1, Addr: a1.Primary}).Bytes(), e.frame)
			e = x.send(Uplink, tagged(wiretest.ARPRequest(edgeUnderlay, edge, serverX)).Bytes())
			require.Equal(t, wiretest.ARPReply(wire.Neighbor{MAC: stations[serverX], Addr: wiretest.Addr(serverX)}, wire.Neighbor{MAC: edgeUnderlay, Addr: wiretest.Addr(edge)}).Bytes(), e.frame)
		})
	}
}
