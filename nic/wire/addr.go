package wire

import (
	"encoding/binary"
	"net/netip"
)

// Addr is an IP address of either family, so that whoever asks for an address need
// not ask for its family first. An IPv4 address is kept as the IPv6 address that
// stands for it (RFC 4291 section 2.5.5.2):
//
//	 hi: 63                    0    lo: 63      47      31                0
//	+---------------------------+      +-------+-------+-----------------+
//	|             0             |      |   0   | ffff  |  IPv4 address   |
//	+---------------------------+      +-------+-------+-----------------+
//
// The zero Addr is no address, as :: is none (section 2.5.2); 0.0.0.0 is another. Two words, not 16 bytes: the
// compiler keeps the words in registers and compares them there.
type Addr struct{ hi, lo uint64 }

// mapped stands above the address in lo of an IPv4 address.
const mapped = 0xffff << 32

// AddrFrom4 is an IPv4 address, given in host byte order: 10.0.1.5 is 0x0a000105.
func AddrFrom4(a uint32) Addr { return Addr{0, mapped | uint64(a)} }

// AddrFrom is an address of package netip without its zone; the invalid one is the
// zero Addr.
func AddrFrom(a netip.Addr) Addr {
	if !a.IsValid() {
		return Addr{}
	}
	b := a.As16()
	return Addr{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

// IsZero tells whether a is no address.
func (a Addr) IsZero() bool { return a == Addr{} }

// Is4 tells whether a is an IPv4 address.
func (a Addr) Is4() bool { return a.hi == 0 && a.lo>>32 == mapped>>32 }

// As4 is an IPv4 address in host byte order, 0 of all others.
func (a Addr) As4() uint32 {
	if !a.Is4() {
		return 0
	}
	return uint32(a.lo)
}

// IsUnicast tells whether an address may be one host's: none of this network, of
// loopback, of multicast or reserved (RFC 1812 section 5.3.7, RFC 5771, RFC 4291 section
// 2.4).
func (a Addr) IsUnicast() bool {
	if a.Is4() {
		first := uint32(a.lo) >> 24
		return first != 0 && first != 127 && first < 224
	}
	return a.hi>>56 != 0xff && (a.hi != 0 || a.lo > 1)
}

// IsGroup tells whether an address is for more than one host: multicast (RFC 5771, RFC
// 4291 section 2.7), or the limited broadcast (RFC 919).
func (a Addr) IsGroup() bool {
	if a.Is4() {
		return uint32(a.lo)>>28 == 0xe || uint32(a.lo) == 0xffff_ffff
	}
	return a.hi>>56 == 0xff
}

// IsGlobal6 tells whether an address is a unicast one of IPv6 that the internet may carry:
// neither link-local nor unique local (RFC 4193).
func (a Addr) IsGlobal6() bool {
	return !a.Is4() && a.IsUnicast() && !a.IsLinkLocal6() && !a.IsUniqueLocal6()
}

// IsPrivate tells whether an address is of RFC 1918 section 3, RFC 6598 section 7 or RFC 4193
// section 3.1. An internet gateway lets nothing from or to such an address of IPv4 pass
// (Reachability Analyzer, explanation codes), and the internet carries no such one of IPv6.
// Each packet that the edge sends without a connection is asked about, so four shifts stand
// here and no prefixes, which took 20 ns of a denied packet's 130.
func (a Addr) IsPrivate() bool {
	if !a.Is4() {
		return a.IsUniqueLocal6()
	}
	n := a.As4()
	return n>>24 == 10 || n>>20 == 172<<4|16>>4 || n>>16 == 192<<8|168 || n>>22 == 100<<2|64>>6
}

// IsUniqueLocal6 tells whether an address is a private one of IPv6 (RFC 4193 section 3.1).
func (a Addr) IsUniqueLocal6() bool { return a.hi>>57 == 0xfc00>>9 }

// IsLinkLocal6 tells whether an address is an IPv6 one for one link alone (RFC 4291 section
// 2.5.6).
func (a Addr) IsLinkLocal6() bool { return a.hi>>54 == 0xfe80>>6 }

// Net80 is the first address of the /80 that an IPv6 address is in, as many addresses as EC2 delegates to an
// ENI at once (EC2 User Guide, "Prefix delegation"); of an IPv4 address the address itself.
func (a Addr) Net80() Addr {
	if a.Is4() {
		return a
	}
	return Addr{a.hi, a.lo &^ (1<<48 - 1)}
}

// Netip is the address as package netip has it; the invalid one of the zero Addr.
func (a Addr) Netip() netip.Addr {
	if a.Is4() {
		return netip.AddrFrom4([4]byte{byte(a.lo >> 24), byte(a.lo >> 16), byte(a.lo >> 8), byte(a.lo)})
	}
	if a.IsZero() {
		return netip.Addr{}
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
	return netip.AddrFrom16(b)
}

// String is the address as people write it, "invalid IP" of the zero Addr.
func (a Addr) String() string { return a.Netip().String() }

// Words are the two halves of an address as an IPv6 address, in host byte order. An IPv4
// address has the halves of the IPv6 address that stands for it.
func (a Addr) Words() (hi, lo uint64) { return a.hi, a.lo }

// AddrFromWords is the address that has the two halves.
func AddrFromWords(hi, lo uint64) Addr { return Addr{hi, lo} }

// Less orders addresses as numbers of 128 bits.
func (a Addr) Less(b Addr) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }
