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
		p, err := r.Next()
		if err != nil {
			return packets, err
		}
		packets = append(packets, packet{p.Time.UnixNano(), bytes.Clone(p.Frame)})
	}
}

func TestReaderReadsEveryFormat(t *testing.T) {
	section := pcapngOf(t, layers.LinkTypeEthernet)
	section = section[:binary.LittleEndian.Uint32(section[4:])] // its header alone
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
		{"pcapng without interface", section, nil},
		{"no bytes at all", nil, nil},
	} {
		r, err := NewReader(c.name, bytes.NewReader(c.file))
		require.NoError(t, err, c.name)
		got, err := readAll(r)
		require.Equal(t, io.EOF, err, c.name)
		require.Equal(t, c.want, got, c.name)
	}
}

// A packet that the capture cut is told by its length.
func TestReaderTellsWhatWasCut(t *testing.T) {
	r, err := NewReader("x", bytes.NewReader(uneven(t)))
	require.NoError(t, err)
	p, err := r.Next()
	require.NoError(t, err)
	require.Len(t, p.Frame, 60)
	require.Equal(t, 1514, p.Length)
	require.False(t, p.Time.IsZero())
}

// A port plays whole frames of a length it carries, and counts the others.
func TestPortMissesWhatIsNoFrame(t *testing.T) {
	p, err := Open(write(t, "in.pcap", uneven(t)))
	require.NoError(t, err)
	defer p.Close()
	var b pmd.Burst
	p.Rx(&b)
	require.Equal(t, 2, b.N)
	require.Equal(t, []int{60, pmd.MaxFrame}, []int{b.Frames[0].Len(), b.Frames[1].Len()})
	require.Equal(t, pmd.Stats{RxPackets: 2, RxBytes: 60 + pmd.MaxFrame, RxMissed: 1, RxTooLong: 1}, p.Stats())
}

// uneven is a capture of a packet that was cut, a whole one, one that is too
// long, and the longest.
func uneven(t *testing.T) []byte {
	var out bytes.Buffer
	w := pcapgo.NewWriterNanos(&out)
	require.NoError(t, w.WriteFileHeader(65535, layers.LinkTypeEthernet))
	for _, n := range []struct{ captured, length int }{{60, 1514}, {60, 60}, {pmd.MaxFrame + 1, pmd.MaxFrame + 1}, {pmd.MaxFrame, pmd.MaxFrame}} {
		info := gopacket.CaptureInfo{Timestamp: time.Unix(1, 0), CaptureLength: n.captured, Length: n.length}
		require.NoError(t, w.WritePacket(info, make([]byte, n.captured)))
	}
	return out.Bytes()
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
		{"pcapng's header cut", "x: a capture in pcap or pcapng format is expected", pcapngOf(t, layers.LinkTypeEthernet)[:10]},
		{"zip without its end", "x: packet 3: the file ends within it", func() []byte { z := gzipped(t, good); return z[:len(z)-9] }()},
		{"cut in a packet", "x: packet 2: the file ends within it", good[:len(good)-1]},
		{"cut in a packet's header", "x: packet 2: the file ends within it", good[:24+16+60+3]},
		{"absurd length", "x: packet 1: it has captured 2147483648 bytes; no more than 262144 are believed", huge},
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
// without gigabytes.
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
			require.LessOrEqual(t, len(p.frame), longest)
		}
	})
}
