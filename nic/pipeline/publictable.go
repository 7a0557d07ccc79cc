package pipeline

import (
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/tables"
)

// publicTable tells the edge who has a public address. It is made of a region, and later
// regions change it, while the workers stand at the gate: a change of a few ENIs costs a few
// entries, however many addresses there are. Single addresses of both families lie in one hash
// table, which bursts ask; delegated prefixes of IPv6, of which few packets are, in a tree.
type publicTable struct {
	region *vpc.Region // whose addresses these are
	single *tables.Cuckoo[wire.Addr, place]
	blocks bart.Table[place]
	ours   *ranges
}

// place is where an ENI with public addresses is.
type place struct {
	vpc.Station
	number uint32 // the station's
}

// leastAddresses is how many addresses a table has room for at least.
const leastAddresses = 1 << 10

// newPublicTable makes the table of a region. Only memory can lack, and then newPublicTable panics.
func newPublicTable(region *vpc.Region, seed uint64) *publicTable {
	n := 0
	all := slices.Collect(region.Since(nil))
	for _, m := range all {
		for range m.Is.PublicBlocks() {
			n++
		}
	}
	single, err := tables.New[wire.Addr, place](max(n+n/4, leastAddresses), seed)
	if err != nil {
		panic(err)
	}
	t := &publicTable{single: single, ours: newRanges(region.PublicPrefixes())}
	t.change(all, region)
	return t
}

// hasRoom tells whether the table has room for the ENIs that come.
func (t *publicTable) hasRoom(moves []vpc.Move) bool {
	n := t.single.Len()
	for _, m := range moves {
		if m.Is == nil {
			continue
		}
		for range m.Is.PublicBlocks() {
			n++
		}
	}
	return n <= t.single.Cap()
}

// change makes the table that of a region with these differences, for which it has room.
func (t *publicTable) change(moves []vpc.Move, region *vpc.Region) {
	for _, m := range moves {
		if m.Was != nil {
			t.remove(m.Was)
		}
	}
	for _, m := range moves {
		if m.Is != nil {
			t.add(m.Is, place{*region.Station(m.Is.Station), m.Is.Station})
		}
	}
	t.region = region
}

// add adds an ENI's addresses, those that the provider announces.
func (t *publicTable) add(e *vpc.ENI, at place) {
	for b := range e.PublicBlocks() {
		switch {
		case !t.ours.add(b):
		case b.IsSingleIP():
			t.single.Insert(wire.AddrFrom(b.Addr()), at) // of two VPCs with one IPv6 address, the first has it
		default:
			t.blocks.Insert(b, at)
		}
	}
}

// remove takes an ENI's addresses out.
func (t *publicTable) remove(e *vpc.ENI) {
	for b := range e.PublicBlocks() {
		t.ours.remove(b)
		addr := wire.AddrFrom(b.Addr())
		if !b.IsSingleIP() {
			t.blocks.Delete(b)
		} else if at, there := t.single.Lookup(&addr); there && t.single.At(at).number == e.Station {
			t.single.Remove(addr)
		}
	}
}

// find is who has an address; ok is false if nobody has.
func (t *publicTable) find(addr wire.Addr) (p place, ok bool) {
	if at, ok := t.single.Lookup(&addr); ok {
		return *t.single.At(at), true
	}
	if t.blocks.Size() == 0 {
		return p, false
	}
	return t.blocks.Lookup(addr.Netip())
}

// prefixes are what the edge announces.
func (t *publicTable) prefixes() []netip.Prefix { return t.ours.announced() }
