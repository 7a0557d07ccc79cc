package pipeline

import (
	"fmt"
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

// leastAddresses is how many addresses a table has room for at least. A test asks for more than any
// machine has.
var leastAddresses = 1 << 10

// nextTable is a table, and what makes it the one of another region.
type nextTable struct {
	*publicTable
	moves  []vpc.Move  // from the table's region
	region *vpc.Region // to this one
}

// fewMoves is up to how many ENIs a table is changed for while the workers stand. For more of
// them another table is made, which takes time, and no worker's.
const fewMoves = 1 << 10

// newNextTable is before and its change to a region's table, or another table: before may be nil.
func newNextTable(before *publicTable, region *vpc.Region, seed uint64) (n nextTable, err error) {
	n = nextTable{publicTable: before, region: region}
	if before != nil && slices.Equal(before.region.PublicPrefixes(), region.PublicPrefixes()) {
		for m := range region.Since(before.region) {
			if n.moves = append(n.moves, m); len(n.moves) > fewMoves {
				break
			}
		}
		if len(n.moves) <= fewMoves && before.hasRoom(n.moves) {
			return n, nil
		}
	}
	n.moves = nil
	n.publicTable, err = newPublicTable(region, seed)
	return n, err
}

// settle changes the table. The workers stand at the gate.
func (n *nextTable) settle() {
	if n.publicTable.region != n.region {
		n.change(n.moves, n.region)
	}
	n.moves = nil
}

// newPublicTable makes the table of a region. It is an error if memory lacks.
func newPublicTable(region *vpc.Region, seed uint64) (*publicTable, error) {
	n := 0
	all := slices.Collect(region.Since(nil))
	for _, m := range all {
		for range m.Is.PublicBlocks() {
			n++
		}
	}
	single, err := tables.New[wire.Addr, place](max(n+n/4, leastAddresses), seed)
	if err != nil {
		return nil, fmt.Errorf("no memory for a table of %d public addresses: %w", n, err)
	}
	t := &publicTable{single: single, ours: newRanges(region.PublicPrefixes())}
	t.change(all, region)
	return t, nil
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
			t.remove(m.Was, m.Had)
		}
	}
	for _, m := range moves {
		if m.Is != nil {
			t.add(m.Is, m.Has, place{*region.Station(m.Is.Station), m.Is.Station})
		}
	}
	t.region = region
}

// add adds an ENI's addresses, those that the provider announces. Without Placement's prefixes, those that the
// internet does not reach count for no announcement; their card tells why whoever sends to them.
func (t *publicTable) add(e *vpc.ENI, has vpc.Reach, at place) {
	for b := range e.PublicBlocks() {
		switch {
		case !t.ours.add(b, has.Of(b)):
		case b.IsSingleIP():
			t.single.Insert(wire.AddrFrom(b.Addr()), at) // of two VPCs with one IPv6 address, the first has it
		default:
			t.blocks.Insert(b, at)
		}
	}
}

// remove takes an ENI's addresses out.
func (t *publicTable) remove(e *vpc.ENI, had vpc.Reach) {
	for b := range e.PublicBlocks() {
		t.ours.remove(b, had.Of(b))
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
