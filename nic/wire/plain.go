package wire

import (
	"encoding/binary"
	"math/bits"
)

// Nearly every frame is plain: no VLAN tag, no IPv4 option, no fragment. The
// short way tests a plain frame by whole words with few branches, in a third of
// the time that the judges take. The short way does not know what is wrong with a
// frame: the judges read whatever it refuses, and would accept, with the same
// words, whatever it accepts (FuzzPlain).
//
// The short way reads three words of 8 bytes, by their offsets in the frame. A
// tunnel's inner frame has the first two again, OuterLen farther on:
//
//	12        14    15  16        18             20
//	+---------+-----+---+---------+--------------+
//	|EtherType|4 | 5|TOS| total   |identification|           startAt
//	+---------+-----+---+---------+--------------+
//	20              22  23    24        26       28
//	+---------------+---+-----+---------+--------+
//	|flags, offset  |TTL|proto|checksum |source  |           fragAt
//	+---------------+---+-----+---------+--------+
//	36              38        40        42    43 44
//	+---------------+---------+---------+-----+--+
//	|UDP destination| length  |checksum |flags|R |           tunnelAt
//	+---------------+---------+---------+-----+--+
//
// Words are compared in little-endian order, which spares the swap on most
// machines. So the constants below have their bytes in reverse: the byte at the
// word's offset is the lowest.

// The bits of the words that a plain frame decides, and what they must be.
const (
	startAt   = 12
	startMask = 0x0000_0000_00ff_ffff
	start     = 0x0000_0000_0045_0008
	totalAt   = 32 // lowest bit of the total length, whose two bytes are swapped

	fragAt      = 20
	fragMask    = 0x0000_0000_0000_ff3f
	protoMask   = 0x0000_0000_ff00_0000
	protoUDPBit = ProtoUDP << 24

	tunnelAt   = 36
	tunnelMask = 0x0008_ffff_ffff_ffff
	tunnel     = vniFlag<<48 | 0x0000_b512 // the I flag, no checksum, port 4789
)

// Plain is the headers of a TCP segment or UDP datagram in a plain frame, where
// each header has a fixed place. PlainPacket and PlainTunnel make sure of that. A
// UDP datagram's header and first 12 bytes lie where TCP's header would; a shorter
// datagram is left to the judges.
//
//	0          14         34                  54
//	+----------+----------+-------------------+
//	| Ethernet | IPv4     | TCP, or UDP and   |
//	|          |          | 12 bytes of data  |
//	+----------+----------+-------------------+
type Plain [EthernetLen + IPv4Len + TCPLen]byte

// Tunnel is the headers of a plain tunnel, 104 bytes: the outer headers and the
// Plain inside.
//
//	0          14         34    42      50         64         84            104
//	+----------+----------+-----+-------+----------+----------+-------------+
//	| Ethernet | IPv4     | UDP | VXLAN | Ethernet | IPv4     | TCP, or UDP |
//	+----------+----------+-----+-------+----------+----------+-------------+
//	                                    |<------------- Plain ------------->|
type Tunnel [OuterLen + len(Plain{})]byte

// PlainPacket is the headers of frame, nil if it is not plain.
func PlainPacket(frame []byte) *Plain {
	if len(frame) < len(Plain{}) || len(frame) > 0xffff {
		return nil
	}
	p := (*Plain)(frame)
	word := binary.LittleEndian.Uint64(p[startAt:])
	if word&startMask^start|binary.LittleEndian.Uint64(p[fragAt:])&fragMask != 0 || !p.sound(len(frame)-EthernetLen) {
		return nil
	}
	return p
}

