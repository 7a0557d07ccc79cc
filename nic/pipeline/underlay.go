package pipeline

import (
	"encoding/binary"
	"sync/atomic"
	"unsafe"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// underlay is the tunnel ends, and the MAC of the next hop to each: the end's own MAC, or
// the gateway's on the way. The policy names all ends, so the card asks for their MACs
// before the first packet needs one.
//
// A setup has one underlay. Each worker keeps a copy of it, and all copies share hops, so
// a MAC that one worker learns is in force for all.
type underlay struct {
	mac     wire.MAC // the uplink's
	macBits uint64   // mac as a number
	edge    uint32   // the edge's address, IPv4 in host byte order
	// addrs are the ends' addresses by VTEP index, IPv4 in host byte order. Index 0 is this
	// card and has 0, because packets of its guests have no outer address; exits have 0, because
	// the fast path takes no packet that came by one; and so do all ends over IPv6.
	addrs   []uint32
	hops    []hop                // by VTEP index
	tunnels []tunnel             // by VTEP index, over IPv4
	claims  *claims              // by VTEP index
	asked   map[wire.Addr]uint16 // by hop.ask, the last index of hops; hop.next leads to the others

	over6    bool          // the underlay is IPv6
	overhead int           // bytes of a tunnel's headers
	tunnels6 []vpc.Tunnel6 // by VTEP index, if over6

	ends []vpc.VTEP // by VTEP index
	card vpc.Card   // this card

	// The first 12 bytes of an outer frame as two little-endian numbers, with the uplink's
	// MAC in the last six bytes and 0 for the hop's MAC in the first six.
	source     uint64
	sourceRest uint32
}

// tunnel is the outer headers towards a tunnel end, in one cache line.
type tunnel struct {
	outer vpc.Tunnel
	_     [64 - wire.OuterLen]byte
}

// hop is the next station towards a tunnel end.
type hop struct {
	mac    atomic.Uint64 // as hopMAC makes it, or unresolved
	ask    wire.Addr     // address to resolve: the tunnel end's, or the gateway's
	next   uint16        // another index of hops with the same ask, or 0
	static bool          // the configuration gives mac, so mac is never learned
}

// unresolved is the hop.mac of a hop that has not answered yet. No station has the MAC 0.
const unresolved = 0

// newUnderlay is the underlay of a policy and of an uplink's MAC. It is before itself if
// the policy and the MAC change nothing in it; else the MACs that before has learned stay
// known.
func newUnderlay(p *vpc.Policy, mac wire.MAC, before *underlay) underlay {
	ends := p.Region.VTEPs()
	if len(before.ends) > 0 && unsafe.SliceData(ends) == unsafe.SliceData(before.ends) && p.Card == before.card && mac == before.mac {
		return *before
	}
	var frame [12]byte
	copy(frame[6:], mac[:])
	u := underlay{
		mac: mac, macBits: mac.Bits(), edge: ends[vpc.Edge].Addr.As4(), ends: ends, card: p.Card,
		addrs: make([]uint32, len(ends)), hops: make([]hop, len(ends)), tunnels: make([]tunnel, len(ends)), asked: make(map[wire.Addr]uint16, len(ends)), claims: &claims{of: make([]claim, len(ends))},
		source: binary.LittleEndian.Uint64(frame[:]), sourceRest: binary.LittleEndian.Uint32(frame[8:]),
	}
	if u.over6, u.overhead = !p.Card.VTEP.Is4(), wire.OuterLen; u.over6 {
		u.overhead, u.tunnels6 = wire.OuterLen6, make([]vpc.Tunnel6, len(ends))
	}
	known := before.known()
	for i, v := range ends {
		if i == 0 || i == int(p.Self) {
			continue
		}
		h := &u.hops[i]
		h.ask = p.Card.NextHop(v.Addr)
		if v.Exit == nil {
			u.addrs[i] = v.Addr.As4()
		}
		if u.over6 {
			u.tunnels6[i] = vpc.NewTunnel6(p.Card.VTEP, v.Addr)
		} else {
			u.tunnels[i].outer = vpc.NewTunnel(p.Card.VTEP, v.Addr)
		}
		if !v.MAC.IsZero() {
			h.static = true
			h.mac.Store(hopMAC(v.MAC))
			continue
		}
		h.mac.Store(known[h.ask])
		h.next, u.asked[h.ask] = u.asked[h.ask], uint16(i)
	}
	return u
}

// known are the MACs that the card has learned, by address.
func (u *underlay) known() map[wire.Addr]uint64 {
	known := make(map[wire.Addr]uint64, len(u.hops))
	for i := range u.hops {
		if h := &u.hops[i]; !h.static {
			known[h.ask] = h.mac.Load()
		}
	}
	return known
}

// hopMAC is a MAC as hop.mac has it: the first eight bytes of a frame to that MAC as one
// little-endian number, with 0 for the last two bytes.
func hopMAC(m wire.MAC) uint64 {
	var frame [8]byte
	copy(frame[:], m[:])
	return binary.LittleEndian.Uint64(frame[:])
}

// move notes that hop i, and each hop with the same address to resolve, has a MAC, as
// hop.mac.
func (u *underlay) move(i uint16, mac uint64) {
	for ; i != 0; i = u.hops[i].next {
		u.hops[i].mac.Store(mac)
	}
}
