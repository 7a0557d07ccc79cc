package wire

import (
	"encoding/binary"
	"math/bits"
)

// Nearly every frame is plain: no VLAN tag, no IPv4 option, no fragment. What
// is plain is tested by whole words, with few branches, in a third of the time
// that the judges take one after the other. A plain test cannot tell what is
// wrong: whatever it refuses goes to the judges, and what it accepts they
// would accept with the same words (FuzzPlain).
//
// Words are tested in the order of the machine's bytes, little end first,
// which spares the swap; what a word must be is written in that order.

// Words of a plain frame, eight bytes each, and the bits that must be so.
const (
	startAt   = 12 // EtherType, version and IHL; then type of service, total length, identification
	startMask = 0x0000_0000_00ff_ffff
	start     = 0x0000_0000_0045_0008
	totalAt   = 32 // of this word's bits: the total length, its bytes swapped

	fragAt      = 20 // flags and offset, time to live, protocol; then checksum and half an address
	fragMask    = 0x0000_0000_0000_ff3f
	protoMask   = 0x0000_0000_ff00_0000
	protoUDPBit = ProtoUDP << 24

	tunnelAt   = 36 // destination port, length, checksum, VXLAN's flags and a reserved byte
	tunnelMask = 0x0008_ffff_ffff_ffff
	tunnel     = vniFlag<<48 | 0x0000_b512 // the I flag, no checksum, port 4789
)

// plainLen is the length of the headers that a plain frame must have at
// least; a UDP datagram of fewer than 12 bytes goes to the judges.
const plainLen = EthernetLen + IPv4Len + TCPLen

// plainPacket is Parse for TCP and UDP in plain frames.
func plainPacket(frame []byte, h *Headers) bool {
	if len(frame) < plainLen || len(frame) > 0xffff {
		return false
	}
	p := (*[plainLen]byte)(frame)
	word := binary.LittleEndian.Uint64(p[startAt:])
	if word&startMask^start|binary.LittleEndian.Uint64(p[fragAt:])&fragMask != 0 {
		return false
	}
	return plainTransport(p, h, int(bits.ReverseBytes16(uint16(word>>totalAt))), len(frame)-EthernetLen)
}

// plainTransport goes on after a plain frame's first words: total is the IPv4
// packet's length, and room what the frame has for it.
func plainTransport(p *[plainLen]byte, h *Headers, total, room int) bool {
	n, least := 0, 0
	switch p[23] {
	case ProtoTCP:
		n, least = int(p[46]>>4)*4, TCPLen
		h.Flags = p[47]
	case ProtoUDP:
		n, least = int(binary.BigEndian.Uint16(p[38:])), UDPLen
		h.Flags = 0
	default:
		return false
	}
	if total > room || n < least || n > total-IPv4Len || !headerSumRight((*[IPv4Len]byte)(p[EthernetLen:]), nil) {
		return false
	}
	addrs, ports := binary.BigEndian.Uint64(p[26:]), binary.BigEndian.Uint32(p[34:])
	h.Src, h.Dst = uint32(addrs>>32), uint32(addrs)
	h.SrcPort, h.DstPort = uint16(ports>>16), uint16(ports)
	h.Proto = p[23]
	h.Frag, h.Type, h.Code, h.Tagged = Whole, 0, 0, false
	h.EtherType, h.VLAN = EtherTypeIPv4, 0
	h.L3, h.L4, h.End = EthernetLen, EthernetLen+IPv4Len, uint16(EthernetLen+total)
	h.ID = binary.BigEndian.Uint16(p[18:])
	return true
}

// ParsePlain is ParseVXLAN and, for the frame in the tunnel, Parse at once,
// where both are plain, nothing follows the tunnel's datagram and it has no
// checksum. If it is false, o and h mean nothing: the two will tell.
func ParsePlain(frame []byte, o *Outer, h *Headers) bool {
	if len(frame) < OuterLen+plainLen || len(frame) > 0xffff {
		return false
	}
	p := (*[OuterLen + plainLen]byte)(frame)
	total := len(frame) - EthernetLen
	inner := binary.LittleEndian.Uint64(p[OuterLen+startAt:])
	wrong := binary.LittleEndian.Uint64(p[startAt:])&(startMask|0xffff<<totalAt) ^ (start | swapped(total)<<totalAt)
	wrong |= binary.LittleEndian.Uint64(p[fragAt:])&(fragMask|protoMask) ^ protoUDPBit
	wrong |= binary.LittleEndian.Uint64(p[tunnelAt:])&tunnelMask ^ (tunnel | swapped(total-IPv4Len)<<16)
	wrong |= inner&startMask ^ start
	wrong |= binary.LittleEndian.Uint64(p[OuterLen+fragAt:]) & fragMask
	if wrong != 0 || !headerSumRight((*[IPv4Len]byte)(p[EthernetLen:]), nil) {
		return false
	}
	addrs := binary.BigEndian.Uint64(p[26:])
	o.Station = binary.BigEndian.Uint64(p[:]) >> 16
	o.Guest = binary.BigEndian.Uint64(p[OuterLen:]) >> 16
	o.Src, o.Dst = uint32(addrs>>32), uint32(addrs)
	o.VNI = binary.BigEndian.Uint32(p[OuterLen-4:]) >> 8
	o.Inner, o.End = OuterLen, uint16(len(frame))
	o.SrcPort = binary.BigEndian.Uint16(p[34:])
	return plainTransport((*[plainLen]byte)(p[OuterLen:]), h, int(bits.ReverseBytes16(uint16(inner>>totalAt))), total-OuterLen)
}

// swapped is a length as its two bytes on the wire stand in a little-endian
// word.
func swapped(n int) uint64 { return uint64(bits.ReverseBytes16(uint16(n))) }
