package pcap

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
)

// packet is one record of a capture.
type packet struct {
	ns    int64
	frame []byte
}

const second = int64(time.Second)

var two = []packet{{1700000000*second + 123456789, bytes.Repeat([]byte{1}, 60)}, {1700000001 * second, bytes.Repeat([]byte{2}, 1514)}}

func pcapOf(t testing.TB, packets ...packet) []byte {
	var out bytes.Buffer
	w, err := NewWriter(&out)
	require.NoError(t, err)
	for _, p := range packets {
		require.NoError(t, w.Write(p.ns, p.frame))
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

func pcapngOf(t testing.TB, link layers.LinkType, packets ...packet) []byte {
	var out bytes.Buffer
	w, err := pcapgo.NewNgWriter(&out, link)
	require.NoError(t, err)
	for _, p := range packets {
		ci := gopacket.CaptureInfo{Timestamp: time.Unix(0, p.ns), CaptureLength: len(p.frame), Length: len(p.frame)}
		require.NoError(t, w.WritePacket(ci, p.frame))
	}
	require.NoError(t, w.Flush())
	return out.Bytes()
}

// bigEndianMicros is a capture as a big-endian machine writes it.
func bigEndianMicros(packets ...packet) []byte {
	b := binary.BigEndian.AppendUint32(nil, 0xa1b2c3d4)
	b = append(b, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0, 1) // snap length 64, Ethernet
	for _, p := range packets {
		b = binary.BigEndian.AppendUint32(b, uint32(p.ns/second))
		b = binary.BigEndian.AppendUint32(b, uint32(p.ns%second/1000))
		b = binary.BigEndian.AppendUint32(b, uint32(len(p.frame)))
		b = binary.BigEndian.AppendUint32(b, uint32(len(p.frame)))
		b = append(b, p.frame...)
	}
	return b
}

func gzipped(t testing.TB, b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(b)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func readAll(r *Reader) (packets []packet, err error) {
	for {
		ns, frame, err := r.Next()
		if err != nil {
			return packets, err
		}
		packets = append(packets, packet{ns, bytes.Clone(frame)})
	}
}

func TestReaderReadsEveryFormat(t *testing.T) {
	micros := []packet{{two[0].ns / 1000 * 1000, two[0].frame}, two[1]}
	for _, c := range []struct {
		name string
		file []byte
		want []packet
	}{
		{"pcap", pcapOf(t, two...), two},
		{"pcap, gzipped", gzipped(t, pcapOf(t, two...)), two},
		{"pcap, big-endian microseconds, snap length too small", bigEndianMicros(two...), micros},
		{"pcapng", pcapngOf(t, layers.LinkTypeEthernet, two...), two},
		{"pcapng, gzipped", gzipped(t, pcapngOf(t, layers.LinkTypeEthernet, two...)), two},
		{"pcap without packets", pcapOf(t), nil},
		{"pcapng without packets", pcapngOf(t, layers.LinkTypeEthernet), nil},
		{"pcapng without interface", pcapngOf(t, layers.LinkTypeEthernet)[:28], nil},
		{"no bytes at all", nil, nil},
	} {
		r, err := NewReader(c.name, bytes.NewReader(c.file))
		require.NoError(t, err, c.name)
		got, err := readAll(r)
		require.Equal(t, io.EOF, err, c.name)
		require.Equal(t, c.want, got, c.name)
		require.Zero(t, r.Skipped())
	}
}

func TestReaderSkipsWhatIsNoFrame(t *testing.T) {
	var out bytes.Buffer
	w := pcapgo.NewWriterNanos(&out)
	require.NoError(t, w.WriteFileHeader(65535, layers.LinkTypeEthernet))
	for _, n := range []struct{ captured, length int }{{60, 1514}, {60, 60}, {pmd.MaxFrame + 1, pmd.MaxFrame + 1}, {pmd.MaxFrame, pmd.MaxFrame}} {
		require.NoError(t, w.WritePacket(gopacket.CaptureInfo{CaptureLength: n.captured, Length: n.length}, make([]byte, n.captured)))
	}
	r, err := NewReader("x", &out)
	require.NoError(t, err)
	got, err := readAll(r)
	require.Equal(t, io.EOF, err)
	require.Len(t, got, 2)
	require.Len(t, got[0].frame, 60)
	require.Len(t, got[1].frame, pmd.MaxFrame)
	require.Equal(t, Skipped{Truncated: 1, TooLong: 1}, r.Skipped())
}

func TestReaderSaysWhatIsWrong(t *testing.T) {
	good := pcapOf(t, two...)
	sll := bytes.Clone(good)
	sll[20] = byte(layers.LinkTypeLinuxSLL)
	huge := bytes.Clone(good)
	binary.LittleEndian.PutUint32(huge[24+8:], 1<<31)
	for _, c := range []struct {
		name, want string
		file       []byte
	}{
		{"text", "x: a capture in pcap or pcapng format is expected", []byte("hello, this is no capture at all")},
		{"header cut", "x: a capture in pcap or pcapng format is expected", good[:10]},
		{"cooked", "x: a capture of Ethernet frames is expected, not of Linux SLL", sll},
		{"cooked pcapng", "x: a capture of Ethernet frames is expected, not of Linux SLL", pcapngOf(t, layers.LinkTypeLinuxSLL, two...)},
		{"cut in a packet", "x: packet 2: the file ends within it", good[:len(good)-1]},
		{"cut in a packet's header", "x: packet 2: the file ends within it", good[:24+16+60+3]},
		{"absurd length", "x: packet 1: capture length exceeds", huge},
	} {
		r, err := NewReader("x", bytes.NewReader(c.file))
		if err == nil {
			_, err = readAll(r)
		}
		require.ErrorContains(t, err, c.want, c.name)
	}
}

func TestOpenReaderNamesTheFile(t *testing.T) {
	_, err := OpenReader(filepath.Join(t.TempDir(), "absent.pcap"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "absent.pcap")
}

func TestWriterIsReadByOthers(t *testing.T) {
	r, err := pcapgo.NewReader(bytes.NewReader(pcapOf(t, two...)))
	require.NoError(t, err)
	for _, want := range two {
		frame, ci, err := r.ReadPacketData()
		require.NoError(t, err)
		require.Equal(t, want, packet{ci.Timestamp.UnixNano(), frame})
	}
}

// Whatever the file holds, the reader ends with io.EOF or a sentence, and
// yields only frames that a port could carry.
func FuzzReader(f *testing.F) {
	f.Add(pcapOf(f, two[0]))
	f.Add(bigEndianMicros(two[0]))
	f.Add(pcapngOf(f, layers.LinkTypeEthernet, two[0]))
	f.Fuzz(func(t *testing.T, file []byte) {
		if bytes.HasPrefix(file, []byte(gzipMagic)) {
			return // a bomb is gzip's affair
		}
		r, err := NewReader("x", bytes.NewReader(file))
		if err != nil {
			return
		}
		packets, err := readAll(r)
		require.Error(t, err)
		for _, p := range packets {
			require.LessOrEqual(t, len(p.frame), pmd.MaxFrame)
		}
	})
}
