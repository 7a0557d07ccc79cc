package replay

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// underlay knows the MACs of tunnel ends, by underlay address. Files answer
// no ARP, so a card that had to ask would drop what it sends to every tunnel
// end whose answer was not captured; and a port in memory has no MAC of its
// own, so that a capture from a real card would be somebody else's. What the
// configuration does not say is therefore taken from the captures, and what
// they do not show is made up from the address.
type underlay map[wire.Addr]wire.MAC

// survey reads the uplink's captures once for the MACs in them.
func survey(ctx context.Context, files []Input) (underlay, error) {
	u := underlay{}
	for _, f := range files {
		if f.Name != nic.Uplink {
			continue
		}
		if info, err := os.Stat(f.File); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
			return nil, fmt.Errorf("--in %s: %s is a pipe, and the uplink's capture is read twice; save it to a file", f.Name, f.File)
		}
		in, err := open(f)
		if err != nil {
			return nil, err
		}
		for ; !in.done && ctx.Err() == nil; in.next() {
			u.see(in.head.frame)
		}
		in.file.Close()
	}
	return u, ctx.Err()
}

// see notes both ends of a tunnel packet, and who sent a packet of ARP, or says its MAC by neighbor discovery.
func (u underlay) see(frame []byte) {
	var o wire.Outer
	var h wire.Headers
	if is, fault := wire.ParseVXLAN(frame, &o); fault != wire.NoFault {
		return
	} else if is {
		u.note(o.Src, wire.Ethernet(frame).Src())
		u.note(o.Dst, wire.Ethernet(frame).Dst())
	} else if wire.Parse(frame, &h) != wire.NoFault {
		return
	} else if h.EtherType == wire.EtherTypeARP {
		arp := wire.ARP(frame[h.L3:])
		u.note(arp.Sender(), arp.SenderMAC())
	} else if h.IsND() {
		if from, _, ok := wire.ParseAdvertisement(frame, &h); ok {
			u.note(from.Addr, from.MAC)
		}
	}
}

// note keeps the first MAC of an address, as a card keeps what it resolved.
func (u underlay) note(addr wire.Addr, mac wire.MAC) {
	if _, known := u[addr]; !known && !mac.IsMulticast() && !mac.IsZero() {
		u[addr] = mac
	}
}

// mac is the one that addr has. A made-up one is locally administered, and
// the same in every run.
func (u underlay) mac(addr wire.Addr) wire.MAC {
	if mac, known := u[addr]; known {
		return mac
	}
	mac := wire.MAC{0x02}
	_, low := addr.Words() // of IPv4 the address itself
	binary.BigEndian.PutUint32(mac[2:], uint32(low))
	return mac
}

// resolve is a copy of cfg that leaves no tunnel end to be asked for.
func (u underlay) resolve(cfg *vpc.Config) *vpc.Config {
	c := *cfg
	c.Placement.Unbound() // a capture has its packets when they came, and each is to have its verdict then
	c.Placement.Cards = slices.Clone(c.Placement.Cards)
	for i := range c.Placement.Cards {
		u.fill(&c.Placement.Cards[i].Mac, c.Placement.Cards[i].Vtep.Addr())
	}
	u.fill(&c.Placement.Edge.UnderlayMac, c.Placement.Edge.Vtep)
	c.Placement.Exits = maps.Clone(c.Placement.Exits)
	for id, x := range c.Placement.Exits {
		u.fill(&x.UnderlayMac, x.Vtep)
		c.Placement.Exits[id] = x
	}
	return &c
}

func (u underlay) fill(mac *wire.MAC, addr netip.Addr) {
	if mac.IsZero() && addr.Is4() {
		*mac = u.mac(wire.AddrFrom(addr))
	}
}
