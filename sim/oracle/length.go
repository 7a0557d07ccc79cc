package oracle

// lengthened is by how many bytes a packet is longer in IPv6 than in IPv4, and fragmentLen6 by how many its fragments are
// longer, beyond that (RFC 8200 sections 3 and 4.5).
const (
	lengthened   = 20
	fragmentLen6 = 8
)

// resize gives a long packet the length that it has in the other family, whose ICMP has a number: "If the size of the
// translated IPv4 packet is less than or equal to 1260 bytes, it is set to zero; otherwise, it is set to one" (RFC
// 7915 section 5.1, of DF).
func (p *Packet) resize(icmp uint8) {
	switch {
	case p.Len == 0:
	case icmp == ICMPv6:
		p.Len, p.DF = p.Len+lengthened, false
	default:
		p.Len -= lengthened
		p.DF = p.Len > 1260
	}
}

// data is how many bytes a TCP segment without options brings.
func (p Packet) data() uint32 {
	before := 20 + len(p.Options)
	if p.Src.Is6() {
		before = 40 + p.Headers.len()
	}
	return uint32(max(0, p.Len-before-20))
}

// tellMTU has an ICMP error, which a NAT gateway has translated, tell the MTU of its own family's packets: "maximum(1280,
// minimum((MTU value in the ICMPv4 PTB message)+20, …))" (RFC 7915 section 4.2).
func (p *Packet) tellMTU() {
	if p.Proto == ICMP {
		p.MTU -= lengthened
		return
	}
	p.MTU = max(leastMTU6, p.MTU+lengthened)
}

// tellsMTU tells whether a packet is an ICMP error about one that is too big.
func (p Packet) tellsMTU() bool {
	return p.Proto == ICMP && p.Type == Unreachable && p.Code == 4 || p.Proto == ICMPv6 && p.Type == TooBig6
}
