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

// Dst is the station the frame is for.
func (b Ethernet) Dst() MAC { return MAC(b[0:6]) }

// Src is the station that sent the frame.
func (b Ethernet) Src() MAC { return MAC(b[6:12]) }

// DstBits and SrcBits are the stations as numbers, first byte highest: a
// comparison of numbers is one instruction, and one of arrays goes through
// memory.
func (b Ethernet) DstBits() uint64 { return binary.BigEndian.Uint64(b[0:8]) >> 16 }

// SrcBits is the station that sent the frame, as DstBits is the other.
func (b Ethernet) SrcBits() uint64 { return binary.BigEndian.Uint64(b[4:12]) & (1<<48 - 1) }

// EtherType is what follows, perhaps a VLAN tag.
func (b Ethernet) EtherType() uint16 { return binary.BigEndian.Uint16(b[12:14]) }

// SetDst says which station the frame is for.
func (b Ethernet) SetDst(m MAC) { *(*MAC)(b[0:6]) = m }

// SetSrc says which station sends the frame.
func (b Ethernet) SetSrc(m MAC) { *(*MAC)(b[6:12]) = m }

// SetEtherType says what follows.
func (b Ethernet) SetEtherType(t uint16) { binary.BigEndian.PutUint16(b[12:14], t) }

// VLAN is a tag (IEEE 802.1Q clause 9.6) from the byte after the EtherType
// that announced it:
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	| PCP |D|        VLAN ID        |           EtherType           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type VLAN []byte

// ID is the network's number, 0 for a tag that carries only a priority.
func (b VLAN) ID() uint16 { return binary.BigEndian.Uint16(b[0:2]) & 0x0fff }

// Priority is the priority code point.
func (b VLAN) Priority() uint8 { return b[0] >> 5 }

// EtherType is what follows, perhaps another tag.
func (b VLAN) EtherType() uint16 { return binary.BigEndian.Uint16(b[2:4]) }

// maxTags is a service tag and a customer tag.
const maxTags = 2

func isTag(etherType uint16) bool {
	return etherType == EtherTypeVLAN || etherType == EtherTypeQinQ
}

// parseTags moves h past the tags of a frame whose EtherType announces one.
func parseTags(frame []byte, h *Headers) Fault {
	at := EthernetLen
	for n := 0; isTag(h.EtherType); n++ {
		if n == maxTags {
			return FaultVLANDepth
		}
		if len(frame) < at+VLANLen {
			return FaultVLANTruncated
		}
		tag := VLAN(frame[at:])
		if id := tag.ID(); id != 0 && !h.Tagged {
			h.Tagged, h.VLAN = true, id
		}
		h.EtherType = tag.EtherType()
		at += VLANLen
		h.L3 = uint16(at)
	}
	return NoFault
}
