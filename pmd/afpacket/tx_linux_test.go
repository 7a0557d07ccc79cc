package afpacket

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// Slots are for the device's MTU, and for no more than a port carries, such as on the loopback
// interface with its 64 KB: there, each slot would be seven times as long for nothing.
func TestSlotsAreForWhatAPortCarries(t *testing.T) {
	for _, c := range []struct{ mtu, longest int }{
		{1500, 1514}, {9001, 9015},
		{pmd.MaxMTU, wire.EthernetLen + pmd.MaxMTU}, {pmd.MaxMTU + 1, wire.EthernetLen + pmd.MaxMTU}, {1 << 16, wire.EthernetLen + pmd.MaxMTU},
	} {
		var r txRing
		r.plan(c.mtu)
		require.True(t, r.fits(make([]byte, c.longest)), c.mtu)
		require.False(t, r.fits(make([]byte, c.longest+1)), c.mtu)
		require.Less(t, r.slotSize, txDataFrom+c.longest+wire.VLANLen+64, c.mtu)
	}
}
