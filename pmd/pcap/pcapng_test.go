package pcap

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/require"
)

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

// writer makes pcapng files, good and bad, in its order of bytes.
type writer struct{ binary.AppendByteOrder }

var little, big = writer{binary.LittleEndian}, writer{binary.BigEndian}

func (w writer) block(k kind, body ...[]byte) []byte {
	all := slices.Concat(body...)
	length := uint32(len(all) + frameLen)
	b := w.AppendUint32(w.AppendUint32(nil, uint32(k)), length)
	return w.AppendUint32(append(b, all...), length)
}

func (w writer) words(words ...uint32) (b []byte) {
	for _, n := range words {
		b = w.AppendUint32(b, n)
	}
	return b
}

func (w writer) option(code, size uint16, value ...byte) []byte {
	return append(w.AppendUint16(w.AppendUint16(nil, code), size), value...)
}

func (w writer) section() []byte {
	version := w.AppendUint16(w.AppendUint16(nil, 1), 0)
	return w.block(sectionHeader, w.words(orderMagic), version, w.words(1<<32-1, 1<<32-1))
}

// ethernet is an interface that keeps 64 bytes of a packet.
func (w writer) ethernet(options ...[]byte) []byte {
	return w.block(interfaceBlock, w.AppendUint16(nil, 1), []byte{0, 0}, w.words(64), slices.Concat(options...))
}

// packet is one of four bytes, at ticks, from interface n.
func (w writer) packet(n uint32, ticks uint64, options ...byte) []byte {
	return w.block(enhancedPacket, w.words(n, uint32(ticks>>32), uint32(ticks), 4, 4), []byte{1, 2, 3, 4}, options)
}

func readPcapng(file ...[]byte) ([]packet, error) {
	r, err := NewReader("x", bytes.NewReader(slices.Concat(file...)))
	if err != nil {
		return nil, err
	}
	return readAll(r)
}

// Each section has its own order of bytes and its own interfaces; blocks that
// nobody reads are skipped.
func TestPcapngOfBothByteOrders(t *testing.T) {
	var file []byte
	for _, w := range []writer{little, big} {
		old := w.block(oldPacket, w.AppendUint16(nil, 0), []byte{9, 9}, w.words(0, 2e6, 3, 3), []byte{1, 2, 3, 0})
		simple := w.block(simplePacket, w.words(80), make([]byte, 64))
		file = slices.Concat(file, w.section(), w.block(0xbad, make([]byte, 2*longestBlock)), w.ethernet(), w.packet(0, 1e6), old, simple)
	}
	packets, err := readPcapng(file)
	require.Equal(t, io.EOF, err)
	never := time.Time{}.UnixNano()
	one := []packet{{second, []byte{1, 2, 3, 4}}, {2 * second, []byte{1, 2, 3}}, {never, make([]byte, 64)}}
	require.Equal(t, append(one, one...), packets)
}

// Times are in units and from a start that the interface tells.
func TestTimesOfPcapng(t *testing.T) {
	const noon = 1767268800
	for _, c := range []struct {
		name    string
		options []byte
		ticks   uint64
		want    time.Time
	}{
		{"microseconds unless told", nil, noon*1e6 + 5, time.Unix(noon, 5000)},
		{"seconds", little.option(9, 1, 0, 0, 0, 0), noon, time.Unix(noon, 0)},
		{"nanoseconds", little.option(9, 1, 9, 0, 0, 0), noon*1e9 + 5, time.Unix(noon, 5)},
		{"10^-19 s", little.option(9, 1, 19, 0, 0, 0), 15e18, time.Unix(1, 5e8)},
		{"2^-20 s", little.option(9, 1, 0x80|20, 0, 0, 0), noon<<20 + 3<<18, time.Unix(noon, 75e7)},
		{"2^-63 s", little.option(9, 1, 0x80|63, 0, 0, 0), 3 << 62, time.Unix(1, 5e8)},
		{"from 1971 on", little.option(14, 8, little.AppendUint64(nil, 365*86400)...), 7, time.Unix(365*86400, 7000)},
		{"a name, an end, and what is after it", append(little.option(2, 3, 'e', 't', 'h', 0), 0, 0, 0, 0, 9, 0, 9, 9), 7e6, time.Unix(7, 0)},
	} {
		packets, err := readPcapng(little.section(), little.ethernet(c.options), little.packet(0, c.ticks))
		require.Equal(t, io.EOF, err, c.name)
		require.Equal(t, c.want.UnixNano(), packets[0].ns, c.name)
	}
}

