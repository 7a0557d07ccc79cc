package wire_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

var guest, router = wire.MAC{2, 0, 0, 0, 0xa, 1}, wire.MAC{2, 0, 0, 0, 0xb, 1}

func TestARPRequestAsksEverybody(t *testing.T) {
	got := wire.ARPRequest(make([]byte, 100), wire.Neighbor{MAC: guest, Addr: a}, b)
	require.Equal(t, wiretest.ARPRequest(guest, "10.0.1.5", "10.0.1.6").Bytes(), got)
}

// The reply goes to the asker alone, with its VLAN tags.
func TestARPReplyAnswersTheAsker(t *testing.T) {
	ask := wiretest.ARPRequest(guest, "10.0.1.5", "10.0.1.6")
	reply := wiretest.ARPReply(wire.Neighbor{MAC: router, Addr: b}, wire.Neighbor{MAC: guest, Addr: a})
	for what, frames := range map[string][2]wiretest.Packet{
		"untagged": {ask, reply},
		"tagged":   {ask.VLAN(7), reply.VLAN(7)},
		"QinQ":     {ask.VLAN(7).QinQ(8), reply.VLAN(7).QinQ(8)},
		"padded":   {ask.Pad(60), reply.Pad(60)},
	} {
		t.Run(what, func(t *testing.T) {
			frame := frames[0].Bytes()
			wire.ARPReply(frame, router)
			require.Equal(t, frames[1].Bytes(), frame)
		})
	}
}

func TestARPView(t *testing.T) {
	arp := wire.ARP(wiretest.ARPReply(wire.Neighbor{MAC: router, Addr: b}, wire.Neighbor{MAC: guest, Addr: a}).Bytes()[14:])
	require.EqualValues(t, wire.ARPOpReply, arp.Op())
	require.Equal(t, router, arp.SenderMAC())
	require.Equal(t, []wire.Addr{b, a}, []wire.Addr{arp.Sender(), arp.Target()})
}
