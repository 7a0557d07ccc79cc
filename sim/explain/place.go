package explain

import (
	"fmt"
	"maps"
	"net/netip"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// homes is how many ENIs may have a card of their own at a time. A packet meets a handful.
const homes = 64

// The underlay, which is of the range for benchmarks (RFC 2544): card 0 has all ENIs that no
// packet met.
var (
	link     = netip.MustParsePrefix("198.18.0.0/16")
	edgeVTEP = netip.MustParseAddr("198.18.255.1")
	exitVTEP = netip.MustParseAddr("198.18.255.2")

	edgeMAC         = wire.MAC{0x02, 0, 0, 0, 0xed, 0x9e}
	edgeUnderlayMAC = wire.MAC{0x02, 0, 0, 0, 0xed, 0x01}
	exitUnderlayMAC = wire.MAC{0x02, 0, 0, 0, 0xe8, 0x01}
)

// vtep is the tunnel end of a card.
func vtep(number int) netip.Addr {
	return netip.AddrFrom4([4]byte{198, 18, 0, byte(number + 1)})
}

// numberOf is the card whose tunnel end an address is.
func numberOf(vtep netip.Addr) int { return int(vtep.As4()[3]) - 1 }

// cardMAC is the MAC of a card's uplink.
func cardMAC(number int) wire.MAC { return wire.MAC{0x02, 0, 0, 0, 0xca, byte(number)} }

// cardName is the name of a card.
func cardName(number int) string { return fmt.Sprintf("card-%d", number) }

// placement is a Placement with cards for this package. Of the given one stays what tells of
// EC2's part: VNIs, targets beyond the configuration, NAT gateways' ENIs, public prefixes, port 25.
func placement(given *vpc.Placement) vpc.Placement {
	p := *given
	p.Ports, p.Allowances, p.AllowancesByType, p.Cards = nil, nil, false, nil
	for i := range homes + 1 {
		p.Cards = append(p.Cards, vpc.CardPlacement{Name: cardName(i), Vtep: netip.PrefixFrom(vtep(i), link.Bits()), Mac: cardMAC(i)})
	}
	p.Edge = vpc.EdgePlacement{Vtep: edgeVTEP, Mac: edgeMAC, UnderlayMac: edgeUnderlayMAC}
	p.Exits = maps.Clone(given.Exits)
	for id, x := range p.Exits {
		x.Vtep, x.UnderlayMac = exitVTEP, exitUnderlayMAC
		p.Exits[id] = x
	}
	return p
}
