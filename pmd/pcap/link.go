package pcap

import (
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
	175: {fcs: 4, open: erf},           // ERF_ETH
	178: {open: juniper},               // JUNIPER_ETHER
	192: {open: told(2, 2, 4)},         // PPI
	197: {fcs: 4, open: erf},           // ERF
	240: {fcs: 4, open: behind(4)},     // NETANALYZER: its own header
	241: {fcs: 4, open: behind(4 + 8)}, // NETANALYZER_TRANSPARENT: and the preamble
	258: {open: told(0, 4, 8)},         // PKTAP
	259: {open: behind(6)},             // EPON: the last of the preamble
	274: {fcs: 4, open: mPacket},       // ETHERNET_MPACKET
	281: {open: untag(4)},              // DSA_TAG_BRCM
	282: {open: behind(4)},             // DSA_TAG_BRCM_PREPEND
	284: {open: dsa(0)},                // DSA_TAG_DSA
	285: {open: dsa(4)},                // DSA_TAG_EDSA: an EtherType of its own before the tag
}

// names are those of link types that gopacket does not name, and that people
// capture on hosts and switches.
var names = map[uint16]string{
	239: "NFLOG", 253: "Netlink", 271: "VSOCK",
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
