package vpc

import (
	"net/netip"

	"nitrocard/nic/wire"
	"nitrocard/tables"
)

// Policy is a compiled configuration for one card. It never changes: any number
// of goroutines may read it, and a change makes a new one. Rule numbers, path and
// VTEP indexes belong to their policy; an ENI's number belongs to its lineage.
type Policy struct {
	Epoch   uint32   // one more than the policy before it; the first is 1
	Notices []Notice // where this card does not do what EC2 does, or does not know what EC2 knows
	Card    Card     // this card
	VPCs    []*VPC   // of the whole region, in the configuration's order
	ENIs    []*ENI   // of the whole region, by number; nil: no such ENI any more
	Paths   []Path   // by index; one that nothing leads over is zero
	VTEPs   []VTEP   // by index; 0 is this card, one that is gone is zero

	byID    map[string]*ENI
	table   *eniTable
	lineage lineage
	groups  map[string]*Group
	sorted  []*Group // by base
	lists   map[string]*prefixList
	sets    map[string]*matcher
}

// Card is the card that a policy was compiled for.
type Card struct {
	Name    string
	VTEP    uint32       // its address on the underlay
	Prefix  netip.Prefix // of the link, masked
	Gateway uint32       // 0: all VTEPs are on the link
	MAC     wire.MAC     // of its uplink; zero: the port's own
}

// NextHop is who takes a packet to a VTEP: itself on the same link or without a
// gateway, else the gateway.
func (c *Card) NextHop(vtep uint32) uint32 {
	if c.Gateway == 0 || c.Prefix.Contains(addrOf(vtep)) {
		return vtep
	}
	return c.Gateway
}

// VTEP is a tunnel end on the underlay.
type VTEP struct {
	Addr uint32
	MAC  wire.MAC // static; zero: resolve the next hop by ARP
}

// ENIKey is what a frame names an ENI by: the VNI and the MAC inside it.
type ENIKey struct{ Lo, Hi uint64 }

// KeyOf packs a key: the MAC as a number (wire.MAC.Bits), and the VNI.
func KeyOf(vni uint32, mac uint64) ENIKey { return ENIKey{Lo: mac, Hi: uint64(vni)} }

// ENITable finds the number of an ENI of this card by its key. The table is
// freed with the policy: whoever uses it keeps the policy.
func (p *Policy) ENITable() *tables.Cuckoo[ENIKey, uint64] { return p.table.Cuckoo }

// ENI finds an ENI of the region by its ID; nil: there is none.
func (p *Policy) ENI(id string) *ENI { return p.byID[id] }
