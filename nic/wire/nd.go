package wire

import (
	"encoding/binary"
	"net/netip"
)

// Solicitation is a message of neighbor discovery by which a station asks for another one's
// MAC, or for routers (RFC 4861 sections 4.1 and 4.3):
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|     Type      |     Code      |           Checksum            |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                           Reserved                            |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|        Target Address, 16 bytes, of a neighbor solicitation   |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|  Option Type  | 8-byte units  | MAC of the sender, if Type 1  |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type Solicitation struct {
	Target Addr // whose MAC is asked for; zero: routers are
	Source MAC  // the sender's, as the option says; zero: the option is absent
}

// Options of neighbor discovery (RFC 4861 section 4.6).
const (
	ndSource = 1
	ndTarget = 2
	ndPrefix = 3
)

// IsND tells whether the packet is a message of neighbor discovery, sound or not.
func (h *Headers) IsND() bool {
	return h.Proto == ProtoICMPv6 && h.IsICMP() && h.Type >= NDRouterSolicitation && h.Type <= NDRedirect
}

// ParseSolicitation reads the solicitation in frame, which h describes. ok is false if the
// message is no solicitation, or if it is not sound (RFC 4861 sections 6.1.1 and 7.1.1, RFC
// 6980): a hop limit below 255, so that a router may have forwarded it; an extension header,
// as fragments have; a wrong checksum or code; an option of length 0 or past the message. Nor is
// one whose answer would go to more stations than one, from a group or a MAC of several.
func ParseSolicitation(frame []byte, h *Headers) (s Solicitation, ok bool) {
	b, least := frame[h.L4:h.End], 8
	if h.Type == NDNeighborSolicitation {
		least = 24
	}
	switch {
	case h.Type != NDNeighborSolicitation && h.Type != NDRouterSolicitation, !soundND(frame, h, least):
		return s, false
	case least == 24:
		if s.Target = AddrFrom16(b[8:24]); !s.Target.IsUnicast() || s.Target.Is4() {
			return s, false
		}
	}
	s.Source, ok = ndMAC(b[least:], ndSource, MAC{})
	return s, ok && (s.Source.IsZero() || !h.Src.IsZero()) && !s.Source.IsMulticast() && !h.Src.IsGroup()
}

// soundND tells whether a message of neighbor discovery has so many bytes before its options,
// and is sound but for what its type says.
func soundND(frame []byte, h *Headers, least int) bool {
	b := frame[h.L4:h.End]
	return h.Code == 0 && h.L4 == h.L3+IPv6Len && IPv6(frame[h.L3:]).HopLimit() == 255 &&
		len(b) >= least && Sum(b, PseudoSum(h.Src, h.Dst, ProtoICMPv6, len(b))) == 0
}

// ndMAC is the MAC in the last one of the options of a kind, and the given one if there is
// none; ok is false if an option has length 0 or goes past the message.
func ndMAC(options []byte, kind uint8, given MAC) (mac MAC, ok bool) {
	mac = given
	for b := options; len(b) > 0; b = b[int(b[1])*8:] {
		if len(b) < 8 || b[1] == 0 || len(b) < int(b[1])*8 {
			return mac, false
		}
		if b[0] == kind {
			mac = MAC(b[2:8])
		}
	}
	return mac, true
}

// ParseAdvertisement reads the neighbor advertisement in frame, which h describes: who has
// which address, and whether the message answers a question. A message without a MAC in an
// option has that of the frame. ok is false if the message is none, or if it is not sound
// (RFC 4861 section 7.1.2, RFC 6980).
func ParseAdvertisement(frame []byte, h *Headers) (from Neighbor, answer, ok bool) {
	b := frame[h.L4:h.End]
	if h.Type != NDNeighborAdvertisement || !soundND(frame, h, 24) {
		return from, false, false
	}
	from.Addr, answer = AddrFrom16(b[8:24]), b[4]&0x40 != 0
	if !from.Addr.IsUnicast() || from.Addr.Is4() || answer && h.Dst.IsGroup() {
		return from, false, false
	}
	from.MAC, ok = ndMAC(b[24:], ndTarget, Ethernet(frame).Src())
	return from, answer, ok
}