// PlainTunnel is the headers of frame, nil if frame is no plain tunnel. A plain
// tunnel is a plain frame with a plain frame inside; its datagram has no checksum
// and ends where the frame ends.
func PlainTunnel(frame []byte) *Tunnel {
	if len(frame) < len(Tunnel{}) || len(frame) > 0xffff {
		return nil
	}
	t := (*Tunnel)(frame)
	total := len(frame) - EthernetLen
	wrong := t.wrong(total)
	wrong |= binary.LittleEndian.Uint64(t[OuterLen+startAt:])&startMask ^ start
	wrong |= binary.LittleEndian.Uint64(t[OuterLen+fragAt:]) & fragMask
	if wrong != 0 || !headerSumRight((*[IPv4Len]byte)(t[EthernetLen:]), nil) || !t.Inner().sound(total-OuterLen) {
		return nil
	}
	return t
}

// wrong are the bits of the outer headers that no plain tunnel of total bytes behind the
// Ethernet header has.
func (t *Tunnel) wrong(total int) uint64 {
	wrong := binary.LittleEndian.Uint64(t[startAt:])&(startMask|0xffff<<totalAt) ^ (start | swapped(total)<<totalAt)
	wrong |= binary.LittleEndian.Uint64(t[fragAt:])&(fragMask|protoMask) ^ protoUDPBit
	wrong |= binary.LittleEndian.Uint64(t[tunnelAt:])&tunnelMask ^ (tunnel | swapped(total-IPv4Len)<<16)
	return wrong
}

// swapped is a length as a little-endian word has it: the two bytes on the wire
// are big-endian.
func swapped(n int) uint64 { return uint64(bits.ReverseBytes16(uint16(n))) }

// sound judges the header's checksum and the lengths, which no word comparison
// can judge. room is how many bytes the frame has from the IPv4 header on.
func (p *Plain) sound(room int) bool {
	n, least := 0, 0
	switch p.Proto() {
	case ProtoTCP:
		n, least = int(p[46]>>4)*4, TCPLen
	case ProtoUDP:
		n, least = int(binary.BigEndian.Uint16(p[38:])), UDPLen
	default:
		return false
	}
	total := p.Len()
	return total <= room && n >= least && n <= total-IPv4Len && headerSumRight((*[IPv4Len]byte)(p[EthernetLen:]), nil)
}

// plainPacket is Parse for plain frames.
func plainPacket(frame []byte, h *Headers) bool {
	p := PlainPacket(frame)
	if p == nil {
		return false
	}
	p.Describe(h)
	return true
}

// Describe fills h as Parse does.
func (p *Plain) Describe(h *Headers) {
	h.Src, h.Dst, h.SrcPort, h.DstPort, h.Proto = AddrFrom4(p.Src()), AddrFrom4(p.Dst()), p.SrcPort(), p.DstPort(), p.Proto()
	h.Flags, h.Frag, h.Type, h.Code, h.Tagged = p.Flags(), Whole, 0, 0, false
	h.EtherType = EtherTypeIPv4
	h.L3, h.L4, h.End = EthernetLen, EthernetLen+IPv4Len, uint16(EthernetLen+p.Len())
	h.ID = uint32(binary.BigEndian.Uint16(p[18:]))
}

// DstBits is the station that the frame is for, as Ethernet.DstBits has it.
func (p *Plain) DstBits() uint64 { return binary.BigEndian.Uint64(p[0:]) >> 16 }

// SrcBits is the station that sent the frame, as Ethernet.SrcBits has it.
func (p *Plain) SrcBits() uint64 { return binary.BigEndian.Uint64(p[4:]) & (1<<48 - 1) }

// Len is the length of the IPv4 packet in bytes.
func (p *Plain) Len() int { return int(binary.BigEndian.Uint16(p[16:])) }

// Src is the sender's address.
func (p *Plain) Src() uint32 { return binary.BigEndian.Uint32(p[26:]) }

// Dst is the receiver's address.
func (p *Plain) Dst() uint32 { return binary.BigEndian.Uint32(p[30:]) }

// SrcPort is the sender's port.
func (p *Plain) SrcPort() uint16 { return binary.BigEndian.Uint16(p[34:]) }

// DstPort is the receiver's port.
func (p *Plain) DstPort() uint16 { return binary.BigEndian.Uint16(p[36:]) }

