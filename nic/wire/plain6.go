package wire

import "encoding/binary"

// Plain6 is Plain for IPv6: a TCP segment or UDP datagram without tags and extension
// headers, between two addresses whose first 64 bits are not all zero, as those of addresses
// that stand for IPv4 ones are. A shorter datagram than 12
// bytes is left to the judges here, too. IPv6 has no header checksum.
//
//	0          14         54                  74
//	+----------+----------+-------------------+
//	| Ethernet | IPv6     | TCP, or UDP and   |
//	|          |          | 12 bytes of data  |
//	+----------+----------+-------------------+
type Plain6 [EthernetLen + IPv6Len + TCPLen]byte

// PlainPacket6 is the headers of frame, nil if it is not plain IPv6.
func PlainPacket6(frame []byte) *Plain6 {
	if len(frame) < len(Plain6{}) || len(frame) > 0xffff {
		return nil
	}
	p := (*Plain6)(frame)
	if binary.BigEndian.Uint32(p[12:])&0xffff_f000 != EtherTypeIPv6<<16|6<<12 || !p.sound(len(frame)-EthernetLen-IPv6Len) {
		return nil
	}
	return p
}

// PlainTunnel6 is the headers of a plain tunnel around a plain packet of IPv6, and of that
// packet; nil if frame is no such tunnel. The bytes of the Tunnel's Inner are IPv6 then.
func PlainTunnel6(frame []byte) (*Tunnel, *Plain6) {
	if len(frame) < OuterLen+len(Plain6{}) || len(frame) > 0xffff {
		return nil, nil
	}
	t := (*Tunnel)(frame)
	inner := PlainPacket6(frame[OuterLen:])
	if inner == nil || t.wrong(len(frame)-EthernetLen) != 0 || !headerSumRight((*[IPv4Len]byte)(t[EthernetLen:]), nil) {
		return nil, nil
	}
	return t, inner
}

// sound judges the lengths, of which room is the frame's behind IPv6's header, and that
// neither address is one of the few whose first half is zero: those of IPv4 are.
func (p *Plain6) sound(room int) bool {
	n, least := 0, 0
	switch p.Proto() {
	case ProtoTCP:
		n, least = int(p[66]>>4)*4, TCPLen
	case ProtoUDP:
		n, least = int(binary.BigEndian.Uint16(p[58:])), UDPLen
	default:
		return false
	}
	payload := p.Len() - IPv6Len
	return payload <= room && n >= least && n <= payload && p.Src().hi != 0 && p.Dst().hi != 0
}

// Describe fills h as Parse does.
func (p *Plain6) Describe(h *Headers) {
	*h = Headers{
		Tuple:     Tuple{p.Src(), p.Dst(), p.SrcPort(), p.DstPort(), p.Proto()},
		EtherType: EtherTypeIPv6, L3: EthernetLen, L4: EthernetLen + IPv6Len, End: uint16(EthernetLen + p.Len()),
	}
	if h.Proto == ProtoTCP {
		h.Flags = p[67]
	}
}

// SrcBits is the station that sent the frame, as Ethernet.SrcBits has it.
func (p *Plain6) SrcBits() uint64 { return Ethernet(p[:]).SrcBits() }

// Len is the length of the IPv6 packet in bytes.
func (p *Plain6) Len() int { return IPv6Len + int(binary.BigEndian.Uint16(p[18:])) }

// Src is the sender's address.
func (p *Plain6) Src() Addr { return AddrFrom16(p[22:38]) }

// Dst is the receiver's address.
func (p *Plain6) Dst() Addr { return AddrFrom16(p[38:54]) }

// SrcPort is the sender's port.
func (p *Plain6) SrcPort() uint16 { return binary.BigEndian.Uint16(p[54:]) }

// DstPort is the receiver's port.
func (p *Plain6) DstPort() uint16 { return binary.BigEndian.Uint16(p[56:]) }

// HopLimit is how many hops the packet has left.
func (p *Plain6) HopLimit() uint8 { return p[21] }

// Proto is ProtoTCP or ProtoUDP.
func (p *Plain6) Proto() uint8 { return p[20] }
