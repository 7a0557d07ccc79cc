package gso

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire/wiretest"
)

func TestMend(t *testing.T) {
	for name, c := range wiretest.AsCaptured() {
		require.NotEqual(t, c[0], c[1], name)
		require.True(t, new(Cutter).Mend(c[1]), name)
		require.Equal(t, c[0], c[1], name)
		require.NoError(t, wiretest.Check(c[1]), name)
		require.False(t, new(Cutter).Mend(c[1]), "%s: it is finished", name)
	}
}

// What is damaged stays so, whole or not, and no checksum stays none.
func TestMendLeavesTheRest(t *testing.T) {
	for name, c := range wiretest.AsCaptured() {
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
	for _, c := range wiretest.AsCaptured() {
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
