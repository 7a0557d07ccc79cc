package wire

import "encoding/binary"

// ICMP is a message from its header's first byte (RFC 792):
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|     Type      |     Code      |           Checksum            |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|      Query: Identifier        |    Query: Sequence Number     |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|    Query: data. Errors: IPv4 header + 64 bits or more ...     |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type ICMP []byte

// Type is ICMPEcho or another.
func (b ICMP) Type() uint8 { return b[0] }

// Code says more, depending on the type.
func (b ICMP) Code() uint8 { return b[1] }

// Checksum covers the message.
func (b ICMP) Checksum() uint16 { return binary.BigEndian.Uint16(b[2:4]) }

// ID is a query's identifier.
func (b ICMP) ID() uint16 { return binary.BigEndian.Uint16(b[4:6]) }

// Seq is a query's sequence number.
func (b ICMP) Seq() uint16 { return binary.BigEndian.Uint16(b[6:8]) }

// MTU is the path's, in bytes, if this is ICMPUnreachable with code
// ICMPFragNeeded (RFC 1191).
func (b ICMP) MTU() uint16 { return binary.BigEndian.Uint16(b[6:8]) }

// SetChecksum writes the message's checksum.
func (b ICMP) SetChecksum(sum uint16) { binary.BigEndian.PutUint16(b[2:4], sum) }

// parseICMP reads the header at the start of b, the packet's payload. No
// message of RFC 792 is shorter than 8 bytes.
func parseICMP(b []byte, h *Headers) Fault {
	if len(b) < ICMPLen {
		return h.cut(FaultICMPTruncated)
	}
	p := (*[ICMPLen]byte)(b)
	h.Type, h.Code = p[0], p[1]
	if ICMPQuery(h.Type) != 0 {
		h.SrcPort = binary.BigEndian.Uint16(p[4:])
		h.DstPort = h.SrcPort
	}
	return NoFault
}

// ICMPQuery is the type of the query that a message of type t is, or answers; 0
// if it is neither. All of them have an identifier where an echo has one, by which
// the asker knows the answer (RFC 5508 section 3).
func ICMPQuery(t uint8) uint8 {
	switch t {
	case ICMPEchoReply:
		return ICMPEcho
	case ICMPTimestampReply, ICMPInformationReply, ICMPMaskReply, ICMPExtendedEchoReply:
		return t - 1
	case ICMPEcho, ICMPTimestamp, ICMPInformation, ICMPMask, ICMPExtendedEcho:
		return t
	}
	return 0
}

// IsICMPError tells whether the packet reports the fate of another one, which
// it quotes (RFC 1122 section 3.2.2).
func (h *Headers) IsICMPError() bool {
	if h.Proto != ProtoICMP {
		return false
	}
	switch h.Type {
	case ICMPUnreachable, ICMPSourceQuench, ICMPRedirect, ICMPTimeExceeded, ICMPParameter:
		return true
	}
	return false
}

// Quote describes the IPv4 header of the packet that an ICMP error quotes, as
// it stands there: lengths and checksums are not judged, since routers quote
// what they had changed already, and options and transport header may be cut.
// q.End is the end of what is there. ok is false if frame, which Parse
// described in h, is no error or quotes no addresses.
func Quote(frame []byte, h *Headers) (q Headers, ok bool) {
	at := int(h.L4) + ICMPLen
	if !h.IsICMPError() || at+IPv4Len > int(h.End) || frame[at]>>4 != 4 {
		return q, false
	}
	ip := IPv4(frame[at:h.End])
	header, end := min(max(ip.HeaderLen(), IPv4Len), len(ip)), len(ip)
	if total := ip.TotalLen(); total >= header {
		end = min(end, total)
	}
	q = Headers{
		Tuple:     Tuple{Src: ip.Src(), Dst: ip.Dst(), Proto: ip.Proto()},
		EtherType: EtherTypeIPv4,
		ID:        ip.ID(),
		L3:        uint16(at),
		L4:        uint16(at + header),
		End:       uint16(at + end),
	}
	switch {
	case ip.FragmentOffset() != 0:
		q.Frag = LaterFragment
	case ip.MoreFragments():
		q.Frag = FirstFragment
	}
	return q, true
}

// Embedded is Quote with as much of the transport header as leads to the
// quoted packet's connection: 8 bytes will do, and q.Flags is 0 where TCP's
// flags are not there. ok is false if less is quoted, or the quoted lengths
// contradict each other.
func Embedded(frame []byte, h *Headers) (q Headers, ok bool) {
	if q, ok = Quote(frame, h); !ok {
		return q, false
	}
	ip := IPv4(frame[q.L3:q.End])
	n, f := headerLength(ip)
	if f != NoFault || ip.TotalLen() < n {
		return q, false
	}
	return q, q.Frag == LaterFragment || quoteTransport(ip[n:], &q)
}

// quoteTransport reads what b quotes of a transport header.
func quoteTransport(b []byte, q *Headers) bool {
	switch q.Proto {
	case ProtoTCP, ProtoUDP:
		if len(b) < UDPLen {
			return false
		}
		q.SrcPort, q.DstPort = UDP(b).SrcPort(), UDP(b).DstPort()
		if q.Proto == ProtoTCP && len(b) > 13 {
			q.Flags = TCP(b).Flags()
		}
	case ProtoICMP:
		return parseICMP(b, q) == NoFault
	}
	return true
}