// NeighborSolicit writes a question into dst, on behalf of from, who has an address: to the
// group of stations whose addresses end alike (RFC 4291 section 2.7.1, RFC 4861 section 4.3).
// The frame that NeighborSolicit returns is the first NeighborAdvertLen bytes of dst; a shorter
// dst panics.
//
//	|Type 135|Code|Checksum|0, 4 bytes|Target, 16 bytes|Option 1: MAC of from|
func NeighborSolicit(dst []byte, from Neighbor, addr Addr) []byte {
	frame, low := dst[:NeighborAdvertLen], addr.lo&0xff_ffff
	group := Neighbor{MAC{0x33, 0x33, 0xff, byte(low >> 16), byte(low >> 8), byte(low)}, Addr{0xff02 << 48, 1<<32 | 0xff<<24 | low}}
	b := startND(frame, from, group)
	b[0] = NDNeighborSolicitation
	putAddr(b[8:], addr)
	b[24], b[25] = ndSource, 1
	copy(b[26:], from.MAC[:])
	endND(frame)
	return frame
}

// Lengths of frames with advertisements.
const (
	NeighborAdvertLen = EthernetLen + IPv6Len + 24 + 8
	RouterAdvertLen   = EthernetLen + IPv6Len + 16 + 8 + 32
)

// allNodes is every station of a link (RFC 4291 section 2.7.1), and allNodesMAC its MAC (RFC
// 2464 section 7).
var (
	allNodes    = Addr{0xff02 << 48, 1}
	allNodesMAC = MAC{0x33, 0x33, 0, 0, 0, 1}
)

// NeighborAdvert writes into frame, of NeighborAdvertLen bytes, that the station from has the
// address from.Addr: to the station to, which asked; or to all, if to has no address, as a
// station that looks for duplicates of its own (RFC 4861 sections 4.4 and 7.2.4).
//
//	|Type 136|Code|Checksum|R S O|Reserved|Target, 16 bytes|Option 2: MAC of from|
func NeighborAdvert(frame []byte, from, to Neighbor, router bool) {
	flags := byte(0x20) // O: whatever you knew
	if router {
		flags |= 0x80
	}
	if !to.Addr.IsZero() {
		flags |= 0x40 // S: you asked
	}
	b := startND(frame, from, to)
	b[0], b[4] = NDNeighborAdvertisement, flags
	putAddr(b[8:], from.Addr)
	b[24], b[25] = ndTarget, 1
	copy(b[26:], from.MAC[:])
	endND(frame)
}

// RouterAdvert is what a router advertises (RFC 4861 section 4.2).
type RouterAdvert struct {
	From     Neighbor     // its address is link-local
	Lifetime uint16       // seconds for which it is a default router
	Managed  bool         // M: hosts get addresses by DHCPv6
	Prefix   netip.Prefix // whose addresses are on the link, and from which no host makes one of its own
}

// Put writes the advertisement into frame, of RouterAdvertLen bytes, for the station to, or
// for all if to has no address.
//
//	|Type 134|Code|Checksum|Hop limit 0|M O|Lifetime|0, 8 bytes|Option 1: MAC|
//	|Option 3|4|Length|L A|Valid lifetime|Preferred lifetime|0, 4 bytes|Prefix, 16 bytes|
func (r *RouterAdvert) Put(frame []byte, to Neighbor) {
	b := startND(frame, r.From, to)
	b[0] = NDRouterAdvertisement
	if r.Managed {
		b[5] = 0x80
	}
	binary.BigEndian.PutUint16(b[6:], r.Lifetime)
	b[16], b[17] = ndSource, 1
	copy(b[18:], r.From.MAC[:])
	b[24], b[25], b[26], b[27] = ndPrefix, 4, byte(r.Prefix.Bits()), 0x80
	binary.BigEndian.PutUint64(b[28:], 1<<64-1) // both lifetimes: for ever
	putAddr(b[40:], AddrFrom(r.Prefix.Addr()))
	endND(frame)
}

// startND writes the headers of a message, and zeros behind them, which it returns.
func startND(frame []byte, from, to Neighbor) []byte {
	clear(frame)
	if to.Addr.IsZero() {
		to = Neighbor{allNodesMAC, allNodes}
	}
	eth := Ethernet(frame)
	eth.SetDst(to.MAC)
	eth.SetSrc(from.MAC)
	eth.SetEtherType(EtherTypeIPv6)
	ip := IPv6(frame[EthernetLen:])
	ip[0], ip[6], ip[7] = 6<<4, ProtoICMPv6, 255
	ip.SetPayloadLen(len(ip) - IPv6Len)
	ip.SetSrc(from.Addr)
	ip.SetDst(to.Addr)
	return ip[IPv6Len:]
}

// endND writes the checksum of a message.
func endND(frame []byte) {
	ip := IPv6(frame[EthernetLen:])
	b := ip[IPv6Len:]
	binary.BigEndian.PutUint16(b[2:], Sum(b, PseudoSum(ip.Src(), ip.Dst(), ProtoICMPv6, len(b))))
}
