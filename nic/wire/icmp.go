package wire

import "encoding/binary"

// parseICMP reads the header at the start of b, the packet's payload, which is alike in both
// families. No message is shorter than 8 bytes (RFC 792, RFC 4443 section 2.1):
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|     Type      |     Code      |           Checksum            |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|      Query: Identifier        |    Query: Sequence Number     |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|    Query: data. Errors: IP header + 64 bits or more ...       |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
func parseICMP(b []byte, h *Headers) Fault {
	if len(b) < ICMPLen {
		return h.cut(FaultICMPTruncated)
	}
	p := (*[ICMPLen]byte)(b)
	h.Type, h.Code = p[0], p[1]
	if h.Query() != 0 {
		h.SrcPort = binary.BigEndian.Uint16(p[4:])
		h.DstPort = h.SrcPort
	}
	return NoFault
}

// ICMPQuery is the type of the query that an ICMP message of type t asks or answers, 0
// if t is neither a query nor an answer. Queries and answers have an identifier
// where an echo has one, by which the asker knows the answer (RFC 5508 section
// 3).
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

// ICMPv6Query is ICMPQuery for ICMPv6 (RFC 4443 section 4).
func ICMPv6Query(t uint8) uint8 {
	if t == ICMPv6Echo || t == ICMPv6EchoReply {
		return ICMPv6Echo
	}
	return 0
}

// ICMPAnswer is the type of the answer to a query of ICMP or ICMPv6 (RFC 792, RFC 950, RFC 4443
// section 4, RFC 8335 section 3).
func ICMPAnswer(proto, query uint8) uint8 {
	switch {
	case proto == ProtoICMPv6:
		return ICMPv6EchoReply
	case query == ICMPEcho:
		return ICMPEchoReply
	}
	return query + 1
}

// IsICMP tells whether the packet is a message of its own family's ICMP. In a packet of
// the other family the number is that of a protocol without meaning.
func (h *Headers) IsICMP() bool {
	return h.Proto == ProtoICMP && h.EtherType == EtherTypeIPv4 || h.Proto == ProtoICMPv6 && h.EtherType == EtherTypeIPv6
}

// Query is the type of the query that an ICMP message of either family asks or answers,
// 0 if the packet is neither.
func (h *Headers) Query() uint8 {
	switch {
	case !h.IsICMP() || h.Frag == LaterFragment:
		return 0
	case h.Proto == ProtoICMPv6:
		return ICMPv6Query(h.Type)
	}
	return ICMPQuery(h.Type)
}

// IsICMPError tells whether the packet is an ICMP error: a report about another
// packet, which the error quotes (RFC 1122 section 3.2.2, RFC 4443 section 2.1).
func (h *Headers) IsICMPError() bool {
	switch {
	case !h.IsICMP():
		return false
	case h.Proto == ProtoICMPv6:
		return h.Type >= ICMPv6Unreachable && h.Type <= ICMPv6Parameter
	}
	switch h.Type {
	case ICMPUnreachable, ICMPSourceQuench, ICMPRedirect, ICMPTimeExceeded, ICMPParameter:
		return true
	}
	return false
}

// Quote describes the IP header of the packet that an ICMP error quotes. h is
// Parse's description of frame. ok is false if frame is no ICMP error, or if the
// quote ends before its addresses do, or within IPv6's extension headers.
//
//	|Ethernet|tags|IP header|ICMP header|quoted IP header|quoted transport|
//	0             h.L3      h.L4        q.L3             q.L4         q.End
//
// Quote judges neither the lengths nor the checksum in the quoted header, because
// routers quote packets that they had changed before. Options and transport header
// may be cut; q.End is where the quote really ends.
func Quote(frame []byte, h *Headers) (q Headers, ok bool) {
	at := int(h.L4) + ICMPLen
	if h.Proto == ProtoICMPv6 && h.IsICMPError() {
		return quote6(frame, h)
	}
	if !h.IsICMPError() || at+IPv4Len > int(h.End) || frame[at]>>4 != 4 {
		return q, false
	}
	ip := IPv4(frame[at:h.End])
	header, end := min(max(ip.HeaderLen(), IPv4Len), len(ip)), len(ip)
	if total := ip.TotalLen(); total >= header {
		end = min(end, total)
	}
	q = Headers{
		Tuple:     Tuple{Src: AddrFrom4(ip.Src()), Dst: AddrFrom4(ip.Dst()), Proto: ip.Proto()},
		EtherType: EtherTypeIPv4,
		ID:        uint32(ip.ID()),
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

// quote6 is Quote for ICMPv6.
func quote6(frame []byte, h *Headers) (q Headers, ok bool) {
	at := int(h.L4) + ICMPLen
	if at+IPv6Len > int(h.End) || frame[at]>>4 != 6 {
		return q, false
	}
	ip := IPv6(frame[at:h.End])
	end := min(len(ip), IPv6Len+ip.PayloadLen())
	q = Headers{Tuple: Tuple{Src: ip.Src(), Dst: ip.Dst()}, EtherType: EtherTypeIPv6, L3: uint16(at), End: uint16(at + end)}
	n, f := walkExtensions(ip[:end], &q)
	q.L4 = uint16(at + n)
	return q, f == NoFault && !q.Src.Is4() && !q.Dst.Is4()
}

// Embedded is Quote, and reads the quoted ports too, which name the quoted
// packet's connection. 8 bytes of transport header are enough; q.Flags is 0 if the
// quote ends before TCP's flags. ok is false if fewer bytes are quoted, or if the
// quoted lengths contradict each other.
func Embedded(frame []byte, h *Headers) (q Headers, ok bool) {
	if q, ok = Quote(frame, h); !ok {
		return q, false
	}
	if q.EtherType == EtherTypeIPv6 {
		return q, q.Frag == LaterFragment || quoteTransport(frame[q.L4:q.End], &q)
	}
	ip := IPv4(frame[q.L3:q.End])
	n, f := headerLength(ip)
	if f != NoFault || ip.TotalLen() < n {
		return q, false
	}
	return q, q.Frag == LaterFragment || quoteTransport(ip[n:], &q)
}

// quoteTransport reads the ports and flags of the quoted transport header b. A
// quote without ports is refused.
func quoteTransport(b []byte, q *Headers) bool {
	switch q.Proto {
	case ProtoTCP, ProtoUDP:
		if len(b) < UDPLen {
			return false
		}
		q.SrcPort, q.DstPort = UDP(b).srcPort(), UDP(b).DstPort()
		if q.Proto == ProtoTCP && len(b) > 13 {
			q.Flags = TCP(b).Flags()
		}
	}
	return !q.IsICMP() || parseICMP(b, q) == NoFault
}
