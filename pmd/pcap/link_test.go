package pcap

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire/wiretest"
)

// linked is a pcap file with a link type's word, of records of which each is
// captured as a whole, and said to have so many bytes more.
func linked(word uint32, more int, packets ...[]byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, micros)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0)
	b = binary.LittleEndian.AppendUint32(b, word)
	for _, p := range packets {
		for _, n := range []int{1, 0, len(p), len(p) + more} {
			b = binary.LittleEndian.AppendUint32(b, uint32(n))
		}
		b = append(b, p...)
	}
	return b
}

// Each link type that carries Ethernet frames yields them as they were.
func TestLinkTypesThatCarryEthernet(t *testing.T) {
	plain := wiretest.UDP("10.0.1.5:40000", "10.0.1.6:53").Size(64)
	frame, vlan := plain.Bytes(), plain.VLAN(7).Bytes()
	fcs := []byte{0xfc, 0x5f, 0xc5, 0xfc}
	preamble := []byte{0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xd5}
	put := func(at int, f []byte, bytes ...byte) []byte { return slices.Concat(f[:at], bytes, f[at:]) }
	for _, c := range []struct {
		name   string
		word   uint32
		packet []byte
		want   []byte
	}{
		{"Ethernet", 1, frame, frame},
		{"Ethernet, which says that it has a check sequence", 1 | 1<<26 | 2<<28, slices.Concat(frame, fcs), frame},
		{"Ethernet, which says that it has none", 1 | 1<<26, frame, frame},
		{"Ethernet, with a number that says nothing", 1 | 2<<28, frame, frame},
		{"PPI", 192, slices.Concat([]byte{0, 0, 12, 0, 1, 0, 0, 0, 9, 9, 9, 9}, frame), frame},
		{"PKTAP", 258, slices.Concat([]byte{112, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0}, make([]byte, 100), frame), frame},
		{"EPON", 259, slices.Concat([]byte{0xd5, 0x55, 0x55, 0, 7, 0x5a}, frame), frame},
		{"ERF", 197, slices.Concat(record(2, len(frame)+4), []byte{0, 0}, frame, fcs, make([]byte, 4)), frame},
		{"ERF_ETH with two more headers", 175, slices.Concat(record(2|0x80, len(frame)+4), []byte{0x83, 7: 1, 8: 4, 15: 1}, []byte{0, 0}, frame, fcs), frame},
		{"JUNIPER_ETHER", 178, slices.Concat([]byte{'M', 'G', 'C', 1}, frame), frame},
		{"JUNIPER_ETHER with more", 178, slices.Concat([]byte{'M', 'G', 'C', 0x81, 0, 6, 1, 1, 4, 2, 1, 0x30}, frame), frame},
		{"NETANALYZER", 240, slices.Concat([]byte{0, 4, 0, 0}, frame, fcs), frame},
		{"NETANALYZER_TRANSPARENT", 241, slices.Concat([]byte{0, 6, 0, 0}, preamble, frame, fcs), frame},
		{"ETHERNET_MPACKET", 274, slices.Concat(preamble, frame, fcs), frame},
		{"DSA_TAG_BRCM", 281, put(12, frame, 0, 0, 0, 3), frame},
		{"DSA_TAG_BRCM_PREPEND", 282, put(0, frame, 0, 0, 0, 3), frame},
		{"DSA_TAG_DSA", 284, put(12, frame, 0xc0, 8, 0, 0), frame},
		{"DSA_TAG_DSA in place of a tag", 284, put(12, frame, 0xe0, 8, 0, 7), vlan},
		{"DSA_TAG_EDSA", 285, put(12, frame, 0xda, 0xda, 0, 0, 0xc0, 8, 0, 0), frame},
		{"DSA_TAG_EDSA in place of a tag", 285, put(12, frame, 0xda, 0xda, 0, 0, 0xe0, 8, 0, 7), vlan},
	} {
		for _, format := range []struct {
			name string
			file []byte
		}{
			{"pcap", linked(c.word, 0, c.packet, c.packet)},
			{"pcapng", capturedOn(uint16(c.word), nil, c.packet, c.packet)},
		} {
			if format.name == "pcapng" && c.word > 0xffff {
				continue
			}
			r, err := NewReader("x", bytes.NewReader(format.file))
			require.NoError(t, err, c.name)
			for range 2 {
				p, err := r.Next()
				require.NoError(t, err, c.name)
				require.Equal(t, c.want, p.Frame, "%s, %s", c.name, format.name)
				require.Equal(t, len(c.want), p.Length, "%s, %s", c.name, format.name)
				require.False(t, p.Beyond)
			}
			_, err = r.Next()
			require.Equal(t, io.EOF, err)
		}
	}
}

// record is the header of an ERF record of this kind, whose frame is n bytes long.
func record(kind byte, n int) []byte {
	return []byte{0: 1, 7: 2, 8: kind, 9: 4, 10: 0, 11: 96, 14: byte(n >> 8), 15: byte(n)}
}

