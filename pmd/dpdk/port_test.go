//go:build dpdk && cgo && linux

package dpdk

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
	"nitrocard/pmd/mem"
	"nitrocard/pmd/pmdtest"
)

// receive polls a port until a frame is there.
func receive(t testing.TB, p pmd.Port) []byte {
	t.Helper()
	var b pmd.Burst
	pmdtest.Until(t, "a frame", func() bool { p.Rx(&b); return b.N > 0 })
	require.Equal(t, 1, b.N)
	return append([]byte(nil), b.Frames[0].Bytes()...)
}

// send sends what a port of another driver received.
func send(t testing.TB, p pmd.Port, frame []byte) {
	t.Helper()
	m := mem.New(mem.Options{})
	require.True(t, m.Inject(frame))
	var b pmd.Burst
	m.Rx(&b)
	require.Equal(t, 1, p.Tx([]*pmd.Frame{&b.Frames[0]}))
}

func pattern(n int) []byte {
	frame := make([]byte, n)
	for i := range frame {
		frame[i] = byte(i * 7)
	}
	return frame
}

// A card with ports of several drivers passes frames between them.
func TestFramesPassBetweenDrivers(t *testing.T) {
	one, other := cable(t)
	frame := pattern(200)
	send(t, one, frame)

	var b pmd.Burst
	pmdtest.Until(t, "a frame", func() bool { other.Rx(&b); return b.N > 0 })
	m := mem.New(mem.Options{})
	require.Equal(t, 1, m.Tx([]*pmd.Frame{&b.Frames[0]}))
	require.Equal(t, [][]byte{frame}, m.Sent())
}

// Copied and lent frames in one burst keep their order.
func TestABurstMixesDrivers(t *testing.T) {
	in, far := cable(t)
	out, end := cable(t)
	for i := range 3 {
		send(t, far, pattern(100+i))
	}
	var lent, copied, got pmd.Burst
	in.Rx(&lent)
	require.Equal(t, 3, lent.N)
	m := mem.New(mem.Options{})
	for i := range 3 {
		require.True(t, m.Inject(pattern(200+i)))
	}
	m.Rx(&copied)
	require.Equal(t, 6, out.Tx([]*pmd.Frame{
		&lent.Frames[0], &copied.Frames[0], &copied.Frames[1], &lent.Frames[1], &copied.Frames[2], &lent.Frames[2]}))
	end.Rx(&got)
	var lengths []int
	for i := range got.N {
		require.Equal(t, pattern(got.Frames[i].Len()), got.Frames[i].Bytes())
		lengths = append(lengths, got.Frames[i].Len())
	}
	require.Equal(t, []int{100, 200, 201, 101, 202, 102}, lengths)
}

// The memory of a frame goes from port to port.
func TestAFrameIsNotCopiedBetweenDPDKPorts(t *testing.T) {
	in, far := cable(t)
	out, end := cable(t)
	send(t, far, pattern(100))
	var a, b pmd.Burst
	in.Rx(&a)
	where := &a.Frames[0].Bytes()[0]
	require.Equal(t, 1, out.Tx([]*pmd.Frame{&a.Frames[0]}))
	end.Rx(&b)
	require.Same(t, where, &b.Frames[0].Bytes()[0])
	in.Rx(&a) // and its first owner lets it be
	require.Equal(t, pattern(100), b.Frames[0].Bytes())
}

// A frame that is sent twice went with the first; the second is counted.
func TestAFrameIsSentOnce(t *testing.T) {
	in, far := cable(t)
	out, end := cable(t)
	send(t, far, pattern(100))
	var a, b pmd.Burst
	in.Rx(&a)
	require.Equal(t, 1, out.Tx([]*pmd.Frame{&a.Frames[0]}))
	require.Equal(t, 1, out.Tx([]*pmd.Frame{&a.Frames[0]}))
	require.Equal(t, [2]uint64{1, 1}, [2]uint64{out.Stats().TxPackets, out.Stats().TxDropped})
	end.Rx(&b)
	require.Equal(t, 1, b.N)
}

// Frames that the card drops, and frames that found no room, give their
// memory back: there are far more of them than mbufs.
func TestNoMemoryIsLost(t *testing.T) {
	in, far := cable(t)
	out, _ := cable(t) // which nobody empties
	foreign := mem.NewSource(mem.Options{}, [][]byte{pattern(100)}, 1, mem.Stamp{})
	var b pmd.Burst
	var frames [pmd.MaxBurst]*pmd.Frame
	for i := range frames {
		frames[i] = &b.Frames[i]
	}
	for range 4 * int(eal.mbufs) / pmd.MaxBurst {
		foreign.Rx(&b)
		out.Tx(frames[:])
		require.Equal(t, pmd.MaxBurst, far.Tx(frames[:]))
		in.Rx(&b)
		require.Equal(t, pmd.MaxBurst, b.N)
		out.Tx(frames[:b.N/2])
	}
}

// capture writes frames to a file.
func capture(t testing.TB, frames ...[]byte) string {
	name := filepath.Join(t.TempDir(), "in.pcap")
	f, err := os.Create(name)
	require.NoError(t, err)
	defer f.Close()
	w := pcapgo.NewWriter(f)
	require.NoError(t, w.WriteFileHeader(65536, layers.LinkTypeEthernet))
	for _, frame := range frames {
		require.NoError(t, w.WritePacket(gopacket.CaptureInfo{Timestamp: time.Unix(1, 0), CaptureLength: len(frame), Length: len(frame)}, frame))
	}
	return name
}

func TestAFileIsReceived(t *testing.T) {
	p := plug(t, unique("net_pcap")+",rx_pcap="+capture(t, pattern(100), pattern(9015)))
	var b pmd.Burst
	p.Rx(&b)
	require.Equal(t, 2, b.N)
	require.Equal(t, pattern(100), b.Frames[0].Bytes())
	require.Equal(t, pattern(9015), b.Frames[1].Bytes())
	require.EqualValues(t, 2, p.Stats().RxPackets)
	require.EqualValues(t, 2, p.Detail().Extended["rx_good_packets"])
}

// What no port carries does not reach the card, and is counted by its reason.
func TestAFrameTooLongIsLost(t *testing.T) {
	p := plug(t, unique("net_pcap")+",rx_pcap="+capture(t, pattern(30000), pattern(100)))
	require.Equal(t, pattern(100), receive(t, p))
	require.Equal(t, pmd.Stats{RxPackets: 1, RxBytes: 100, RxTooLong: 1}, p.Stats())
}
