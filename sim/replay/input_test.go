package replay

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/require"
)

// frames are what the captures of these tests hold, a microsecond apart.
var frames = [][]byte{[]byte("first frame"), {}, []byte("third frame, longer")}

func infoOf(i int, frame []byte) gopacket.CaptureInfo {
	at := noon.std().Add(time.Duration(i) * time.Microsecond)
	return gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(frame), Length: len(frame)}
}

func pcapOf(t testing.TB, link layers.LinkType, nanos bool) []byte {
	var b bytes.Buffer
	w := pcapgo.NewWriter(&b)
	if nanos {
		w = pcapgo.NewWriterNanos(&b)
	}
	require.NoError(t, w.WriteFileHeader(4, link)) // too small, as some writers state it
	for i, f := range frames {
		require.NoError(t, w.WritePacket(infoOf(i, f), f))
	}
	return b.Bytes()
}

func pcapngOf(t testing.TB, link layers.LinkType) []byte {
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, link)
	require.NoError(t, err)
	for i, f := range frames {
		require.NoError(t, w.WritePacket(infoOf(i, f), f))
	}
	require.NoError(t, w.Flush())
	return b.Bytes()
}

func zip(t testing.TB, data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// readAll reads a capture to its end.
func readAll(t testing.TB, data []byte) (got []packet, in *input, err error) {
	if in, err = start(Input{"uplink", "in.pcap"}, io.NopCloser(bytes.NewReader(data))); err != nil {
		return nil, nil, err
	}
	for ; !in.done; in.next() {
		p := in.head
		p.frame = bytes.Clone(p.frame)
		got = append(got, p)
	}
	return got, in, nil
}

func TestEveryFormat(t *testing.T) {
	for name, data := range map[string][]byte{
		"pcap, microseconds": pcapOf(t, layers.LinkTypeEthernet, false),
		"pcap, nanoseconds":  pcapOf(t, layers.LinkTypeEthernet, true),
		"pcap, gzipped":      zip(t, pcapOf(t, layers.LinkTypeEthernet, true)),
		"pcapng":             pcapngOf(t, layers.LinkTypeEthernet),
		"pcapng, gzipped":    zip(t, pcapngOf(t, layers.LinkTypeEthernet)),
	} {
		got, in, err := readAll(t, data)
		require.NoError(t, err, name)
		require.NoError(t, in.err, name)
		require.Len(t, got, len(frames), name)
		for i, p := range got {
			require.Equal(t, noon+Time(i)*1000, p.time, name)
			require.Equal(t, string(frames[i]), string(p.frame), name)
		}
	}
}

func TestEmptyCaptures(t *testing.T) {
	ng := pcapngOf(t, layers.LinkTypeEthernet)
	section := binary.LittleEndian.Uint32(ng[4:])
	for name, data := range map[string][]byte{
		"no byte":     nil,
		"pcap":        pcapOf(t, layers.LinkTypeEthernet, true)[:24],
		"pcapng":      ng[:section],
		"gzipped nil": zip(t, nil),
	} {
		got, in, err := readAll(t, data)
		require.NoError(t, err, name)
		require.NoError(t, in.err, name)
		require.Empty(t, got, name)
	}
}

func TestWhatIsNoCapture(t *testing.T) {
	for _, c := range []struct {
		data []byte
		want string
	}{
		{[]byte("x"), "neither pcap nor pcapng"},
		{[]byte("Vpcs: [{VpcId: vpc-a}, {VpcId: vpc-b}]"), "neither pcap nor pcapng"},
		{pcapOf(t, layers.LinkTypeEthernet, true)[:20], "neither pcap nor pcapng"},
		{pcapngOf(t, layers.LinkTypeEthernet)[:10], "no sound pcapng"},
		{pcapOf(t, layers.LinkTypeIPv4, true), "carries Ethernet"},
	} {
		_, _, err := readAll(t, c.data)
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, "in.pcap")
	}
	_, in, err := readAll(t, pcapngOf(t, layers.LinkTypeIPv4))
	require.NoError(t, err)
	require.ErrorContains(t, in.err, "packet 1: holds frames of link type 228")
}

// A resolution of 10^-64 s makes gopacket divide by zero.
func TestADamagedCaptureIsAnError(t *testing.T) {
	data := pcapngOf(t, layers.LinkTypeEthernet)
	resolution := []byte{9, 0, 1, 0, 9}
	require.Equal(t, 1, bytes.Count(data, resolution))
	_, in, err := readAll(t, bytes.Replace(data, resolution, []byte{9, 0, 1, 0, 64}, 1))
	require.NoError(t, err)
	require.ErrorContains(t, in.err, "in.pcap: packet 1: the file is damaged")
}

func TestACutPacketIsCountedAndGoesOn(t *testing.T) {
	var b bytes.Buffer
	w := pcapgo.NewWriterNanos(&b)
	require.NoError(t, w.WriteFileHeader(64, layers.LinkTypeEthernet))
	ci := infoOf(0, frames[0])
	ci.Length = 1500
	require.NoError(t, w.WritePacket(ci, frames[0]))
	got, in, err := readAll(t, b.Bytes())
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, 1, in.short)
	require.Contains(t, merge{in}.notes()[0], "1 of 1 packets are cut short")
}

// Whatever a file holds, reading it ends, in order of time, and without a
// panic or gigabytes.
func FuzzInput(f *testing.F) {
	f.Add(pcapOf(f, layers.LinkTypeEthernet, true))
	f.Add(pcapOf(f, layers.LinkTypeEthernet, false))
	f.Add(pcapngOf(f, layers.LinkTypeEthernet))
	f.Add(zip(f, pcapngOf(f, layers.LinkTypeEthernet)))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, _, err := readAll(t, data)
		if err != nil {
			return
		}
		clock := Time(0)
		for _, p := range got {
			require.GreaterOrEqual(t, p.clock, clock)
			require.LessOrEqual(t, p.time, p.clock)
			require.LessOrEqual(t, len(p.frame), maxCapture)
			clock = p.clock
		}
	})
}
