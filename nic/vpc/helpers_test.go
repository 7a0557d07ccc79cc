package vpc

import (
	"net/netip"

	"nitrocard/nic/wire"
)

func ip(s string) uint32 { return number(netip.MustParseAddr(s)) }

// FindENI finds an ENI of this card as a frame names it; nil: there is none.
func (p *Policy) FindENI(vni uint32, mac wire.MAC) *OwnENI {
	number, found := p.table.Get(KeyOf(vni, mac.Bits()))
	if !found {
		return nil
	}
	return p.ENIs[number]
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

var anywhere = netip.MustParsePrefix("0.0.0.0/0")
