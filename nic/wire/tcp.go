package wire

import "encoding/binary"

// TCP is a segment from its header's first byte (RFC 9293 section 3.1):
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|          Source Port          |       Destination Port        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                        Sequence Number                        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                    Acknowledgment Number                      |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|  Data |       |C|E|U|A|P|R|S|F|                               |
//	| Offset| Rsrvd |W|C|R|C|S|S|Y|I|            Window             |
//	|       |       |R|E|G|K|H|T|N|N|                               |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|           Checksum            |         Urgent Pointer        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                Options, Data Offset - 5 words                 |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type TCP []byte

// Seq is the sequence number of the first byte of data.
func (b TCP) Seq() uint32 { return binary.BigEndian.Uint32(b[4:8]) }

// Ack is the acknowledgment number: the next sequence number that the sender expects. It
// counts only with TCPAck.
func (b TCP) Ack() uint32 { return binary.BigEndian.Uint32(b[8:12]) }

// HeaderLen is the header's length in bytes, options included.
func (b TCP) HeaderLen() int { return int(b[12]>>4) * 4 }

// Flags are the flags, TCPFin to TCPCwr.
func (b TCP) Flags() uint8 { return b[13] }

// SetSeq writes the sequence number of the first byte of data.
func (b TCP) SetSeq(seq uint32) { binary.BigEndian.PutUint32(b[4:8], seq) }

// SetFlags writes the flags, TCPFin to TCPCwr.
func (b TCP) SetFlags(flags uint8) { b[13] = flags }

// parseTCP reads the header at the start of b, the packet's payload. A first
// fragment must hold the whole header: a later fragment could otherwise bring other
// flags than the filter read (RFC 1858 section 3).
func parseTCP(b []byte, h *Headers) Fault {
	if len(b) < TCPLen {
		return h.cut(FaultTCPTruncated)
	}
	p := (*[TCPLen]byte)(b)
	h.SrcPort = binary.BigEndian.Uint16(p[0:])
	h.DstPort = binary.BigEndian.Uint16(p[2:])
	h.Flags = p[13]
	n := int(p[12]>>4) * 4
	if n < TCPLen {
		return FaultTCPOffsetShort
	}
	if n > len(b) {
		return h.cut(FaultTCPOffsetBeyond)
	}
	return NoFault
}
