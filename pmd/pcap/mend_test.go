package pcap

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
)

// A port lends mended frames and counts them.
func TestThePortMends(t *testing.T) {
	c := wiretest.AsCaptured()["both"]
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
