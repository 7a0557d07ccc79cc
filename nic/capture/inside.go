package capture

import (
	"encoding/binary"

	"nitrocard/nic/wire"
)

// mostOuter is how many bytes are around the frame in a tunnel, with all options of IPv4.
const mostOuter = etherLen + 60 + wire.UDPLen + wire.VXLANLen

// inside is the frame in a tunnel of VXLAN over IPv4 or IPv6, of which only the start may be there; a
// frame that is no tunnel is itself.
//
//	| Ethernet 14 | IPv4 20…60 or IPv6 40 | UDP 8 | VXLAN 8 | frame
func inside(frame []byte) []byte {
	udp := 0
	switch {
	case len(frame) < etherLen+ip6Len:
		return frame
	case wire.Ethernet(frame).EtherType() == etherIPv4 && frame[protocolAt] == protoUDP:
		udp = etherLen + int(frame[etherLen]&0xf)*4
	case wire.Ethernet(frame).EtherType() == etherIPv6 && frame[nextHeaderAt] == protoUDP:
		udp = etherLen + ip6Len
	}
	at := udp + wire.UDPLen + wire.VXLANLen
	if udp == 0 || at > len(frame) || binary.BigEndian.Uint16(frame[udp+2:]) != wire.PortVXLAN {
		return frame
	}
	return frame[at:]
}
