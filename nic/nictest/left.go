package nictest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd/mem"
)

// Left is the one frame that left by a port, and the port's name, beside the card's
// own questions to the underlay, an edge's to the internet, and what guests hear unasked of their router. The frame
// is nil if none left.
func Left(t testing.TB, ports map[string]*mem.Port, uplink string) (frame []byte, from string) {
	t.Helper()
	frames, from := AllLeft(t, ports, uplink)
	require.LessOrEqual(t, len(frames), 1, "one frame leaves at most")
	if len(frames) > 0 {
		frame = frames[0]
	}
	return frame, from
}

// AllLeft is Left for a packet that may leave in fragments.
func AllLeft(t testing.TB, ports map[string]*mem.Port, uplink string) (frames [][]byte, from string) {
	t.Helper()
	for name, p := range ports {
		for _, f := range p.Sent() {
			if IsQuestion(f) && (name == uplink || name == "internet") || name != uplink && IsUnasked(f) {
				continue
			}
			require.Contains(t, []string{"", name}, from, "frames leave by one port")
			frames, from = append(frames, f), name
		}
	}
	return frames, from
}

// IsQuestion tells whether a frame is the card's own question for a MAC, by ARP or by neighbor
// discovery.
func IsQuestion(f []byte) bool {
	var h wire.Headers
	if wire.Parse(f, &h) == wire.NoFault && h.IsND() {
		return h.Type == wire.NDNeighborSolicitation
	}
	return wire.Ethernet(f).EtherType() == wire.EtherTypeARP && wire.ARP(f[14:]).Op() == wire.ARPOpRequest
}

// IsUnasked tells whether a frame is what a guest hears unasked of its router, by neighbor discovery.
func IsUnasked(f []byte) bool {
	var h wire.Headers
	return wire.Parse(f, &h) == wire.NoFault && h.IsND() && h.Type == wire.NDRouterAdvertisement && h.Dst.IsGroup()
}

// InTunnel holds that a frame is a tunnel from the policy's card to vtep, and is what
// is in the tunnel.
func InTunnel(t testing.TB, p *vpc.Policy, frame []byte, vtep string, vni uint32) []byte {
	t.Helper()
	require.NoError(t, wiretest.Check(frame))
	var o wire.Outer
	is, fault := wire.ParseVXLAN(frame, &o)
	require.True(t, is, fault.Sentence())
	card := p.Card.VTEP.String()
	require.Equal(t, []string{card, vtep}, []string{o.Src.String(), o.Dst.String()})
	require.Equal(t, vni, o.VNI)
	require.Equal(t, len(frame), int(o.End), "the tunnel ends where the frame does")
	require.Equal(t, Stations[vtep], wire.Ethernet(frame).Dst())
	require.Equal(t, Stations[card], wire.Ethernet(frame).Src())
	return frame[o.Inner:]
}

// Header describes a frame that Parse accepts.
func Header(t testing.TB, frame []byte) wire.Headers {
	t.Helper()
	var h wire.Headers
	f := wire.Parse(frame, &h)
	require.Equal(t, wire.NoFault, f, f.Sentence())
	return h
}
