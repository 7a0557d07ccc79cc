package wire

import "encoding/binary"

// Ethernet is a frame (IEEE 802.3 clause 3.1.1), from its first byte:
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                      Destination address                      |
//	+                               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                               |                               |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+                               +
//	|                        Source address                         |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|           EtherType           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type Ethernet []byte

// Dst is the station that the frame is for.
func (b Ethernet) Dst() MAC { return MAC(b[0:6]) }

// Src is the station that sent the frame.
func (b Ethernet) Src() MAC { return MAC(b[6:12]) }

// DstBits is Dst as a number, first byte highest. Two numbers are compared in
// one instruction; two arrays are compared through memory.
func (b Ethernet) DstBits() uint64 { return binary.BigEndian.Uint64(b[0:8]) >> 16 }

// SrcBits is Src as a number, first byte highest.
func (b Ethernet) SrcBits() uint64 { return binary.BigEndian.Uint64(b[4:12]) & (1<<48 - 1) }

// EtherType is the kind of header that follows, which may be a VLAN tag.
func (b Ethernet) EtherType() uint16 { return binary.BigEndian.Uint16(b[12:14]) }

// SetDst writes the station that the frame is for.
func (b Ethernet) SetDst(m MAC) { *(*MAC)(b[0:6]) = m }

// SetSrc writes the station that sends the frame.
func (b Ethernet) SetSrc(m MAC) { *(*MAC)(b[6:12]) = m }

// SetEtherType writes the kind of header that follows.
func (b Ethernet) SetEtherType(t uint16) { binary.BigEndian.PutUint16(b[12:14], t) }

// vlan is a tag (IEEE 802.1Q clause 9.6) from the byte after the EtherType
// that announces the tag:
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	| PCP |D|        VLAN ID        |           EtherType           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type vlan []byte

// id is the network's number, 0 in a tag that carries only a priority.
func (b vlan) id() uint16 { return binary.BigEndian.Uint16(b[0:2]) & 0x0fff }

// etherType is the kind of header that follows, which may be another tag.
func (b vlan) etherType() uint16 { return binary.BigEndian.Uint16(b[2:4]) }

// maxTags is how many tags a frame may have: a service tag and a customer tag.
const maxTags = 2

func isTag(etherType uint16) bool {
	return etherType == EtherTypeVLAN || etherType == EtherTypeQinQ
}

// parseTags moves h.EtherType and h.L3 past the tags of a frame.
func parseTags(frame []byte, h *Headers) Fault {
	at := EthernetLen
	for n := 0; isTag(h.EtherType); n++ {
		if n == maxTags {
			return FaultVLANDepth
		}
		if len(frame) < at+VLANLen {
			return FaultVLANTruncated
		}
		tag := vlan(frame[at:])
		h.Tagged = h.Tagged || tag.id() != 0
		h.EtherType = tag.etherType()
		at += VLANLen
		h.L3 = uint16(at)
	}
	return NoFault
}