// What is damaged is told by block and reason, after the packets before it, and
// whatever comes behind.
func TestAPcapngThatIsDamaged(t *testing.T) {
	version := little.section()
	version[12] = 2
	order := little.section()
	order[8] = 9
	edited := func(at int, to byte) []byte {
		b := little.packet(0, 0)
		b[at] = to
		return b
	}
	for _, c := range []struct {
		name  string
		block []byte
		want  string
	}{
		{"too short to be one", little.words(6, 8, 0), "a packet, is damaged: its length is 8 bytes, and it has at least 32"},
		{"too short for its kind", little.block(interfaceBlock), "an interface, is damaged: its length is 12 bytes, and it has at least 20"},
		{"a length that no block has", edited(4, 33), "a packet, is damaged: its length is 33 bytes, which is no multiple of 4"},
		{"a length that nobody believes", edited(7, 1), "its length is 16777252 bytes; no more than 1048576 are believed"},
		{"another length at the end", edited(32, 40), "its length is 36 bytes at its start, and 40 at its end"},
		{"another length at the end of what is skipped", append(little.words(77, 12), 16, 0, 0, 0), "of type 77, is damaged: its length is 12 bytes at its start, and 16 at its end"},
		{"a version of the future", version, "a section header, is damaged: its version is 2.0; 1.0 and 1.2 are known"},
		{"no order of bytes", order, "a section header, is damaged: a section starts with its byte order, 1a2b3c4d, not with 093c2b1a"},
		{"a packet longer than its block", edited(8+12, 64), "it has captured 64 bytes, and the block holds 4"},
		{"a packet longer than its block, and its own length", little.block(enhancedPacket, little.words(0, 0, 0, 1514, 1514, 0)), "it has captured 1514 bytes, and the block holds 4"},
		{"a simple packet longer than its block", little.block(simplePacket, little.words(64, 0)), "it has captured 64 bytes, and the block holds 4"},
		{"an old packet longer than its block", little.block(oldPacket, little.words(0, 0, 0, 5, 5, 0)), "it has captured 5 bytes, and the block holds 4"},
		{"a packet that nobody believes", little.block(enhancedPacket, little.words(0, 0, 0, longest+1, longest+1), make([]byte, longest+4)), "no more than 262144 are believed"},
		{"a packet from nowhere", little.packet(1, 0), "it is from interface 1, counted from 0, and the section has 1 so far"},
		{"a packet with an option that runs out", little.packet(0, 0, little.option(1, 5, 1, 2, 3, 4)...), "its option 1 has 5 bytes, and the block holds 4 more"},
		{"an interface with one", little.ethernet(little.option(2, 65535)), "an interface, is damaged: its option 2 has 65535 bytes, and the block holds 0 more"},
		{"a section with one", little.block(sectionHeader, little.words(orderMagic, 1, 0, 0), little.option(3, 1)), "a section header, is damaged: its option 3 has 1 bytes"},
		{"a time of no bytes", little.ethernet(little.option(9, 0)), "its option 9 has 0 bytes"},
		{"a start of four bytes", little.ethernet(little.option(14, 4, 1, 2, 3, 4)), "its option 14 has 4 bytes"},
		{"units of 10^-20 s", little.ethernet(little.option(9, 1, 20, 0, 0, 0)), "its times are in units of 10^-20 s; 10^-19 and 2^-63 are the smallest known"},
		{"units of 10^-127 s", little.ethernet(little.option(9, 1, 127, 0, 0, 0)), "its times are in units of 10^-127 s"},
		{"units of 2^-64 s", little.ethernet(little.option(9, 1, 192, 0, 0, 0)), "its times are in units of 2^-64 s"},
		{"units of 2^-127 s", little.ethernet(little.option(9, 1, 255, 0, 0, 0)), "its times are in units of 2^-127 s"},
	} {
		good := slices.Concat(little.section(), little.ethernet(), little.packet(0, 0))
		packets, err := readPcapng(good, c.block, little.packet(0, 0))
		require.Len(t, packets, 1, c.name)
		require.ErrorContains(t, err, fmt.Sprintf("x: the block that starts at byte %d, ", len(good)), c.name)
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

// tiled counts the packets of a pcapng file that is blocks from its first byte
// to its last, and nothing else; -1 of any other.
func tiled(file []byte) (packets int) {
	w := little
	for len(file) > 0 {
		if len(file) >= 12 && string(file[:4]) == pcapngMagic {
			if w = little; file[8] == 0x1a {
				w = big
			}
		}
		if len(file) < 12 {
			return -1
		}
		order := w.AppendByteOrder.(binary.ByteOrder)
		n := int(order.Uint32(file[4:]))
		if n < 12 || n > len(file) || int(order.Uint32(file[n-4:])) != n {
			return -1
		}
		if k := order.Uint32(file); k == 2 || k == 3 || k == 6 {
			packets++
		}
		file = file[n:]
	}
	return packets
}

// What ends well was whole, and all its packets were told. Where pcapgo, which
// we did not write, reads the same number of them, they are the same.
func FuzzPcapng(f *testing.F) {
	f.Add(pcapngOf(f, layers.LinkTypeEthernet, two[0]))
	f.Add(slices.Concat(little.section(), little.ethernet(little.option(9, 1, 127, 0, 0, 0)), little.packet(0, 7)))
	f.Add(slices.Concat(big.section(), big.ethernet(), big.packet(0, 7, big.option(1, 4, 1, 2, 3, 4)...), big.block(simplePacket, big.words(4, 0))))
	f.Fuzz(func(t *testing.T, file []byte) {
		if !bytes.HasPrefix(file, []byte(pcapngMagic)) {
			return
		}
		source, err := newPcapng(bufio.NewReader(bytes.NewReader(file)))
		var packets [][]byte
		for err == nil {
			var p Packet
			if p, err = source.read(); err == nil {
				packets = append(packets, bytes.Clone(p.Frame))
			}
		}
		if err != io.EOF {
			return
		}
		require.Len(t, packets, tiled(file))
		other, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.NgReaderOptions{WantMixedLinkType: true})
		for i := 0; i < len(packets) && err == nil; i++ {
			var frame []byte
			if frame, _, err = other.ReadPacketData(); err == nil && len(frame) == len(packets[i]) {
				require.Equal(t, frame, packets[i]) // but for what a link type puts around a frame
			}
		}
	})
}
