package pcap

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/iotest"
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
	require.Equal(t, pmd.Stats{RxPackets: 2, RxBytes: 60 + pmd.MaxFrame, RxMissed: 2}, p.Stats())
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
		{"cooked pcapng", "x: packet 1: a capture of Ethernet frames is expected, not of Linux SLL", pcapngOf(t, layers.LinkTypeLinuxSLL, two...)},
		{"pcapng's header cut", "x: a capture in pcap or pcapng format is expected", pcapngOf(t, layers.LinkTypeEthernet)[:10]},
		{"pcapng with a resolution of 10^-64 s, by which gopacket divides", "x: packet 1: the file is damaged", bytes.Replace(pcapngOf(t, layers.LinkTypeEthernet, two...), []byte{9, 0, 1, 0, 9}, []byte{9, 0, 1, 0, 64}, 1)},
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

// A pcapng file that is cut anywhere but between two blocks ends with an error
// that says where, after the packets that are whole.
func TestAPcapngThatIsCut(t *testing.T) {
	file := pcapngOf(t, layers.LinkTypeEthernet, two...)
	ends := map[int]bool{}
	for at := 0; at < len(file); at += int(binary.LittleEndian.Uint32(file[at+4:])) {
		ends[at] = true
	}
	require.Len(t, ends, 4, "section, interface, two packets")
	first := int(binary.LittleEndian.Uint32(file[4:]))
	for n := first; n < len(file); n++ {
		r, err := NewReader("x", bytes.NewReader(file[:n]))
		if err != nil {
			require.ErrorContains(t, err, "x: ", "cut at %d", n)
			continue
		}
		packets, err := readAll(r)
		require.LessOrEqual(t, len(packets), 2)
		if ends[n] {
			require.Equal(t, io.EOF, err, "cut at %d", n)
		} else {
			require.ErrorContains(t, err, fmt.Sprintf("x: the file ends at byte %d, within the block that starts at byte ", n))
		}
	}
}

// So does one with a block that is too short to be one, and packets after it.
func TestAPcapngWithABlockOfNoLength(t *testing.T) {
	file := pcapngOf(t, layers.LinkTypeEthernet, two...)
	whole := append(bytes.Clone(file), 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	r, err := NewReader("x", bytes.NewReader(append(whole, file...)))
	require.NoError(t, err)
	packets, err := readAll(r)
	require.Len(t, packets, 2)
	require.ErrorContains(t, err, fmt.Sprintf("the block that starts at byte %d is damaged", len(file)))
}

// The order of bytes is each section's own.
func TestBlocksOfBothByteOrders(t *testing.T) {
	big := []byte("\x0a\x0d\x0d\x0a\x00\x00\x00\x1c\x1a\x2b\x3c\x4d\x00\x01\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x1c")
	little := pcapngOf(t, layers.LinkTypeEthernet, two...)
	file := slices.Concat(little, big, []byte{0, 0, 0, 5, 0, 0, 0, 16, 1, 2, 3, 4, 0, 0, 0, 16})
	for n := range file {
		b := blocks{in: iotest.OneByteReader(bytes.NewReader(file[:n]))}
		_, err := io.ReadAll(&b)
		require.NoError(t, err)
		if whole := n == len(little) || n == len(little)+len(big); whole {
			require.NoError(t, b.cut())
		} else if n > len(little) {
			require.Error(t, b.cut(), "cut at %d", n)
		}
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