// TTL is the packet's time to live.
func (p *Plain) TTL() uint8 { return p[22] }

// Proto is ProtoTCP or ProtoUDP.
func (p *Plain) Proto() uint8 { return p[23] }

// Flags are TCP's flags, 0 for UDP.
func (p *Plain) Flags() uint8 {
	if p.Proto() == ProtoTCP {
		return p.TCPFlags()
	}
	return 0
}

// TCPFlags are the flags of a packet that the caller knows to be TCP.
func (p *Plain) TCPFlags() uint8 { return p[47] }

// TCP is the header, without options, of a packet that the caller knows to be TCP.
func (p *Plain) TCP() TCP { return p[EthernetLen+IPv4Len:] }

// SetEnd is SetAddr, and gives the packet another port at the same end.
func (p *Plain) SetEnd(at int, addr uint32, port uint16) {
	p.SetAddr(at, addr)
	field := (*[2]byte)(p[EthernetLen+IPv4Len+(at-PlainSrc)/2:])
	port = bits.ReverseBytes16(port)
	change := changeOf(uint32(binary.LittleEndian.Uint16(field[:])), uint32(port))
	binary.LittleEndian.PutUint16(field[:], port)
	if p.Proto() == ProtoTCP {
		binary.LittleEndian.PutUint16(p[50:], change.apply(binary.LittleEndian.Uint16(p[50:])))
	} else if udp := binary.LittleEndian.Uint16(p[40:]); udp != 0 {
		binary.LittleEndian.PutUint16(p[40:], udpSum(change.apply(udp)))
	}
}

// SetStations writes both stations of the frame.
func (p *Plain) SetStations(dst, src *MAC) {
	*(*MAC)(p[0:]) = *dst
	*(*MAC)(p[6:]) = *src
}

// Station is the destination of the outer frame, as MAC.Bits has it.
func (t *Tunnel) Station() uint64 { return binary.BigEndian.Uint64(t[0:]) >> 16 }

// Src is the sending tunnel end.
func (t *Tunnel) Src() uint32 { return binary.BigEndian.Uint32(t[26:]) }

// Dst is the receiving tunnel end.
func (t *Tunnel) Dst() uint32 { return binary.BigEndian.Uint32(t[30:]) }

// Target is the VNI and the station that a tunnel's inner frame is for. Lo and Hi
// are the frame's bytes in little-endian order, so reading a Target swaps nothing
// and comparing two takes two words. Offsets are the frame's:
//
//	46        49  50              54        56
//	+---------+---+---------------+---------+
//	|   VNI   | 0 |    inner destination    |
//	+---------+---+---------------+---------+
//	|<----------- Lo ------------>|<-- Hi ->|
type Target struct{ Lo, Hi uint64 }

// Target is the VNI and the station that the inner frame is for.
func (t *Tunnel) Target() Target {
	return Target{
		Lo: binary.LittleEndian.Uint64(t[OuterLen-4:]) &^ (0xff << 24),
		Hi: uint64(binary.LittleEndian.Uint16(t[OuterLen+4:])),
	}
}

// TargetOf is the Target of a VNI and a station, given as MAC.Bits has it.
func TargetOf(vni uint32, station uint64) Target {
	var b [16]byte
	binary.BigEndian.PutUint32(b[0:], vni<<8)
	binary.BigEndian.PutUint64(b[4:], station<<16)
	return Target{binary.LittleEndian.Uint64(b[0:]), binary.LittleEndian.Uint64(b[8:])}
}

// ECN is the underlay's congestion mark.
func (t *Tunnel) ECN() ECN { return ECN(t[15] & ECNMask) }

// InnerStation is the destination of the inner frame, as MAC.Bits has it.
func (t *Tunnel) InnerStation() uint64 { return binary.BigEndian.Uint64(t[OuterLen:]) >> 16 }

// Inner is the packet in the tunnel.
func (t *Tunnel) Inner() *Plain { return (*Plain)(t[OuterLen:]) }
