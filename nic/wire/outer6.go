package wire

// FinishOuter6 writes lengths and checksum of the outer headers of a tunnel over IPv6 for the
// frame that is there.
//
//	0          14         54    62      70
//	+----------+----------+-----+-------+------- …
//	| Ethernet | IPv6     | UDP | VXLAN | inner frame
//	+----------+----------+-----+-------+------- …
//
// The checksum is computed, though RFC 6935 lets tunnels go without. IPv6 has no checksum of
// its own, so nothing else covers the VNI, which keeps customers apart (RFC 6936 section 3.1);
// and Linux takes no tunnel without one unless told so.
func FinishOuter6(frame []byte) {
	ip := IPv6(frame[EthernetLen:])
	n := len(ip) - IPv6Len
	ip.SetPayloadLen(n)
	udp := UDP(ip[IPv6Len:])
	udp.SetLength(n)
	clear(udp[6:8])
	PutSum(udp[6:8], Sum(udp, PseudoSum(ip.Src(), ip.Dst(), ProtoUDP, n)))
}
