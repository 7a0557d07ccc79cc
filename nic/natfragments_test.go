package nic

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// NATGW: a packet that is longer than 8,500 bytes and may be fragmented comes to the gateway in
// fragments, and leaves for the internet in fragments of those. Each byte arrives.
func TestALongDatagramPassesANATGatewayInFragments(t *testing.T) {
	x := natRig(t, Options{Card: "x"})
	a4 := x.eni("eni-a4")
	long := wiretest.UDP("10.0.2.8:40000", client+":53").Size(14+9001).MACs(a4.MAC, a4.RouterMAC).Bytes()
	require.True(t, x.ports["eni-a4"].Inject(long))
	x.card.Poll(x.now)
	frames, from := nictest.AllLeft(t, x.ports, Uplink)
	require.Equal(t, Uplink, from, "%v", x.ended)
	require.Len(t, frames, 6+1)
	payload := make([]byte, 9001-wire.IPv4Len)
	for _, f := range frames {
		inner := nictest.InTunnel(t, x.card.Policy(), f, edge, vniA)
		h := header(t, inner)
		require.Equal(t, natPublic, h.Src.String())
		copy(payload[h.Place(inner).From:], inner[h.L4:h.End])
	}
	require.Equal(t, long[34+8:], payload[8:])
}

// merging is a port that lends frames of TCP above 2,000 bytes as merged ones, of segments of 1,000
// bytes.
type merging struct{ *mem.Port }

func (m merging) Rx(b *pmd.Burst) {
	m.Port.Rx(b)
	for i := range b.N {
		f := &b.Frames[i]
		if f.Len() < 2000 {
			continue
		}
		// TCP's checksum is the complement of that of the pseudo-header.
		mem := append(make([]byte, pmd.Headroom), f.Bytes()...)
		var h wire.Headers
		inner := mem[pmd.Headroom+wire.OuterLen:]
		wire.Parse(inner, &h)
		pseudo := ^wire.Sum(nil, wire.PseudoSum(h.Src, h.Dst, h.Proto, int(h.End-h.L4)))
		inner[h.L4+16], inner[h.L4+17] = ^byte(pseudo>>8), ^byte(pseudo)
		f.LendMerged(mem, pmd.Headroom, f.Len(), 1000)
		b.Merged |= 1 << i
	}
}

// NATGW: what a kernel merged of a download comes to a host of IPv6 in packets of IPv6, on this
// card and by the tunnel.
func TestMergedFramesThroughNAT64(t *testing.T) {
	for _, host := range []string{"eni-a4", "eni-a3"} {
		x, addr := nat64Rig(t, Options{Card: "x"}), a4v6
		if host == "eni-a3" {
			addr = a3v6
		}
		uplink := mem.New(mem.Options{})
		x.replug(Uplink, merging{uplink})
		x.ports[Uplink] = uplink
		x.resolve(edge)
		x.resolve(serverY)
		syn := wiretest.TCP(at(addr, 40000), at(client64, 443)).Flags(wire.TCPSyn)
		e := x.eni(host)
		var left []byte
		if host == "eni-a4" {
			left, _ = x.through(host, syn.MACs(e.MAC, e.RouterMAC).Bytes())
		} else {
			left, _ = x.through(Uplink, x.tunnel(serverY, "eni-nat", syn))
		}
		h := header(t, nictest.InTunnel(t, x.card.Policy(), left, edge, vniA))
		require.Equal(t, natPublic, h.Src.String())

		page := wiretest.TCP(client+":443", natPublic+":"+port(h.SrcPort)).Flags(wire.TCPAck | wire.TCPPsh).Size(14 + 40 + 3500)
		require.True(t, uplink.Inject(x.tunnel(edge, "eni-nat", page)))
		x.ended = nil
		require.Equal(t, 1, x.card.Poll(x.now))
		frames, from := nictest.AllLeft(t, x.ports, Uplink)
		require.Len(t, frames, 4, "%v", x.ended)
		seq := uint32(1)
		for i, f := range frames {
			if from == Uplink {
				f = nictest.InTunnel(t, x.card.Policy(), f, serverY, vniA)
			}
			require.NoError(t, wiretest.Check(f))
			h := header(t, f)
			require.Equal(t, []any{client64, addr, uint16(40000), seq}, []any{h.Src.String(), h.Dst.String(), h.DstPort, wire.TCP(f[h.L4:]).Seq()})
			require.Equal(t, i == 3, h.Flags&wire.TCPPsh != 0)
			seq += uint32(h.End-h.L4) - wire.TCPLen
		}
		require.EqualValues(t, 3501, seq)
		v, _ := x.card.NAT("nat-1")
		require.EqualValues(t, []uint64{4, 4, 0}, []uint64{v.PacketsInFromDestination, v.PacketsOutToSource, v.PacketsDropCount})
		require.Equal(t, pipeline.Sent, x.ended[0].Verdict)
	}
}
