package pipeline

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
)

// Every checksum that a packet can have changes as wire says, also where the
// new one is one of the two zeros. From the ENI's second public address to the
// private one the sum of words carries over, from the first it does not.
func TestSteadyChangesEveryChecksum(t *testing.T) {
	x := newRig(t)
	for _, a := range x.eni("eni-a1").Addrs()[:2] { // those of IPv4
		public, private := a.Public.String(), a.Private.String()
		for _, c := range []checked{
			{wiretest.UDP(client+":40000", public+":53").Size(60), wiretest.UDP(private+":53", client+":40000"), 40},
			{wiretest.TCP(client+":40000", public+":80").Flags(wire.TCPAck), wiretest.TCP(private+":80", client+":40000"), 50},
		} {
			x.changesEvery(c, a.Private)
		}
	}
}

// checked is a packet, the guest's answer, and where the packet's inner frame
// has its checksum.
type checked struct {
	packet, answer wiretest.Packet
	at             int
}

func (r *rig) changesEvery(c checked, private wire.Addr) {
	r.fromInternet("eni-a1", c.packet.Flags(wire.TCPSyn)).delivered("eni-a1")
	r.fromGuest("eni-a1", c.answer.Flags(wire.TCPSyn|wire.TCPAck)).tunneled(edge, vniA)
	r.fromInternet("eni-a1", c.packet).delivered("eni-a1")
	r.fromGuest("eni-a1", c.answer.Flags(wire.TCPAck)).tunneled(edge, vniA)
	frame := r.tunnel(edge, "eni-a1", c.packet)
	inner := frame[wire.OuterLen:]
	for sum := 1<<16 - shorter(1<<10)*pmd.MaxBurst; sum < 1<<16; sum += pmd.MaxBurst {
		for i := range pmd.MaxBurst {
			binary.BigEndian.PutUint16(inner[c.at:], uint16(sum+i))
			require.True(r, r.ports[Uplink].Inject(frame))
		}
		r.Poll(r.now)
		sent := r.ports["eni-a1"].Sent()
		require.Len(r, sent, pmd.MaxBurst)
		for i, got := range sent {
			want := append([]byte(nil), inner...)
			binary.BigEndian.PutUint16(want[c.at:], uint16(sum+i))
			wire.PlainPacket(want).SetAddr(wire.PlainDst, private.As4())
			require.Equal(r, want, got, "checksum %#x", sum+i)
		}
	}
}
