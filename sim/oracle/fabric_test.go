package oracle

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/nictest"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// fabric is some servers' cards, the underlay between them and the edge to the internet,
// in memory and on a clock of the test's. Guests and hosts on the internet are the test.
type fabric struct {
	testing.TB
	world *World // whose Config is in force on all cards
	cards []*server
	vteps map[netip.Addr]*server
	edge  netip.Addr
	start int64

	moved    []string    // ENIs that the last change brought to another card
	ended    []nic.Event // what the cards did to the last packet
	led      int         // how many of these ended before the packet's first fragment was sent
	pieces   bool        // it came in fragments, or may be cut into some on its way
	internet [][]byte    // frames, out of their tunnels
	stranded int         // packets from the edge that no card has an ENI for
}

// server is one server: its card, and what is plugged into it.
type server struct {
	name    string
	vtep    netip.Addr
	mac     wire.MAC
	card    *nic.Card
	uplink  *mem.Port
	guests  map[string]*mem.Port // by ENI; nil where a NAT gateway is behind it
	routers map[string]wire.MAC
}

// newFabric has the configuration of a world in force on all its cards.
func newFabric(t testing.TB, w *World, watched bool) (*fabric, error) {
	f := &fabric{TB: t, world: w, vteps: map[netip.Addr]*server{}, edge: w.Config.Placement.Edge.Vtep, start: 1_780_000_000e9}
	if len(w.Config.Placement.Cards) == 0 {
		return nil, errors.New("no card")
	}
	for _, place := range w.Config.Placement.Cards {
		card, err := nic.New(w.Config, nic.Options{Card: place.Name, MaxConnections: 1 << 13, Seed: 1})
		if err != nil {
			f.close()
			return nil, err
		}
		s := &server{name: place.Name, vtep: place.Vtep.Addr(), mac: place.Mac, card: card, uplink: mem.New(mem.Options{Queue: 16}),
			guests: map[string]*mem.Port{}, routers: map[string]wire.MAC{}}
		f.cards = append(f.cards, s)
		f.vteps[s.vtep] = s
		require.NoError(f, s.card.Attach(nic.Uplink, func() (pmd.Port, error) { return s.uplink, nil }))
		f.plug(s)
		if watched {
			card.Observe(func(e *nic.Event) { f.ended = append(f.ended, *e) })
		}
	}
	return f, nil
}

// plug attaches the ports of ENIs that have none yet.
func (f *fabric) plug(s *server) {
	for _, e := range s.card.ENIs() {
		if _, plugged := s.guests[e.ID]; plugged {
			continue
		}
		if s.guests[e.ID] = nil; f.world.natOf(f.world.ENI(e.ID)) != nil {
			continue
		}
		port := mem.New(mem.Options{Queue: 16})
		s.guests[e.ID], s.routers[e.ID] = port, e.RouterMAC
		require.NoError(f, s.card.Attach(e.ID, func() (pmd.Port, error) { return port, nil }))
	}
}

// close gives the cards' memory back.
func (f *fabric) close() {
	for _, s := range f.cards {
		_ = s.card.Close()
	}
}

// now is the world's time on the cards' clock.
func (f *fabric) now() int64 { return f.start + int64(f.world.Now) }

// of is the server that an ENI is on.
func (f *fabric) of(eni string) *server {
	for _, s := range f.cards {
		if _, is := s.guests[eni]; is {
			return s
		}
	}
	return nil
}

// change puts edits, which the world has already, in force on all cards. The connections of an ENI that
// goes to another card go along.
func (f *fabric) change(edits ...vpc.Edit) error {
	f.moved = f.moved[:0]
	f.wait() // no card's clock is behind when it takes records
	for _, s := range f.cards {
		if _, err := s.card.Change(edits...); err != nil {
			return fmt.Errorf("card %s: %w", s.name, err)
		}
		f.unplug(s)
	}
	for _, s := range f.cards {
		f.plug(s)
	}
	for _, s := range f.cards {
		for eni, records := range s.card.Departed() {
			to := f.of(eni)
			if to == nil {
				return fmt.Errorf("no card has %s, which leaves card %s", eni, s.name) // in a shortened story
			}
			if _, err := to.card.Resume(eni, records); err != nil {
				return fmt.Errorf("card %s: %w", s.name, err)
			}
			f.moved = append(f.moved, eni)
		}
	}
	return nil
}

