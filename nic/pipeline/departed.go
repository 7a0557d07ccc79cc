package pipeline

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sync/atomic"
	"time"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// An ENI that leaves for another card is still sent to for a while, by cards that have not heard and
// by packets that are on their way. The card that it left sends their tunnels on as they came, to the
// card where the ENI is, as a router of the underlay would: the outer source stays that of the sender,
// so the other card judges it as the one that sent the packet. Only where the underlay holds each
// server to its own addresses (RFC 3704) are these packets lost.
//
//	sender ══ VNI, MAC ══▶ the card that it left ══ the same tunnel, SentOn ══▶ the card where it is
//
// A tunnel that was sent on is marked, and no card sends it on again: two cards of which each takes
// the ENI to be at the other do not send a packet in a circle. What is inside reaches nobody but an ENI
// of the same VNI and MAC.

// How long, and for how many ENIs, a card sends on. Both are ours: a card that follows a controller
// hears of the move in less than a second, and takes up a lost connection to it within 15 s.
const (
	sendsOn      = 10 * time.Second
	mostDeparted = 4096
)

// departed are the ENIs that left for another card.
type departed struct {
	enis eniTable    // number is the index in gone
	gone []departure // by number; of an ENI that came back none is left
}

// departure is an ENI that left.
type departure struct {
	id, vpc  string
	vni      uint32
	mac      uint64 // wire.MAC.Bits
	number   uint32 // as an ENI of this card
	vtep     uint16 // where it is now
	until    int64  // in ns since 1970
	timeouts *flow.Timeouts
	handed   *atomic.Bool // its records were told
}

// departedOf are the ENIs that left before a policy, at the time now.
func departedOf(policy *vpc.Policy, before *Setup, now int64) departed {
	var d departed
	if before.Policy == nil {
		return d
	}
	for _, was := range before.departed.gone {
		d.add(policy, was, now)
	}
	for e := range before.Policy.All() {
		if own := policy.ENI(e.ID); own == nil || own.VPC.ID != e.VPC.ID {
			g := before.guest(e.Number)
			d.add(policy, departure{id: e.ID, vpc: e.VPC.ID, vni: e.VNI, mac: e.MAC.Bits(), number: e.Number, until: now + int64(sendsOn), timeouts: g.timeouts, handed: new(atomic.Bool)}, now)
		}
	}
	slices.SortFunc(d.gone, func(a, b departure) int { return cmp.Compare(a.number, b.number) })
	d.enis = newTableFor(len(d.gone))
	for i := range d.gone {
		d.enis.add(eniPlace{target: d.gone[i].target(), number: uint32(i), taken: true})
	}
	return d
}

// add adds an ENI if it is on another card, with the VNI and the MAC that it had here.
func (d *departed) add(policy *vpc.Policy, was departure, now int64) {
	e := policy.Region.ENI(was.id)
	switch {
	case now >= was.until || len(d.gone) >= mostDeparted:
	case e == nil || e.Card == policy.Self || e.Subnet.VPC.ID != was.vpc || e.Subnet.VPC.VNI != was.vni || e.MAC.Bits() != was.mac:
	default:
		was.vtep = e.Card
		d.gone = append(d.gone, was)
	}
}

// target is what the ENI's tunnels are for.
func (d *departure) target() wire.Target { return wire.TargetOf(d.vni, d.mac) }

// find is the ENI that left of a tunnel for a station, nil if there is none.
func (d *departed) find(o *wire.Outer, station uint64) *departure {
	if len(d.gone) == 0 {
		return nil
	}
	if e := d.enis.find(wire.TargetOf(o.VNI, station)); e != nil {
		return &d.gone[e.number]
	}
	return nil
}

// timeoutsOf are the timeouts of the connections of an ENI that left: until they went along they stay.
func (d *departed) timeoutsOf(number uint32, now int64) *flow.Timeouts {
	at, there := slices.BinarySearchFunc(d.gone, number, func(g departure, number uint32) int { return cmp.Compare(g.number, number) })
	if !there || now >= d.gone[at].until {
		return nil
	}
	return d.gone[at].timeouts
}

// sendOn sends a tunnel for an ENI that left on to where it is.
func (w *Worker) sendOn(p *packet, o *wire.Outer, to *departure) Verdict {
	if _, known := w.setup.vtep(o.Src); !known || w.now >= to.until || o.SentOn || int(o.Inner) != w.underlay.overhead || p.whole() == nil {
		return w.unknownENI(p, o.VNI)
	}
	mac := w.underlay.hops[to.vtep].mac.Load()
	if mac == unresolved {
		return UnderlayUnresolved
	}
	if v := w.uplink.fits(p.leaves() + wire.EthernetLen + w.underlay.overhead); v != next {
		return v
	}
	p.frame.Push(w.underlay.overhead)
	frame := p.frame.Bytes()
	binary.LittleEndian.PutUint64(frame, mac|w.underlay.source)
	binary.LittleEndian.PutUint32(frame[8:], w.underlay.sourceRest)
	wire.SendOn(frame, w.underlay.ends[to.vtep].Addr)
	p.to = w.uplink
	return Sent
}
