package wire

import "encoding/binary"

// UDP is a datagram from its header's first byte (RFC 768):
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|          Source Port          |       Destination Port        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|            Length             |           Checksum            |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type UDP []byte

// srcPort is the sender's port.
func (b UDP) srcPort() uint16 { return binary.BigEndian.Uint16(b[0:2]) }

// DstPort is the receiver's port.
func (b UDP) DstPort() uint16 { return binary.BigEndian.Uint16(b[2:4]) }

// Length is the datagram's length in bytes, header included.
func (b UDP) Length() int { return int(binary.BigEndian.Uint16(b[4:6])) }

// Checksum covers pseudo-header and datagram; 0 says that the sender made none.
func (b UDP) Checksum() uint16 { return binary.BigEndian.Uint16(b[6:8]) }

// SetSrcPort writes the sender's port.
func (b UDP) SetSrcPort(port uint16) { binary.BigEndian.PutUint16(b[0:2], port) }

// SetLength writes the datagram's length in bytes, header included.
func (b UDP) SetLength(n int) { binary.BigEndian.PutUint16(b[4:6], uint16(n)) }

// parseUDP reads the header at the start of b, the packet's payload. A datagram
// may end before its packet does. In a first fragment the datagram ends in a later
// fragment.
func parseUDP(b []byte, h *Headers) Fault {
	if len(b) < UDPLen {
		return h.cut(FaultUDPTruncated)
	}
	p := (*[UDPLen]byte)(b)
	h.SrcPort = binary.BigEndian.Uint16(p[0:])
	h.DstPort = binary.BigEndian.Uint16(p[2:])
	n := int(binary.BigEndian.Uint16(p[4:]))
	if n < UDPLen {
		return FaultUDPLengthShort
	}
	if n > len(b) && h.Frag == Whole {
		return FaultUDPLengthBeyond
	}
	return NoFault
}
