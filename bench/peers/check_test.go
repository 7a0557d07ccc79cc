package main

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// delivered is what sg makes of a frame where no address is translated.
func delivered(in []byte) []byte { return bytes.Clone(in[wire.OuterLen:]) }

// judged looks at frames that came out of a capture.
func judged(t *testing.T, e expectation, c *capture, out [][]byte) error {
	file := filepath.Join(t.TempDir(), "out.pcap")
	require.NoError(t, write(file, out))
	return e.inFiles(c, []string{file})
}

func TestFramesThatCameOutRight(t *testing.T) {
	c := captured(t, cell{16, "imix", few})
	var out [][]byte
	for _, f := range c.frames {
		out = append(out, delivered(f))
	}
	require.NoError(t, judged(t, expectation{}, c, out))
}

func TestFramesThatCameOutWrong(t *testing.T) {
	c := captured(t, cell{16, "114", few})
	spoil := func(change func(f []byte) []byte) error {
		var out [][]byte
		for _, f := range c.frames {
			out = append(out, delivered(f))
		}
		out[3] = change(out[3])
		return judged(t, expectation{}, c, out)
	}
	for want, change := range map[string]func(f []byte) []byte{
		"the TCP checksum is wrong":          func(f []byte) []byte { f[40]++; return f },
		"the IPv4 header checksum is wrong":  func(f []byte) []byte { f[30]++; return f },
		"a frame's segment was changed":      func(f []byte) []byte { exchange(f[34:], 2); return f },
		"a frame of 64 bytes came out with":  func(f []byte) []byte { return append(f, 0) },
		"a frame for 02:00:00:00:00:":        func(f []byte) []byte { f[5] ^= 0x80; return f },
		"a frame of no flow":                 func(f []byte) []byte { exchange(f[26:], 4); return f },
		"frames of 15 flows came out, of 16": func(f []byte) []byte { return delivered(c.frames[0]) },
		"the frame ends before it":           func(f []byte) []byte { return f[:8] },
	} {
		require.ErrorContains(t, spoil(change), want)
	}
}

// elsewhere is what encap makes of a frame: a tunnel to another end.
func elsewhere(in []byte) []byte {
	return wiretest.Mend(wiretest.Put(in, 14+16, 198, 18, 0, 2))
}

func TestFramesInTheirNextTunnel(t *testing.T) {
	c := captured(t, cell{16, "114", few})
	var out [][]byte
	for _, f := range c.frames {
		out = append(out, elsewhere(f))
	}
	wrapped := expectation{wrapped: true}
	require.NoError(t, judged(t, wrapped, c, out))
	require.ErrorContains(t, judged(t, wrapped, c, c.frames), "for the tunnel end [198 18 0 1]")
	require.ErrorContains(t, judged(t, expectation{true, private}, c, out), "a frame is for the address [54 0 0 ")
	out[0] = wiretest.Put(out[0], wire.OuterLen-2, 77)
	require.ErrorContains(t, judged(t, wrapped, c, out), "in VNI 00 00 4d")
}
