package gso

import (
	"bytes"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
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

// SCTP leaves four zeros to the hardware. Only in front of whole chunks are they a checksum's place.
func TestMendSCTP(t *testing.T) {
	const heartbeat, cookieAck = "\x04\x00\x00\x09\x00\x01\x00\x05!\x00\x00\x00", "\x0b\x00\x00\x04"
	for chunks, mended := range map[string]bool{
		heartbeat + cookieAck:          true,
		cookieAck + heartbeat[:9]:      true, // without its padding
		"":                             false,
		heartbeat[:8]:                  false,
		cookieAck + "\x0b\x00\x00\x03": false,
		cookieAck + "\x00":             false,
	} {
		want := build(t, ether, ip(inner, layers.IPProtocolSCTP, 0), &layers.SCTP{SrcPort: 1, DstPort: 2, VerificationTag: 3}, gopacket.Payload(chunks))
		got := bytes.Clone(want)
		clear(got[34+sctpSum : 34+sctpLen])
		if !mended {
			want = bytes.Clone(got)
		}
		require.Equal(t, mended, new(Cutter).Mend(got), "%q", chunks)
		require.Equal(t, want, got, "%q", chunks)
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
