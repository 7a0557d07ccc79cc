package pcap

import (
	"encoding/binary"
	"fmt"

	"github.com/google/gopacket/layers"

	"nitrocard/nic/wire"
)

// link is what a capture's link type says of its packets: how each holds an
// Ethernet frame. The numbers are LINKTYPE_ values (tcpdump.org/linktypes.html).
type link struct {
	fcs  int                                 // bytes of frame check sequence behind the frame
	open func(packet []byte) ([]byte, error) // takes out the frame, in place; nil: it is the packet
}

// Link types that carry whole Ethernet frames, both addresses included.
var links = map[uint16]link{
	1:   {},                            // ETHERNET
	192: {open: ppi},                   // PPI
	240: {fcs: 4, open: behind(4)},     // NETANALYZER: its own header
	241: {fcs: 4, open: behind(4 + 8)}, // NETANALYZER_TRANSPARENT: and the preamble
	274: {fcs: 4, open: mPacket},       // ETHERNET_MPACKET
	281: {open: untag(4)},              // DSA_TAG_BRCM
	282: {open: behind(4)},             // DSA_TAG_BRCM_PREPEND
	284: {open: dsa(0)},                // DSA_TAG_DSA
	285: {open: dsa(4)},                // DSA_TAG_EDSA: an EtherType of its own before the tag
}

// names are those of link types that gopacket does not name, and that people
// capture on hosts and switches.
var names = map[uint16]string{
	175: "ERF Ethernet", 178: "Juniper Ethernet", 197: "ERF", 239: "NFLOG", 253: "Netlink", 259: "EPON", 271: "VSOCK",
	276: "Linux SLL2 (capture on one interface, not on \"any\")", 280: "VPP dispatch trace", 290: "ETW", 291: "NETANALYZER_NG",
}

// linkOf is the link type of that number, or an error for people.
func linkOf(number uint16) (link, error) {
	if l, known := links[number]; known {
		return l, nil
	}
	name := names[number]
	switch {
	case name != "":
	case number > 0xff || layers.LinkType(number).String() == "UnknownLinkType":
		name = fmt.Sprintf("link type %d", number)
	default:
		name = layers.LinkType(number).String()
	}
	return link{}, fmt.Errorf("a capture of Ethernet frames is expected, not of %s", name)
}

// frame takes the frame out of a captured packet.
func (l *link) frame(p *Packet) error {
	if len(p.Frame) > p.Length {
		p.Beyond, p.Length = true, len(p.Frame)
	}
	if l.open != nil {
		frame, err := l.open(p.Frame)
		if err != nil {
			return err
		}
		p.Length -= len(p.Frame) - len(frame)
		p.Frame = frame
	}
	if p.Length >= wire.EthernetLen+l.fcs {
		p.Length -= l.fcs
		p.Frame = p.Frame[:min(len(p.Frame), p.Length)]
	}
	return nil
}

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

// ppi is a frame behind a header that tells its own length and link type.
func ppi(packet []byte) ([]byte, error) {
	if len(packet) < 8 {
		return packet[:0], nil
	}
	if kind := binary.LittleEndian.Uint32(packet[4:]); kind != 1 {
		return nil, fmt.Errorf("PPI packets with Ethernet frames are expected, not with link type %d", kind)
	}
	return behind(int(binary.LittleEndian.Uint16(packet[2:])))(packet)
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
