package nic

import (
	"encoding/binary"
	"slices"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// view is what is in force: a policy, the ports beside it, and both prepared
// for the packet path. It is immutable but for what hops learn; the card puts a
// new one in force as a whole, while all workers stand at the gate.
type view struct {
	policy   *vpc.Policy
	enis     eniTable
	uplink   *slot
	slots    []*slot // every place for a port, the uplink's first
	underlay underlay
	parts    []part // by worker
}

// part is a view as one worker has it, with its own queues.
type part struct {
	guests []guest // by ENI number
	uplink *queue
	rota
}

// of makes worker i's part of v, with guests as all workers know them.
func (v *view) of(i int, guests []guest) part {
	s := part{guests: slices.Clone(guests), uplink: v.uplink.queues[i]}
	s.add(s.uplink, nil)
	for n := range s.guests {
		if g := &s.guests[n]; g.eni != nil {
			g.queue = g.slot.queues[i]
			s.add(g.queue, g)
		}
	}
	s.awake = slices.Grow(s.awake, len(s.polls)+16) // two cache lines more: the next worker's list is written as often
	return s
}

// guest is the ENI of that number as its first worker sees it, nil if none of
// this card has it.
func (v *view) guest(number uint32) *guest {
	guests := v.parts[0].guests
	if int(number) >= len(guests) || guests[number].eni == nil {
		return nil
	}
	return &guests[number]
}

// vtep is the index of a tunnel end other than this card; not ok: it is none of
// the region.
func (v *view) vtep(addr uint32) (index uint16, ok bool) {
	index, ok = v.policy.Region.VTEP(addr)
	return index, ok && index != v.policy.Self
}

// gatewayOf is the address of the router of an ENI's subnet: the one after the
// subnet's own (VPC guide, subnet sizing).
func gatewayOf(e *vpc.OwnENI) uint32 {
	if !e.Subnet.Prefix.IsValid() {
		return 0
	}
	a := e.Subnet.Prefix.Masked().Addr().As4()
	return binary.BigEndian.Uint32(a[:]) + 1
}

// uplinkMAC is the card's address on the underlay: the configuration's, or
// else its port's.
func (v *view) uplinkMAC() wire.MAC {
	if mac := v.policy.Card.MAC; !mac.IsZero() || v.uplink.port == nil {
		return mac
	}
	return v.uplink.port.Info().MAC
}

// timeoutsOf are the timeouts of an ENI's connections: EC2's that its owner
// may set, and the others of flow.
func timeoutsOf(e *vpc.OwnENI) *flow.Timeouts {
	t := flow.DefaultTimeouts()
	t.Established, t.UDP, t.UDPStream = e.Timeouts.TCPEstablished, e.Timeouts.UDP, e.Timeouts.UDPStream
	return &t
}
