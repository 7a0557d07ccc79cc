package gso

import "nitrocard/nic/wire"

// layout is where a frame has those headers that differ between its segments,
// from the outermost IP header to the innermost, and what follows:
//
//	|Ethernet|tags| layers[0] | … | layers[n-1] |TCP or UDP|payload|
//	0                                           l4
//
// Headers that are the same in each segment, such as VXLAN's, lie between and
// are not noted.
type layout struct {
	way
	layers [maxLayers]layer
	proto  uint8 // of the header at l4
	l4     int
}

// way is how far a finder has come.
type way struct {
	n      int // of layers
	fit    int // of those, that do not contradict the frame's length
	limit  int // end of the packet at hand
	remote int // where a checksum begins that is left to a tunnel's far end, or 0
	jumbo  int // where the option of a packet above 64 KB is, or 0
}

// maxLayers is more than a sender builds: Linux stacks eight tunnels.
const maxLayers = 24

// layer is one header.
type layer struct {
	kind kind
	at   int
	dst  int // IPv6: the destination that a checksum covers (RFC 8200 section 8.1), which may be in a routing header
}

type kind uint8

const (
	inIPv4 kind = iota
	inIPv6
	inUDP
	inGRE
)

// Headers that only tunnels have.
const (
	ip6Len   = 40 // RFC 8200 section 3
	jumboLen = 8  // RFC 2675 section 2, with its options header

	// Protocols (IANA Protocol Numbers).
	hopOptions, protoIPIP, protoIPv6, routing, fragment, protoGRE = 0, 4, 41, 43, 44, 47
	dstOptions, protoEtherIP, protoSCTP, protoMPLS, protoEthernet = 60, 97, 132, 137, 143

	// EtherTypes (IEEE 802 Numbers).
	etherTypeBridging, etherTypeMPLS, etherTypeMPLSMulticast = 0x6558, 0x8847, 0x8848
	etherTypeERSPAN, etherTypeNSH, etherTypeQinQOld          = 0x88be, 0x894f, 0x9100

	greSum, greKey, greSeq = 0x8000, 0x2000, 0x1000 // flags (RFC 2784 section 2.1, RFC 2890 section 2)
)

// push notes a layer; it is false if there are too many.
func (l *layout) push(what layer) bool {
	if l.n == maxLayers {
		return false
	}
	l.layers[l.n] = what
	l.n++
	return true
}

// under is the IP header that the header after layers[:n] is in. There is one:
// a frame has no other first layer.
func (l *layout) under(n int) *layer {
	for n--; l.layers[n].kind != inIPv4 && l.layers[n].kind != inIPv6; n-- {
	}
	return &l.layers[n]
}

// pseudo is the sum of the pseudo-header (RFC 9293 section 3.1, RFC 8200
// section 8.1) of n bytes of proto in ip.
func pseudo(frame []byte, ip *layer, proto uint8, n int) uint32 {
	h := frame[ip.at:]
	if ip.kind == inIPv4 {
		return wire.PseudoSum(wire.AddrFrom4(wire.IPv4(h).Src()), wire.AddrFrom4(wire.IPv4(h).Dst()), proto, n)
	}
	sum := uint32(^wire.Sum(h[8:24], 0)) + uint32(^wire.Sum(frame[ip.dst:ip.dst+16], 0))
	return sum + uint32(proto) + uint32(n)
}
