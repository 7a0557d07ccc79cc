package vpc

import (
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
	cidrs   []netip.Prefix             // of both families
	mapping mapping                    // the ENIs by address
	macs    numberSet                  // of ENIs and routers
	subnets *btree.BTreeG[subnetBlock] // by first address; a subnet of both families stands here twice
	usual   *routeTable                // for subnets without a table, if the VPC has no main table
}

// Subnet is a part of a VPC with a router.
type Subnet struct {
	ID        string
	VPC       *VPC
	Prefix    netip.Prefix // invalid: the subnet has IPv6 only
	Prefix6   netip.Prefix // invalid: the subnet has IPv4 only
	RouterMAC wire.MAC
	Zone      string // name of the availability zone; "": not told
	ZoneID    string // its ID; "": not told
	Block     BlockMode
}

// subnetBlock is one block of a subnet.
type subnetBlock struct {
	netip.Prefix
	of *Subnet
}

func newSubnets() *btree.BTreeG[subnetBlock] {
	less := func(a, b subnetBlock) bool { return a.Addr().Less(b.Addr()) }
	return btree.NewBTreeGOptions(less, btree.Options{NoLocks: true})
}

// blocks are the subnet's blocks, of which each family has one at most.
func (s *Subnet) blocks() (all []subnetBlock) {
	for _, p := range []netip.Prefix{s.Prefix, s.Prefix6} {
		if p.IsValid() {
			all = append(all, subnetBlock{p, s})
		}
	}
	return all
}

// blockFor is the subnet's block of an address's family, invalid if it has none.
func (s *Subnet) blockFor(addr netip.Addr) netip.Prefix {
	if addr.Is4() {
		return s.Prefix
	}
	return s.Prefix6
}

// has says what block the subnet has for addresses of a family, for an error.
func (s *Subnet) has(addr netip.Addr) string {
	switch p := s.blockFor(addr); {
	case p.IsValid():
		return p.String()
	case addr.Is4():
		return "IPv6 alone"
	}
	return "IPv4 alone"
}

// routerMAC derives a MAC from an ID alone, so that the MAC is the same on each card, in
// each run and after each change, and guests' ARP caches stay right.
func routerMAC(id string) wire.MAC { return localMAC(xxhash.Sum64String(id)) }

// localMAC makes a number a MAC, which is locally administered and unicast (IEEE 802 clause 8.4).
func localMAC(n uint64) wire.MAC {
	return wire.MAC{byte(n)&^1 | 2, byte(n >> 8), byte(n >> 16), byte(n >> 24), byte(n >> 32), byte(n >> 40)}
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

// lastOf is the last address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for bit := p.Bits(); bit < 8*len(b); bit++ {
		b[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ := netip.AddrFromSlice(b)
	return last
}
