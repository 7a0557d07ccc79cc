package gso

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// unfinishedCapture is a frame whose innermost transport checksum is left to the
// hardware; the headers around it are as they were.
func unfinishedCapture(t testing.TB, frame []byte) []byte {
	var h wire.Headers
	require.Equal(t, wire.NoFault, wire.Parse(frame, &h))
	at := map[uint8]uint16{wire.ProtoTCP: 16, wire.ProtoUDP: 6}[h.Proto]
	frame = bytes.Clone(frame)
	binary.BigEndian.PutUint16(frame[h.L4+at:], ^wire.Sum(nil, wire.PseudoSum(h.Src, h.Dst, h.Proto, int(h.End-h.L4))))
	return frame
}

// cases are frames as they should be, and as a sender's link has them.
func cases(t testing.TB) map[string][2][]byte {
	syn := wiretest.TCP("203.0.113.9:1", "10.0.1.5:80").Flags(wire.TCPSyn)
	odd := wiretest.UDP("203.0.113.9:1", "10.0.1.5:53").Payload("odd")
	outer := func(inner []byte) []byte {
		return wiretest.VXLAN("172.16.0.1", "172.16.0.11", 5001, inner).Checksum().Bytes()
	}
	// Linux knows what the inner checksum will be when it writes the outer one
	// (local checksum offload), so that one is right beforehand.
	behind := outer(syn.Bytes())
	copy(behind[len(behind)-len(syn.Bytes()):], unfinishedCapture(t, syn.Bytes()))
	return map[string][2][]byte{
		"TCP":                    {syn.Bytes(), unfinishedCapture(t, syn.Bytes())},
		"UDP":                    {odd.Bytes(), unfinishedCapture(t, odd.Bytes())},
		"with a tag and padding": {odd.VLAN(7).Pad(80).Bytes(), unfinishedCapture(t, odd.VLAN(7).Pad(80).Bytes())},
		"a tunnel's own":         {outer(syn.Bytes()), unfinishedCapture(t, outer(syn.Bytes()))},
		"what is in a tunnel":    {outer(syn.Bytes()), behind},
		"both":                   {outer(syn.Bytes()), unfinishedCapture(t, behind)},
	}
}

func TestMend(t *testing.T) {
	for name, c := range cases(t) {
		require.NotEqual(t, c[0], c[1], name)
		require.True(t, new(Cutter).Mend(c[1]), name)
		require.Equal(t, c[0], c[1], name)
		require.NoError(t, wiretest.Check(c[1]), name)
		require.False(t, new(Cutter).Mend(c[1]), "%s: it is finished", name)
	}
}

// What is damaged stays so, whole or not, and no checksum stays none.
func TestMendLeavesTheRest(t *testing.T) {
	for name, c := range cases(t) {
		for at := 14; at < len(c[0]); at++ {
			bad := bytes.Clone(c[0])
			bad[at] ^= 4
			was := bytes.Clone(bad)
			require.False(t, new(Cutter).Mend(bad), "%s, byte %d", name, at)
			require.Equal(t, was, bad)
			require.False(t, new(Cutter).Mend(bad[:at]), "%s, cut at %d", name, at)
		}
	}
	for _, p := range []wiretest.Packet{
		wiretest.UDP("203.0.113.9:1", "10.0.1.5:53").NoChecksum(),
		wiretest.Echo("203.0.113.9", "10.0.1.5", 1),
		wiretest.IP("203.0.113.9", "10.0.1.5", 47),
	} {
		require.False(t, new(Cutter).Mend(p.Bytes()))
	}
}

func FuzzMend(f *testing.F) {
	for _, c := range cases(f) {
		f.Add(c[0])
		f.Add(c[1])
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		before := bytes.Clone(frame)
		if !new(Cutter).Mend(frame) {
			require.Equal(t, before, frame)
			return
		}
		require.False(t, new(Cutter).Mend(frame), "once is enough")
	})
}
