package wire

// sentOn is the bit of VXLAN's last byte, which is reserved, that marks a tunnel that a card sent on
// to another. Cards alone see it: RFC 7348 section 5 has other receivers ignore it.
const sentOn = 0x01

// SendOn has the tunnel that fills a frame go to another tunnel end, as ParseVXLAN found it but for
// the destination, the mark Outer.SentOn and what depends on these: the outer headers have no options.
// The checksum of UDP over IPv4 must be 0, for none.
func SendOn(frame []byte, to Addr) {
	ip, long := frame[EthernetLen:], OuterLen
	if !to.Is4() {
		long = OuterLen6
	}
	frame[long-1] |= sentOn
	if to.Is4() {
		v4 := IPv4(ip)
		v4.SetDst(to.As4())
		v4.SetTotalLen(len(ip))
		UDP(ip[IPv4Len:]).SetLength(len(ip) - IPv4Len)
		v4.SetChecksum(0)
		v4.SetChecksum(Sum(ip[:IPv4Len], 0))
		return
	}
	IPv6(ip).SetDst(to)
	FinishOuter6(frame)
}
