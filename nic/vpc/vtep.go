package vpc

import (
	"net/netip"

	"nitrocard/nic/wire"
)

// VTEP is a tunnel end on the underlay.
type VTEP struct {
	Addr wire.Addr
	MAC  wire.MAC // static; zero: resolve the next hop by ARP
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
	by    map[wire.Addr]uint16 // index by address
}

// newTunnelEnds numbers edge and cards.
func newTunnelEnds(edge EdgePlacement, cards []CardPlacement) *tunnelEnds {
	t := &tunnelEnds{vteps: make([]VTEP, 0, 2+len(cards)), by: make(map[wire.Addr]uint16, 1+len(cards))}
	add := func(addr netip.Addr, mac wire.MAC) {
		at := wire.AddrFrom(addr)
		t.by[at] = uint16(len(t.vteps))
		t.vteps = append(t.vteps, VTEP{at, mac})
	}
	t.vteps = append(t.vteps, VTEP{})
	add(edge.Vtep, edge.UnderlayMac)
	for _, card := range cards {
		add(card.Vtep.Addr(), card.Mac)
	}
	return t
}

// VTEPs are the tunnel ends of the underlay: none at index 0, the edge, then the cards.
func (r *Region) VTEPs() []VTEP { return r.place.ends.vteps }

// VTEP is the index of the tunnel end with an address, if there is one.
func (r *Region) VTEP(addr wire.Addr) (index uint16, known bool) {
	index, known = r.place.ends.by[addr]
	return index, known
}
