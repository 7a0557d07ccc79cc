package pcap

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
)

// unfinished is a frame whose innermost transport checksum is left to the
// hardware; the headers around it are as they were.
func unfinished(t testing.TB, frame []byte) []byte {
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
	copy(behind[len(behind)-len(syn.Bytes()):], unfinished(t, syn.Bytes()))
	return map[string][2][]byte{
		"TCP":                    {syn.Bytes(), unfinished(t, syn.Bytes())},
		"UDP":                    {odd.Bytes(), unfinished(t, odd.Bytes())},
		"with a tag and padding": {odd.VLAN(7).Pad(80).Bytes(), unfinished(t, odd.VLAN(7).Pad(80).Bytes())},
		"a tunnel's own":         {outer(syn.Bytes()), unfinished(t, outer(syn.Bytes()))},
		"what is in a tunnel":    {outer(syn.Bytes()), behind},
		"both":                   {outer(syn.Bytes()), unfinished(t, behind)},
	}
}

// A port lends mended frames and counts them.
func TestThePortMends(t *testing.T) {
	c := cases(t)["both"]
	file := filepath.Join(t.TempDir(), "x.pcap")
	require.NoError(t, os.WriteFile(file, pcapOf(t, packet{second, c[0]}, packet{second, c[1]}), 0o600))
	p, err := Open(file)
	require.NoError(t, err)
	defer p.Close()
	var b pmd.Burst
	p.Rx(&b)
	require.Equal(t, 2, b.N)
	require.Equal(t, c[0], b.Frames[0].Bytes())
	require.Equal(t, c[0], b.Frames[1].Bytes())
	require.EqualValues(t, 1, p.Stats().Mended)
}
