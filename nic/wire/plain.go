package wire

import "encoding/binary"

// Nearly every frame is plain: no VLAN tag, no IPv4 option, no fragment. What
// is plain is tested by whole words, with few branches, in a third of the time
// that the judges take one after the other. A plain test cannot tell what is
// wrong: whatever it refuses goes to the judges, and what it accepts they
// would accept with the same words (FuzzPlain).

// Words of a plain frame, and the bits of them that say so.
const (
	plainStartAt   = 12 // EtherType, version and IHL; not the type of service
	plainStart     = EtherTypeIPv4<<16 | 0x45<<8
	plainStartMask = 0xffff_ff00

	plainFragAt   = 20 // more fragments, offset, protocol; not the time to live
	plainFragMask = (moreFragments | fragmentOffset) << 16
)

// plainPacket is Parse for TCP and UDP in plain frames.
func plainPacket(frame []byte, h *Headers) bool {
	const headersLen = EthernetLen + IPv4Len + TCPLen
	if len(frame) < headersLen || len(frame) > 0xffff {
		return false
	}
	p := (*[headersLen]byte)(frame)
	total := int(binary.BigEndian.Uint16(p[16:]))
	if binary.BigEndian.Uint32(p[plainStartAt:])&plainStartMask != plainStart ||
		binary.BigEndian.Uint32(p[plainFragAt:])&plainFragMask != 0 ||
		total > len(frame)-EthernetLen ||
		!headerSumRight((*[IPv4Len]byte)(p[EthernetLen:]), nil) {
		return false
	}
	n, least := 0, 0
	h.Flags = 0
	switch p[23] {
	case ProtoTCP:
		n, least = int(p[46]>>4)*4, TCPLen
		h.Flags = p[47]
	case ProtoUDP:
		n, least = int(binary.BigEndian.Uint16(p[38:])), UDPLen
	default:
		return false
	}
	if n < least || n > total-IPv4Len {
		return false
	}
	h.Src = binary.BigEndian.Uint32(p[26:])
	h.Dst = binary.BigEndian.Uint32(p[30:])
	h.SrcPort = binary.BigEndian.Uint16(p[34:])
	h.DstPort = binary.BigEndian.Uint16(p[36:])
	h.Proto = p[23]
	h.Frag, h.Type, h.Code, h.Tagged = Whole, 0, 0, false
	h.EtherType, h.VLAN = EtherTypeIPv4, 0
	h.L3, h.L4, h.End = EthernetLen, EthernetLen+IPv4Len, uint16(EthernetLen+total)
	h.ID = binary.BigEndian.Uint16(p[18:])
	return true
}

// plainTunnel is ParseVXLAN for plain frames without a UDP checksum and with
// nothing after the datagram.
func plainTunnel(frame []byte, o *Outer) bool {
	if len(frame) < OuterLen || len(frame) > 0xffff {
		return false
	}
	p := (*[OuterLen]byte)(frame)
	total := len(frame) - EthernetLen
	const (
		portLen     = PortVXLAN << 16 // destination port and UDP length
		sumFlag     = vniFlag << 8    // no UDP checksum, I flag; not the reserved bits
		sumFlagMask = 0xffff<<16 | vniFlag<<8
	)
	if binary.BigEndian.Uint32(p[plainStartAt:])&plainStartMask != plainStart ||
		int(binary.BigEndian.Uint16(p[16:])) != total ||
		binary.BigEndian.Uint32(p[plainFragAt:])&(plainFragMask|0xff) != ProtoUDP ||
		binary.BigEndian.Uint32(p[36:]) != portLen|uint32(total-IPv4Len) ||
		binary.BigEndian.Uint32(p[40:])&sumFlagMask != sumFlag ||
		!headerSumRight((*[IPv4Len]byte)(p[EthernetLen:]), nil) {
		return false
	}
	o.Src = binary.BigEndian.Uint32(p[26:])
	o.Dst = binary.BigEndian.Uint32(p[30:])
	o.VNI = VXLAN(p[OuterLen-VXLANLen:]).VNI()
	o.Inner, o.End = OuterLen, uint16(len(frame))
	o.SrcPort = binary.BigEndian.Uint16(p[34:])
	return true
}