// unplug forgets the ports of ENIs that a server has no more.
func (f *fabric) unplug(s *server) {
	for id := range s.guests {
		if _, there := s.card.ENI(id); !there {
			delete(s.guests, id)
			delete(s.routers, id)
		}
	}
}

// fromGuest has an ENI's guest send a packet to its router, or straight to a neighbor. The frames are as the
// function makes them with two MACs.
func (f *fabric) fromGuest(eni string, p Packet, direct bool, frames func(src, dst wire.MAC) [][]byte) {
	s, e := f.of(eni), f.world.ENI(eni)
	to := s.routers[eni]
	if direct {
		to = f.world.Owner(f.world.VPC(e), p.Dst).MacAddress
	}
	all := frames(e.MacAddress, to)
	for _, frame := range all {
		f.lead(frame, all)
		s.guests[eni].Inject(frame)
		s.card.Poll(f.now())
		f.carry()
	}
}

// fromInternet has a host on the internet send a packet.
func (f *fabric) fromInternet(frames func(src, dst wire.MAC) [][]byte) {
	all := frames(wire.MAC{2, 0, 0, 0, 0, 9}, wire.MAC{2, 0, 0, 0, 0, 8})
	for _, frame := range all {
		f.lead(frame, all)
		f.intoRegion(frame)
		f.carry()
	}
}

// lead notes that a frame is about to be sent, whose end tells what became of its packet: the first fragment's
// does, because the later ones share it. Of several first ones it is the one with a whole header that comes first.
func (f *fabric) lead(frame []byte, frames [][]byte) {
	leads := slices.IndexFunc(frames, func(frame []byte) bool {
		at, is := fragmentOf(frame)
		return !is || at.at == 0 && len(at.payload) >= least[at.proto]
	})
	if leads >= 0 && &frame[0] == &frames[leads][0] {
		f.led = len(f.ended)
	}
	_, is := fragmentOf(frame)
	f.pieces = is || readIP(frame[wire.EthernetLen:]).mayBeCut()
}

// intoRegion is the edge: it wraps a frame for the ENI that has the destination address,
// and tells whether there is one.
func (f *fabric) intoRegion(frame []byte) bool {
	e, _ := f.world.PublicOwner(dstOf(frame))
	if e == nil {
		return false
	}
	s, vni := f.of(e.NetworkInterfaceId), f.world.Config.Placement.Vnis[f.world.VPC(e)]
	inner := append([]byte{}, frame...)
	copy(inner, e.MacAddress[:])
	copy(inner[6:], f.world.Config.Placement.Edge.Mac[:])
	s.uplink.Inject(wiretest.VXLAN(f.edge.String(), s.vtep.String(), vni, inner).Checksum().MACs(f.world.Config.Placement.Edge.UnderlayMac, s.mac).Bytes())
	s.card.Poll(f.now())
	return true
}

// carry is the underlay: it brings what the cards sent to where it goes, until nothing is
// on its way.
func (f *fabric) carry() {
	for moved := true; moved; {
		moved = false
		for _, s := range f.cards {
			for _, outer := range s.uplink.Sent() {
				moved = true
				f.deliver(outer)
			}
		}
	}
}

// deliver brings one tunnel packet to its end.
func (f *fabric) deliver(outer []byte) {
	to := dstOf(outer)
	if to != f.edge {
		f.vteps[to].uplink.Inject(outer)
		f.vteps[to].card.Poll(f.now())
		return
	}
	if inner := outer[14+ipLen(outer)+wire.UDPLen+wire.VXLANLen:]; !f.intoRegion(inner) {
		f.internet = append(f.internet, inner)
	}
}

// wait lets the cards see the world's time.
func (f *fabric) wait() {
	for _, s := range f.cards {
		s.card.Poll(f.now())
	}
}

// flows are the connections that the cards know.
func (f *fabric) flows() (all []string) {
	for _, s := range f.cards {
		for _, v := range s.card.Flows(nic.FlowFilter{}) {
			all = append(all, fmt.Sprintf("      %s knows: %s %s %s - %s, begun by the %s side, %s, tracked %v, %d in and %d out, idle for %v s", s.name, v.ENI, v.Protocol, v.Local, v.Remote, v.Initiator, v.State, v.Tracked, v.PacketsIn, v.PacketsOut, v.Idle))
		}
	}
	return all
}

