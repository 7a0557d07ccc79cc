package wiretest

import (
	"errors"
	"fmt"
	"net/netip"

	"nitrocard/nic/wire"
)

// Check is nil if every checksum in the frame is right, and names the first wrong
// one otherwise. The checksums are those of IPv4, of TCP, UDP, UDP-Lite, DCCP or
// ICMP in a whole packet, of the packet that an ICMP error quotes, and of a tunneled
// frame. A frame without IP has no checksum; a frame that ends before its checksum
// is an error.
func Check(frame []byte) error {
	for at := 12; at+2 <= len(frame); at += wire.VLANLen {
		switch be.Uint16(frame[at:]) {
		case wire.EtherTypeVLAN, wire.EtherTypeQinQ:
		case wire.EtherTypeIPv4:
			return checkIPv4(frame[at+2:])
		case wire.EtherTypeIPv6:
			return checkIPv6(frame[at+2:])
		default:
			return nil
		}
	}
	return errors.New("the frame ends before its EtherType")
}

func checkIPv4(b []byte) error {
	h := wire.IPv4(b)
	if len(b) < wire.IPv4Len || h.HeaderLen() < wire.IPv4Len || h.HeaderLen() > len(b) {
		return errors.New("the IPv4 header is cut")
	}
	if Sum(b[:h.HeaderLen()]) != 0xffff {
		return errors.New("the IPv4 header checksum is wrong")
	}
	if h.MoreFragments() || h.FragmentOffset() != 0 || h.TotalLen() > len(b) { // a fragment has no transport checksum of its own
		return nil
	}
	if h.TotalLen() < h.HeaderLen() {
		return errors.New("the packet is shorter than its header")
	}
	ends := ip{src: netip.AddrFrom4([4]byte(b[12:16])), dst: netip.AddrFrom4([4]byte(b[16:20])), proto: h.Proto()}
	return checkTransport(ends, b[h.HeaderLen():h.TotalLen()])
}

func checkTransport(h ip, b []byte) error {
	pseudo := h.pseudo
	least := map[uint8]int{
		wire.ProtoTCP: wire.TCPLen, wire.ProtoUDP: wire.UDPLen, wire.ProtoICMP: wire.ICMPLen,
		wire.ProtoICMPv6: wire.ICMPLen, wire.ProtoUDPLite: wire.UDPLen, wire.ProtoDCCP: dccpLen,
	}
	if len(b) < least[h.proto] {
		return errors.New("the transport header is cut")
	}
	switch h.proto {
	case wire.ProtoTCP:
		if Sum(pseudo(len(b)), b) != 0xffff {
			return errors.New("the TCP checksum is wrong")
		}
	case wire.ProtoUDP:
		return checkUDP(b, pseudo)
	case wire.ProtoUDPLite:
		if Sum(pseudo(len(b)), b[:covered(int(be.Uint16(b[4:])), len(b))]) != 0xffff {
			return errors.New("the UDP-Lite checksum is wrong")
		}
	case wire.ProtoDCCP:
		if Sum(pseudo(len(b)), b[:dccpCovered(b)]) != 0xffff {
			return errors.New("the DCCP checksum is wrong")
		}
	case wire.ProtoICMP:
		return checkICMP(b)
	case wire.ProtoICMPv6:
		if Sum(pseudo(len(b)), b) != 0xffff {
			return errors.New("the ICMPv6 checksum is wrong")
		}
		if b[0] > 0 && b[0] < 128 {
			return inQuote(checkIPv6(b[wire.ICMPLen:]))
		}
	}
	return nil
}

// dccpCovered is how many bytes of the DCCP packet b the checksum covers: the header
// and the words of data that CsCov names, or the whole packet (RFC 4340 section
// 9.2).
func dccpCovered(b []byte) int {
	words := int(b[5] & 0xf)
	if words == 0 {
		return len(b)
	}
	return min(int(b[4])*4+4*(words-1), len(b))
}

// covered is how many bytes of a datagram a checksum covers whose header says n; 0
// stands for all.
func covered(n, all int) int {
	if n == 0 {
		return all
	}
	return min(n, all)
}

func checkUDP(b []byte, pseudo func(n int) []byte) error {
	u := wire.UDP(b)
	if u.Length() < wire.UDPLen {
		return errors.New("the datagram is shorter than its header")
	}
	b = b[:min(u.Length(), len(b))]
	if u.Checksum() != 0 && Sum(pseudo(len(b)), b) != 0xffff {
		return errors.New("the UDP checksum is wrong")
	}
	if u.DstPort() == wire.PortVXLAN && len(b) >= wire.UDPLen+wire.VXLANLen+wire.EthernetLen {
		if err := Check(b[wire.UDPLen+wire.VXLANLen:]); err != nil {
			return fmt.Errorf("in the tunnel: %w", err)
		}
	}
	return nil
}

func checkICMP(b []byte) error {
	if Sum(b) != 0xffff {
		return errors.New("the ICMP checksum is wrong")
	}
	switch b[0] {
	case wire.ICMPUnreachable, wire.ICMPTimeExceeded, wire.ICMPSourceQuench, wire.ICMPRedirect, wire.ICMPParameter:
		return inQuote(checkIPv4(b[wire.ICMPLen:]))
	}
	return nil
}

func inQuote(err error) error {
	if err != nil {
		return fmt.Errorf("in the quote: %w", err)
	}
	return nil
}

// Sum is the one's complement sum of parts, added word by word (RFC 1071 section
// 4.1). A part of odd length is filled with a zero. Sum is not complemented: over
// bytes with a right checksum Sum is 0xffff.
func Sum(parts ...[]byte) uint16 {
	sum := 0
	for _, b := range parts {
		for i := range b {
			sum += int(b[i]) << (8 * (1 - i%2))
			if sum > 0xffff {
				sum -= 0xffff
			}
		}
	}
	return uint16(sum)
}
