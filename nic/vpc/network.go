package vpc

import (
	"math/bits"
	"net/netip"

	"github.com/cespare/xxhash/v2"
	"github.com/tidwall/btree"

	"nitrocard/nic/wire"
)

// VPC is a customer's network: a number on the wire.
type VPC struct {
	ID      string
	VNI     uint32
	Station uint32 // the edge, in this VPC
}

// network is a VPC as it is now: its blocks, subnets and mapping.
type network struct {
	*VPC
	cidrs   []netip.Prefix
	mapping *btree.Map[uint32, *page]   // who holds an address
	lowest  uint32                      // address on a page that the mapping ever had
	highest uint32                      // the same
	macs    *numberSet                  // of ENIs and routers
	subnets *btree.Map[uint32, *Subnet] // by first address
	usual   *routeTable                 // of subnets, where there is no main table

	// Of the change under way.
	pages map[*page]bool // that it made
	last  *page          // the one that it wrote to last
	at    uint32         // the number of last
}

// Subnet is a part of a VPC with a router.
type Subnet struct {
	ID        string
	VPC       *VPC
	Prefix    netip.Prefix // invalid: the subnet has IPv6 only
	RouterMAC wire.MAC
	Block     BlockMode
}

// block is the subnet's IPv4 block, for an error.
func (s *Subnet) block() string {
	if !s.Prefix.IsValid() {
		return "IPv6 alone"
	}
	return s.Prefix.String()
}

// routerMAC derives a MAC from an ID alone, so that it is the same on each card,
// in each run and after each change, and guests' ARP caches stay right. It is
// locally administered and unicast (IEEE 802 clause 8.4).
func routerMAC(id string) wire.MAC {
	h := xxhash.Sum64String(id)
	return wire.MAC{byte(h)&^1 | 2, byte(h >> 8), byte(h >> 16), byte(h >> 24), byte(h >> 32), byte(h >> 40)}
}

// addrFrom is an IPv4 address from the 4 bytes that a region keeps of it; 0: none.
func addrFrom(a uint32) wire.Addr {
	if a == 0 {
		return wire.Addr{}
	}
	return wire.AddrFrom4(a)
}

// addrOf turns an IPv4 address as a region keeps it into netip's.
func addrOf(a uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)})
}

// number is an IPv4 address as a region keeps it; 0 for all else.
func number(a netip.Addr) uint32 {
	return wire.AddrFrom(a).As4()
}

// span is a range of numbers, both ends inclusive.
type span struct{ lo, hi uint32 }

// spanOf is an IPv4 prefix as a range of addresses.
func spanOf(p netip.Prefix) span {
	mask := ^uint32(0) << (32 - p.Bits()) // a shift by 32 leaves 0
	first := number(p.Addr()) & mask
	return span{first, first | ^mask}
}

// prefixOf turns a span that was a prefix back into it.
func prefixOf(s span) netip.Prefix {
	return netip.PrefixFrom(addrOf(s.lo), bits.LeadingZeros32(s.lo^s.hi))
}
