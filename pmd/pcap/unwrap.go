package pcap

import (
	"encoding/binary"
	"fmt"

	"nitrocard/nic/wire"
)

// What takes frames out of packets, in place. A packet that ends before its frame
// begins has a frame of no bytes.

// behind is a frame behind n bytes.
func behind(n int) func([]byte) ([]byte, error) {
	return func(packet []byte) ([]byte, error) { return packet[min(n, len(packet)):], nil }
}

const addresses = 12 // bytes of the two addresses that a frame begins with

// untag is a frame with n bytes more behind its addresses.
func untag(n int) func([]byte) ([]byte, error) {
	return func(packet []byte) ([]byte, error) {
		if len(packet) < addresses+n {
			return packet[:0], nil
		}
		copy(packet[n:], packet[:addresses])
		return packet[n:], nil
	}
}

// dsa is a frame with a tag of Marvell's behind its addresses and n bytes more.
// The tag took the place of the frame's VLAN tag, if there was one, and has what
// was in that:
//
//	|mode 2|T 1| device 5 | port 5 |…| DEI 1 | priority 3 | 0 | VLAN ID 12 |
func dsa(n int) func([]byte) ([]byte, error) {
	const tagged = 0x20
	return func(packet []byte) ([]byte, error) {
		if len(packet) < addresses+n+4 || packet[addresses+n]&tagged == 0 {
			return untag(n + 4)(packet)
		}
		tag := packet[addresses+n:]
		tci := binary.BigEndian.Uint16(tag[2:])&^0x1000 | uint16(tag[1]&1)<<12
		binary.BigEndian.PutUint16(tag, wire.EtherTypeVLAN)
		binary.BigEndian.PutUint16(tag[2:], tci)
		return untag(n)(packet)
	}
}

// told is a frame behind a header that tells its own length, in size bytes at
// offset at, and the frame's link type at offset kindAt, little-endian.
func told(at, size, kindAt int) func([]byte) ([]byte, error) {
	return func(packet []byte) ([]byte, error) {
		if len(packet) < kindAt+4 {
			return packet[:0], nil
		}
		if kind := binary.LittleEndian.Uint32(packet[kindAt:]); kind != 1 {
			return nil, fmt.Errorf("a packet in it has link type %d; Ethernet frames, of link type 1, are expected", kind)
		}
		var n [4]byte
		copy(n[:size], packet[at:])
		return packet[min(int64(binary.LittleEndian.Uint32(n[:])), int64(len(packet))):], nil
	}
}

// erf is a frame in a record of a capture card (Endace's extensible record
// format). The highest bit of the kind, and of each header behind it, says that
// another one follows; behind the frame the record is padded:
//
//	|time 8|kind 1|flags 1|record's length 2|lost 2|frame's length 2|headers 8 each|offset 1|pad 1|frame
func erf(packet []byte) ([]byte, error) {
	const kindAt, lengthAt, header, another = 8, 14, 16, 0x80
	if len(packet) < header {
		return packet[:0], nil
	}
	switch kind := packet[kindAt] &^ another; kind {
	case 2, 11, 16, 20: // Ethernet; with a color, one of a module, and with a hash
	default:
		return nil, fmt.Errorf("ERF records with Ethernet frames are expected, not of type %d", kind)
	}
	at := header
	for more := packet[kindAt]; more&another != 0 && at < len(packet); at += 8 {
		more = packet[at]
	}
	frame, err := behind(at + 2)(packet)
	return frame[:min(len(frame), int(binary.BigEndian.Uint16(packet[lengthAt:])))], err
}

// juniper is a frame behind a magic number, flags, and perhaps more of a length
// that it tells.
func juniper(packet []byte) ([]byte, error) {
	const flagsAt, header, noLink, extended = 3, 4, 0x02, 0x80
	switch {
	case len(packet) < header+2:
		return packet[:0], nil
	case packet[flagsAt]&noLink != 0:
		return nil, fmt.Errorf("packets with their Ethernet headers are expected, and one has none (its flags are %#02x)", packet[flagsAt])
	case packet[flagsAt]&extended != 0:
		return behind(header + 2 + int(binary.BigEndian.Uint16(packet[header:])))(packet)
	}
	return behind(header)(packet)
}

// mPacket is a frame behind its preamble, whose last byte tells whether it is
// whole (IEEE 802.3br clause 99.3).
func mPacket(packet []byte) ([]byte, error) {
	const whole = 0xd5
	if len(packet) >= 8 && packet[7] != whole {
		return nil, fmt.Errorf("a part of a frame that was preempted is in it (its SMD is %#02x); whole frames are expected", packet[7])
	}
	return behind(8)(packet)
}
