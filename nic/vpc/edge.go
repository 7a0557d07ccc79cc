package vpc

import (
	"iter"
	"net/netip"

	"nitrocard/nic/wire"
)

// Edge makes the policy of the edge, which stands on the underlay as a card does, and has no
// ENIs. prev is the edge's policy before, nil if there is none. All tunnel ends are on the
// edge's link.
func (r *Region) Edge(prev *Policy) *Policy {
	if prev == nil {
		prev = &Policy{}
	}
	e := r.place.edge
	vtep := e.Vtep.Unmap()
	p := &Policy{
		Epoch: prev.Epoch + 1, Region: r, Self: Edge, byID: map[string]*OwnENI{},
		Card: Card{Name: "edge", VTEP: wire.AddrFrom(vtep), Prefix: hostOf(vtep), MAC: e.UnderlayMac},
	}
	for _, card := range r.place.cards {
		if card.Vtep.Contains(vtep) {
			p.Card.Prefix = card.Vtep.Masked()
			break
		}
	}
	return p
}

// EdgeMAC is the edge's MAC inside tunnels.
func (r *Region) EdgeMAC() wire.MAC { return r.place.edge.Mac }

// PublicPrefixes are the provider's public addresses, as Placement has them; nil: it does not
// tell.
func (r *Region) PublicPrefixes() []netip.Prefix { return r.place.given.PublicPrefixes }

// PublicBlocks are the addresses by which the internet reaches an ENI: the public ones that stand
// for private addresses, the IPv6 ones that the internet carries, and prefixes of those that
// are delegated to the ENI.
func (e *ENI) PublicBlocks() iter.Seq[netip.Prefix] {
	return func(yield func(netip.Prefix) bool) {
		for _, a := range e.Addrs() {
			switch {
			case !a.Public.IsZero():
				if !yield(hostOf(a.Public.Netip())) {
					return
				}
			case a.Private.IsGlobal6():
				if !yield(hostOf(a.Private.Netip())) {
					return
				}
			}
		}
		for _, p := range e.Prefixes() {
			if wire.AddrFrom(p.Addr()).IsGlobal6() && !yield(p) {
				return
			}
		}
	}
}

// Move is an ENI that two regions have in different ways.
type Move struct {
	Was, Is  *ENI  // nil: the ENI came, or went
	Had, Has Reach // of its VPC, before and after
}

// Since yields the ENIs that differ, or whose stations or VPCs' Reach do, from those of a region before; all
// for nil. Its cost is that of the differences, and two words for each 256 ENIs of the region:
// regions share the chunks that did not change. If the reach of a VPC differs, Since looks at each ENI.
func (r *Region) Since(before *Region) iter.Seq[Move] {
	if before == nil {
		before = EmptyRegion()
	}
	return func(yield func(Move) bool) {
		had, has := before.reacher(), r.reacher()
		for i := range max(len(r.enis.chunks), len(before.enis.chunks)) {
			if r.sharesChunk(before, i) {
				continue
			}
			for n := range uint32(1 << vectorBits) {
				number := uint32(i)<<vectorBits | n
				was, is := before.enis.at(number), r.enis.at(number)
				if was == is && (is == nil || *before.Station(number) == *r.Station(number)) {
					continue
				}
				if !yield(Move{was, is, had(was), has(is)}) {
					return
				}
			}
		}
		r.reachedElse(before, yield)
	}
}

// sharesChunk tells whether two regions have the same ENIs, at the same stations, in a chunk.
func (r *Region) sharesChunk(before *Region, i int) bool {
	return chunkAt(r.enis.chunks, i) == chunkAt(before.enis.chunks, i) && chunkAt(r.stations.chunks, i) == chunkAt(before.stations.chunks, i)
}

// reachedElse yields the ENIs that are as they were, of VPCs whose reach differs.
func (r *Region) reachedElse(before *Region, yield func(Move) bool) {
	if len(r.regained(before)) == 0 || before.empty {
		return
	}
	had, has := before.reacher(), r.reacher()
	for e := range r.all() {
		if had(e) == has(e) || before.enis.at(e.Station) != e || *before.Station(e.Station) != *r.Station(e.Station) {
			continue
		}
		if !yield(Move{e, e, had(e), has(e)}) {
			return
		}
	}
}

// Since compares chunks of ENIs with those of their stations.
var _ = [1]struct{}{}[vectorBits-StationBits]
