package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// marked is a tunnel whose outer header carries a mark, and a DSCP that is none
// of the guest's business.
func (r *rig) marked(p wiretest.Packet, outer wire.ECN) []byte {
	frame := r.tunnel(edge, "eni-a1", p)
	frame[15] = 46<<2 | byte(outer)
	return wiretest.Mend(frame)
}

// What the underlay says about congestion arrives, and what a sender's ends do
// not understand is dropped, as the router on the way would have (RFC 6040
// section 4.2): of first packets, of known ones, and of those that are not plain.
func TestCongestionLeavesTheTunnel(t *testing.T) {
	const drop = -1
	figure4 := [4][4]int{ // by inner and outer
		wire.NotECT: {0, 0, 0, drop},
		wire.ECT1:   {1, 1, 1, 3},
		wire.ECT0:   {2, 1, 2, 3},
		wire.CE:     {3, 3, 3, 3},
	}
	x := newRig(t)
	for round := range 3 {
		for _, kind := range []func(to string) wiretest.Packet{
			func(to string) wiretest.Packet { return wiretest.UDP(client+":40000", to+":53").Size(100) },
			func(to string) wiretest.Packet { return wiretest.UDP(client+":40000", to+":53").Payload("?") },
			func(to string) wiretest.Packet { return wiretest.TCP(client+":40000", to+":80") },
			func(to string) wiretest.Packet { return wiretest.TCP(client+":40001", to+":80").Options(1, 1, 1, 0) },
			func(to string) wiretest.Packet { return wiretest.Echo(client, to, 7) },
			func(string) wiretest.Packet { return wiretest.TCP("["+client6+"]:40000", "["+a1v6+"]:80") },
		} {
			for _, to := range []string{"35.72.2.8", "35.72.2.9"} {
				private := map[string]string{"35.72.2.8": "10.0.1.5", "35.72.2.9": "10.0.1.15"}[to]
				for inner, row := range figure4 {
					for outer, want := range row {
						e := x.send(Uplink, x.marked(kind(to).TOS(10<<2|uint8(inner)), wire.ECN(outer)))
						if want == drop {
							e.dropped(CongestionDrop)
							require.Equal(t, "eni-a1", e.ENI.ID)
							continue
						}
						require.Equal(t, kind(private).TOS(10<<2|uint8(want)).MACs(edgeRouter, macA1).Bytes(), e.delivered("eni-a1"),
							"round %d, inner %d, outer %d", round, inner, outer)
					}
				}
			}
		}
	}
}

// What a VPC does not carry ends for that reason, whatever the mark: there is no
// field inside to carry it over to.
func TestCongestionOverWhatIsNoIP(t *testing.T) {
	x := newRig(t)
	frame := x.outer(edge, vniA, wiretest.Ethernet(0x88cc, make([]byte, 40)).MACs(edgeRouter, macA1).Bytes()).TOS(uint8(wire.CE)).Bytes()
	x.send(Uplink, frame).dropped(EtherTypeDenied)
}

// What a guest's packet says about congestion is said outside as well, and no
// path keeps it for the next packet. Its DSCP stays inside.
func TestCongestionEntersTheTunnel(t *testing.T) {
	x := newRig(t)
	for range 3 {
		for _, p := range []wiretest.Packet{
			wiretest.UDP("10.0.1.5:53", client+":40000").Size(100),
			wiretest.UDP("10.0.1.5:53", client+":40000").Payload("!"),
			wiretest.TCP("10.0.1.15:80", client+":40000"),
			wiretest.Echo("10.0.1.5", client, 7),
			wiretest.UDP("["+a1v6+"]:53", "["+client6+"]:40000"),
		} {
			for _, inner := range []wire.ECN{wire.CE, wire.NotECT, wire.ECT0, wire.ECT1} {
				e := x.fromGuest("eni-a1", p.TOS(10<<2|uint8(inner)))
				within := e.tunneled(edge, vniA)
				require.Equal(t, byte(inner), e.frame[15], "the tunnel's")
				require.Equal(t, 10<<2|byte(inner), tosOf(t, within), "the packet's")
			}
		}
	}
}

// tosOf is DSCP and congestion mark of a packet of either family.
func tosOf(t *testing.T, frame []byte) byte {
	if header(t, frame).EtherType == wire.EtherTypeIPv6 {
		return frame[14]<<4 | frame[15]>>4
	}
	return frame[15]
}

// Between guests of one card there is no tunnel, and nothing changes.
func TestCongestionBetweenNeighbors(t *testing.T) {
	x := newRig(t)
	for inner := range uint8(4) {
		got := x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:40000", "10.0.1.6:8080").TOS(inner)).delivered("eni-a2")
		require.Equal(t, inner, got[15])
	}
}

// Assembly does what the stages do, for every mark inside and outside, and every
// sum of a header.
func TestCongestionAsTheStages(t *testing.T) {
	w := newTwins(t)
	in, out := wiretest.UDP(client+":40000", "35.72.2.8:53").Size(100), wiretest.UDP("10.0.1.5:53", client+":40000").Size(100)
	for id := range uint16(shorter(500)) {
		for mark := range 16 {
			inner, outer := uint8(mark&3), wire.ECN(mark>>2)
			w.burst(t, Uplink, [][]byte{w[0].marked(in.TOS(inner).ID(id), outer)})
			w.burst(t, "eni-a1", [][]byte{out.TOS(inner).ID(id).Size(100+int(id)).MACs(macA1, w[0].eni("eni-a1").RouterMAC).Bytes()})
		}
	}
}
