package wiretest

import (
	"errors"
	"net/netip"
	"slices"

	"nitrocard/nic/wire"
)

// extension is an extension header of IPv6: its number, and its bytes from the third.
type extension struct {
	number uint8
	rest   []byte
}

// Numbers of extension headers: the one that fragments have, and the one that names stops.
const (
	fragmentHeader = 44
	routingHeader  = 43
)

// Extension puts an extension header of n bytes behind the IPv6 header and the extension
// headers that are there; n is a multiple of 8. Its options are padding; a fragment header
// is that of a whole packet.
func (p Packet) Extension(number uint8, n int) Packet {
	rest := make([]byte, n-2)
	if number != fragmentHeader {
		rest[0], rest[1] = 1, byte(n-4) // PadN (RFC 8200 section 4.2)
	}
	p.ip.extensions = append(slices.Clip(p.ip.extensions), extension{number, rest})
	return p
}

// Routing puts a routing header of type 0 and n bytes behind those headers, by which the packet has so many stops left
// (RFC 8200 section 4.4).
func (p Packet) Routing(n int, left uint8) Packet {
	rest := make([]byte, n-2)
	rest[1] = left
	p.ip.extensions = append(slices.Clip(p.ip.extensions), extension{routingHeader, rest})
	return p
}

// packet6 puts the IPv6 header and its extension headers in front of payload. The
// fragment header, of a fragment, is the last of them.
func (h ip) packet6(payload []byte) []byte {
	headers := h.extensions
	if more := h.frag & 0x2000; more != 0 || h.frag&0x1fff != 0 {
		rest := be.AppendUint16(nil, h.frag<<3|more>>13)
		headers = append(slices.Clip(headers), extension{fragmentHeader, be.AppendUint32(rest, uint32(h.id))})
	}
	numbers := []uint8{}
	for _, e := range headers {
		numbers = append(numbers, e.number)
	}
	numbers = append(numbers, h.proto)
	var behind []byte
	for i, e := range headers {
		length := byte((len(e.rest)+2)/8 - 1)
		if e.number == fragmentHeader {
			length = 0
		}
		behind = append(append(behind, numbers[i+1], length), e.rest...)
	}
	behind = append(behind, payload...)
	b := be.AppendUint32(nil, 6<<28|uint32(h.tos)<<20)
	b = be.AppendUint16(b, uint16(len(behind)))
	b = append(b, numbers[0], h.ttl)
	b = append(append(b, h.src.AsSlice()...), h.dst.AsSlice()...)
	return append(b, behind...)
}

// checkIPv6 is checkIPv4 for IPv6, which has no checksum of its own.
func checkIPv6(b []byte) error {
	if len(b) < wire.IPv6Len {
		return errors.New("the IPv6 header is cut")
	}
	h := ip{src: netip.AddrFrom16([16]byte(b[8:24])), dst: netip.AddrFrom16([16]byte(b[24:40])), proto: b[6]}
	end := wire.IPv6Len + int(be.Uint16(b[4:]))
	if end > len(b) {
		return nil // a quote, which the error's sender cut
	}
	b = b[wire.IPv6Len:end]
	for h.proto == 0 || h.proto == 43 || h.proto == fragmentHeader || h.proto == 60 {
		if len(b) < 8 || len(b) < 8+int(b[1])*8 {
			return errors.New("an extension header is cut")
		}
		if h.proto == fragmentHeader && be.Uint16(b[2:])&^6 != 0 {
			return nil
		}
		h.proto, b = b[0], b[8+int(b[1])*8:]
	}
	return checkTransport(h, b)
}
