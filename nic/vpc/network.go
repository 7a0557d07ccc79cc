package vpc

import (
	"math/bits"
	"net/netip"

	"github.com/cespare/xxhash/v2"
	"github.com/tidwall/btree"

	"nitrocard/nic/wire"
)

// VPC is a customer's network.
type VPC struct {
	ID      string
	VNI     uint32 // its number on the wire
	Station uint32 // number of Region.Station, of the edge in this VPC
}

// network is a VPC with everything in it: blocks, subnets and mapping.
type network struct {
	*VPC
	cidrs   []netip.Prefix
	mapping *btree.Map[uint32, *page]   // the ENIs by address, in pages
	lowest  uint32                      // first address of the lowest page that the mapping ever had
	highest uint32                      // last address of the highest page
	macs    *numberSet                  // of ENIs and routers
	subnets *btree.Map[uint32, *Subnet] // by first address
	usual   *routeTable                 // for subnets without a table, if the VPC has no main table

	// The change under way.
	pages map[*page]bool // the pages that the change has made, and so may write to
	last  *page          // the page that the change wrote to last
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

// routerMAC derives a MAC from an ID alone, so that the MAC is the same on each card, in
// each run and after each change, and guests' ARP caches stay right. The MAC is locally
// administered and unicast (IEEE 802 clause 8.4).
func routerMAC(id string) wire.MAC {
	h := xxhash.Sum64String(id)
	return wire.MAC{byte(h)&^1 | 2, byte(h >> 8), byte(h >> 16), byte(h >> 24), byte(h >> 32), byte(h >> 40)}
}

// addrFrom is the address of an IPv4 address as a region keeps it, in 4 bytes; 0: none.
func addrFrom(a uint32) wire.Addr {
	if a == 0 {
		return wire.Addr{}
	}
	return wire.AddrFrom4(a)
}

// addrOf is addrFrom for netip.
func addrOf(a uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)})
}

// number is an IPv4 address as a region keeps it; 0 for any other address.
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

// prefixOf is the prefix that spanOf made a span of.
func prefixOf(s span) netip.Prefix {
	return netip.PrefixFrom(addrOf(s.lo), bits.LeadingZeros32(s.lo^s.hi))
}
