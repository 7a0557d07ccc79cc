package replay

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// An answer to ARP in the capture tells where the edge is.
func TestTheUnderlayIsReadFromARP(t *testing.T) {
	d := newDesk(t)
	at := wire.MAC{0x02, 0, 0, 0, 0xaa, 0xaa}
	d.in("uplink", stamped{noon + second, wiretest.ARPRequest(at, "172.16.0.1", "172.16.0.11").Bytes()})
	d.in("eni-a1", stamped{noon, wiretest.TCP("10.0.1.5:5000", "203.0.113.7:80").Flags(wire.TCPSyn).MACs(a1, routerMAC(t, d)).Bytes()})
	d.run()
	out := d.out("uplink")
	require.Len(t, out, 2, "the packet and an ARP reply, and no request")
	require.Equal(t, at, wire.Ethernet(out[0].frame).Dst())
}

// With nothing captured the MACs are made up, and no packet waits for them.
func TestTheUnderlayIsMadeUp(t *testing.T) {
	d := newDesk(t)
	d.in("eni-a1", stamped{noon, wiretest.TCP("10.0.1.5:5000", "203.0.113.7:80").Flags(wire.TCPSyn).MACs(a1, routerMAC(t, d)).Bytes()})
	d.run()
	out := d.out("uplink")
	require.Len(t, out, 1)
	require.Equal(t, wire.MAC{2, 0, 172, 16, 0, 1}, wire.Ethernet(out[0].frame).Dst())
	require.Equal(t, wire.MAC{2, 0, 172, 16, 0, 11}, wire.Ethernet(out[0].frame).Src())
}
