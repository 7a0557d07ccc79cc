package nic

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
)

// Every checksum that a packet can have changes as wire says, also where the
// new one is one of the two zeros.
func TestSteadyChangesEveryChecksum(t *testing.T) {
	x := newRig(t)
	private := x.eni("eni-a1").Addrs[0].Private
	for _, c := range []struct {
		packet, answer wiretest.Packet
		at             int // of the checksum in the inner frame
	}{
		{wiretest.UDP(client+":40000", "35.72.2.8:53").Size(60), wiretest.UDP("10.0.1.5:53", client+":40000"), 40},
		{wiretest.TCP(client+":40000", "35.72.2.8:80").Flags(wire.TCPAck), wiretest.TCP("10.0.1.5:80", client+":40000"), 50},
	} {
		x.fromInternet("eni-a1", c.packet.Flags(wire.TCPSyn)).delivered("eni-a1")
		x.fromGuest("eni-a1", c.answer.Flags(wire.TCPSyn|wire.TCPAck)).tunneled(edge, vniA)
		x.fromInternet("eni-a1", c.packet).delivered("eni-a1")
		x.fromGuest("eni-a1", c.answer.Flags(wire.TCPAck)).tunneled(edge, vniA)
		frame := x.tunnel(edge, "eni-a1", c.packet)
		inner := frame[wire.OuterLen:]
		for sum := 0; sum < 1<<16; sum += pmd.MaxBurst {
			for i := range pmd.MaxBurst {
				binary.BigEndian.PutUint16(inner[c.at:], uint16(sum+i))
				require.True(t, x.ports[Uplink].Inject(frame))
			}
			x.card.Poll(x.now)
			sent := x.ports["eni-a1"].Sent()
			require.Len(t, sent, pmd.MaxBurst)
			for i, got := range sent {
				want := append([]byte(nil), inner...)
				binary.BigEndian.PutUint16(want[c.at:], uint16(sum+i))
				wire.PlainPacket(want).SetAddr(wire.PlainDst, private)
				require.Equal(t, want, got, "checksum %#x", sum+i)
			}
		}
	}
}