// lastDrop is the latest drop of all cards: its reason, and the ENI where it was. Later fragments drop because the first
// one did, whose reason is their packet's.
func (f *fabric) lastDrop() (reason, at string) {
	latest := time.Time{}
	for _, s := range f.cards {
		for _, d := range s.card.Drops().Last {
			follows := f.pieces && d.Reason == "fragment_unknown"
			if d.Time.After(latest) && !follows {
				reason, at, latest = d.Reason, d.ENI, d.Time
			}
		}
	}
	return reason, at
}

// took is what became of the last packet.
func (f *fabric) took() (got result, err error) {
	for _, s := range f.cards {
		for id, port := range s.guests {
			if port == nil {
				continue
			}
			if err := got.arrivedAll(id, slices.DeleteFunc(port.Sent(), nictest.IsUnasked)); err != nil {
				return got, err
			}
		}
	}
	if err := got.arrivedAll("", f.internet); err != nil {
		return got, err
	}
	for _, e := range f.ended[f.led:] {
		if e.Verdict.Dropped() && !(f.pieces && got.tellsAll()) {
			got.reason = e.Verdict.String()
			if e.ENI != nil {
				got.at = e.ENI.ID
			}
		}
	}
	f.ended, f.internet, f.led = f.ended[:0], f.internet[:0], 0
	return got, nil
}

// result is where a packet ended on the cards.
type result struct {
	frames  int
	longest int // fragment, in bytes of IP; 0: it did not come in fragments
	pieces  []Piece
	eni     string // "" is the internet
	packet  Packet
	reason  string // of the drop
	at      string // the ENI whose stages dropped the packet
	broken  error  // what arrived are not all fragments of a packet; nil: they are
}

// tellsAll tells whether the reason is the whole packet's. The reason of a fragment that has no place among the others is not.
func (r *result) tellsAll() bool {
	return r.reason != "" && !slices.Contains(Fragments.Verdicts(), r.reason)
}

// arrivedAll notes the frames that left by a port, which may be the fragments of a packet.
func (r *result) arrivedAll(eni string, frames [][]byte) error {
	if len(frames) > 0 {
		if _, is := fragmentOf(frames[0]); is {
			return r.arrivedIn(eni, frames)
		}
	}
	for _, frame := range frames {
		if err := r.arrived(eni, frame); err != nil {
			return err
		}
	}
	return nil
}

// arrivedIn notes the fragments of a packet.
func (r *result) arrivedIn(eni string, fragments [][]byte) error {
	frame, whole, err := together(fragments)
	switch {
	case err != nil:
		r.frames, r.broken = r.frames+2, err
		return nil
	case whole:
		err = r.arrived(eni, frame)
	default:
		r.frames, r.eni, r.packet = r.frames+1, eni, readIP(frame[wire.EthernetLen:])
	}
	r.packet.Fragmented, r.pieces, r.longest = true, piecesOf(fragments), longestOf(fragments)
	return err
}

// arrived notes a frame that left the region, or the card, for good.
func (r *result) arrived(eni string, frame []byte) error {
	p, err := read(frame)
	if err != nil {
		return fmt.Errorf("what arrived at %q: %w", eni, err)
	}
	r.frames++
	r.eni, r.packet = eni, p
	return nil
}

// String is the result in words.
func (r result) String() string {
	switch {
	case r.frames == 0:
		return fmt.Sprintf("dropped as %s %s", r.reason, r.at)
	case r.broken != nil:
		return r.broken.Error()
	case r.frames > 1:
		return fmt.Sprintf("%d frames arrived, the last at %q: %v", r.frames, r.eni, r.packet)
	case r.pieces != nil:
		pieces := r.pieces
		r.pieces = nil
		return r.String() + fmt.Sprint(" ", pieces)
	case r.eni == "":
		return fmt.Sprintf("the internet gets %v", r.packet)
	}
	return fmt.Sprintf("%s gets %v", r.eni, r.packet)
}
