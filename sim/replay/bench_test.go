package replay

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd/pcap"
)

// BenchmarkReplay replays a capture of 1,000 connections from the internet,
// with verdicts, files included.
func BenchmarkReplay(b *testing.B) {
	cfg, err := vpc.Load("testdata/region.yaml")
	require.NoError(b, err)
	dir := b.TempDir()
	in, err := pcap.CreateWriter(dir + "/in.pcap")
	require.NoError(b, err)
	frames := make([][]byte, 1000)
	for i := range frames {
		frames[i] = fromClient(fmt.Sprintf("203.0.113.7:%d", 40000+i), "80", wire.TCPSyn)
	}
	for i := range b.N {
		require.NoError(b, in.Write(int64(noon)+int64(i)*1000, frames[i%len(frames)]))
	}
	require.NoError(b, in.Close())
	b.ResetTimer()
	b.ReportAllocs()
	sum, err := Run(b.Context(), Options{Config: cfg, Inputs: []Input{{"uplink", dir + "/in.pcap"}}, Out: dir + "/out", Verdicts: dir + "/v.jsonl"})
	require.NoError(b, err)
	require.Equal(b, b.N, sum.Packets)
}
