package vpc

import (
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

// newTunnelEnds numbers edge and cards. placeExits adds the ends of exits.
func newTunnelEnds(edge EdgePlacement, cards []CardPlacement) *tunnelEnds {
	t := &tunnelEnds{vteps: make([]VTEP, 1, firstCard+len(cards)), by: make(map[wire.Addr]uint16, 1+len(cards))}
	t.add(VTEP{Addr: wire.AddrFrom(edge.Vtep), MAC: edge.UnderlayMac})
	for _, card := range cards {
		t.add(VTEP{Addr: wire.AddrFrom(card.Vtep.Addr()), MAC: card.Mac})
	}
	for i := len(t.vteps) - 1; i > 0; i-- {
		t.by[t.vteps[i].Addr] = uint16(i)
	}
	return t
}

// add gives a tunnel end the next index.
func (t *tunnelEnds) add(v VTEP) (index uint16) {
	t.vteps = append(t.vteps, v)
	return uint16(len(t.vteps) - 1)
}

// VTEPs are the tunnel ends of the underlay: none at index 0, the edge, then the cards, then
// a tunnel end for each exit, though several exits may have one address.
func (r *Region) VTEPs() []VTEP { return r.place.ends.vteps }

// VTEP is the index of the edge or card with an address, if there is one.
func (r *Region) VTEP(addr wire.Addr) (index uint16, known bool) {
	index, known = r.place.ends.by[addr]
	return index, known
}
