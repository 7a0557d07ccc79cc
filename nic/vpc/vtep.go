package vpc

import (
	"maps"
	"net/netip"
	"slices"

	"nitrocard/nic/wire"
)

// VTEP is a tunnel end on the underlay.
type VTEP struct {
	Addr wire.Addr
	MAC  wire.MAC // static; zero: resolve the next hop by ARP
	Exit *Exit    // whose tunnel end it is, and so not alone at the address; nil: of the edge or a card
}

// The indexes of Region.VTEPs. Index 0 is no tunnel end and stands for this card.
const (
	Edge      = 1 // the edge
	firstCard = 2 // the first card of Placement; the other cards follow

	maxVTEPs = 1 << 15 // a connection keeps an index of 15 bits
)

// tunnelEnds are the VTEPs of a region.
type tunnelEnds struct {
	vteps []VTEP
	by    map[wire.Addr]uint16 // index by address, of edge and cards
}

// newTunnelEnds numbers edge, cards and exits, the latter in the order of their IDs.
// placeExits tells the ends of exits which exits they are.
func newTunnelEnds(edge EdgePlacement, cards []CardPlacement, exits map[string]ExitPlacement) *tunnelEnds {
	t := &tunnelEnds{vteps: make([]VTEP, 0, 2+len(cards)+len(exits)), by: make(map[wire.Addr]uint16, 1+len(cards))}
	add := func(addr netip.Addr, mac wire.MAC) {
		t.vteps = append(t.vteps, VTEP{Addr: wire.AddrFrom(addr), MAC: mac})
	}
	t.vteps = append(t.vteps, VTEP{})
	add(edge.Vtep, edge.UnderlayMac)
	for _, card := range cards {
		add(card.Vtep.Addr(), card.Mac)
	}
	for i := len(t.vteps) - 1; i > 0; i-- {
		t.by[t.vteps[i].Addr] = uint16(i)
	}
	for _, id := range slices.Sorted(maps.Keys(exits)) {
		add(exits[id].Vtep, exits[id].UnderlayMac)
	}
	return t
}

// VTEPs are the tunnel ends of the underlay: none at index 0, the edge, then the cards, then
// a tunnel end for each exit, though several exits may have one address.
func (r *Region) VTEPs() []VTEP { return r.place.ends.vteps }

// VTEP is the index of the edge or card with an address, if there is one.
func (r *Region) VTEP(addr wire.Addr) (index uint16, known bool) {
	index, known = r.place.ends.by[addr]
	return index, known
}