// capturedOn is a pcapng file of one interface.
func capturedOn(linkType uint16, options []byte, packets ...[]byte) []byte {
	file := slices.Concat(little.section(), little.block(interfaceBlock, little.words(uint32(linkType), 0), options))
	for _, p := range packets {
		file = append(file, little.block(enhancedPacket, little.words(0, 0, 0, uint32(len(p)), uint32(len(p))), pad(p))...)
	}
	return file
}

func pad(b []byte) []byte { return append(bytes.Clone(b), make([]byte, -len(b)&3)...) }

// An interface tells the length of its check sequences in bits, or in bytes as
// some write it; a packet tells its own.
func TestAPcapngTellsOfCheckSequences(t *testing.T) {
	frame := wiretest.UDP("10.0.1.5:40000", "10.0.1.6:53").Size(64).Bytes()
	packet := append(bytes.Clone(frame), 1, 2, 3, 4)
	for _, bits := range []byte{32, 4} {
		got, err := readPcapng(capturedOn(1, little.option(optionFCS, 1, bits, 0, 0, 0), packet))
		require.Equal(t, io.EOF, err)
		require.Equal(t, frame, got[0].frame)
	}
	own := little.block(enhancedPacket, little.words(0, 0, 0, 68, 68), packet, little.option(optionFlags, 4, 4<<5, 0, 0, 0))
	got, err := readPcapng(slices.Concat(capturedOn(1, nil), own))
	require.Equal(t, io.EOF, err)
	require.Equal(t, frame, got[0].frame)
}

// What is no Ethernet is refused by its name.
func TestLinkTypesThatAreNotEthernet(t *testing.T) {
	for word, want := range map[uint32]string{
		0: "not of Null", 101: "not of Raw", 105: "not of 802.11", 113: "not of Linux SLL",
		257: "not of link type 257", 276: "not of Linux SLL2", 280: "not of VPP dispatch trace", 300: "not of link type 300", 65535: "not of link type 65535",
		147: "not of link type 147",
	} {
		_, err := NewReader("x", bytes.NewReader(linked(word, 0, make([]byte, 60))))
		require.ErrorContains(t, err, "x: a capture of Ethernet frames is expected, "+want, "%d", word)
		_, err = readPcapng(capturedOn(uint16(word), nil, make([]byte, 60)))
		require.ErrorContains(t, err, want, "%d", word)
	}
}

func TestPacketsThatHoldNoWholeFrame(t *testing.T) {
	for name, c := range map[string]struct {
		word   uint32
		packet []byte
		want   string
	}{
		"PPI of something else":      {192, []byte{0, 0, 8, 0, 105, 0, 0, 0, 1, 2, 3}, "packet 1: a packet in it has link type 105; Ethernet frames, of link type 1, are expected"},
		"PKTAP of something else":    {258, []byte{12, 0, 0, 0, 1, 0, 0, 0, 12, 0, 0, 0}, "packet 1: a packet in it has link type 12;"},
		"ERF of something else":      {197, record(0x81, 60), "packet 1: ERF records with Ethernet frames are expected, not of type 1"},
		"Juniper's without Ethernet": {178, []byte{'M', 'G', 'C', 3, 0, 0}, "packet 1: packets with their Ethernet headers are expected, and one has none (its flags are 0x03)"},
		"a preempted frame":          {274, []byte{0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xe6, 1, 2}, "packet 1: a part of a frame that was preempted is in it (its SMD is 0xe6)"},
	} {
		r, err := NewReader("x", bytes.NewReader(linked(c.word, 0, c.packet)))
		require.NoError(t, err, name)
		_, err = r.Next()
		require.ErrorContains(t, err, c.want, name)
	}
	for word := range links { // however little was captured
		for n := range 24 {
			for _, fill := range []byte{0, 0xff} {
				_, err := readAll(must(NewReader("x", bytes.NewReader(linked(uint32(word), 100, bytes.Repeat([]byte{fill}, n))))))
				require.Error(t, err)
			}
		}
	}
}

func must(r *Reader, err error) *Reader {
	if err != nil {
		panic(err)
	}
	return r
}

// More is captured of a packet than the packet has, the file says: it is taken
// as captured, and the rest is read.
func TestMoreIsCapturedThanThereIs(t *testing.T) {
	frame := wiretest.UDP("10.0.1.5:40000", "10.0.1.6:53").Size(64).Bytes()
	ng := capturedOn(1, nil)
	for range 2 {
		ng = append(ng, little.block(enhancedPacket, little.words(0, 0, 0, 64, 60), frame)...)
	}
	for name, file := range map[string][]byte{"pcap": linked(1, -4, frame, frame), "pcapng": ng} {
		r, err := NewReader("x", bytes.NewReader(file))
		require.NoError(t, err, name)
		for range 2 {
			p, err := r.Next()
			require.NoError(t, err, name)
			require.True(t, p.Beyond, name)
			require.Equal(t, frame, p.Frame, name)
			require.Equal(t, 64, p.Length, name)
		}
		_, err = r.Next()
		require.Equal(t, io.EOF, err, name)
	}
}
