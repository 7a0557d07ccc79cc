package nic

import (
	"encoding/binary"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/tables"
)

// path is a prebuilt tunnel.
type path = vpc.Path

// view is what is in force: a policy, the ports beside it, and both prepared
// for the packet path. It is immutable; the card stores a new one as a whole
// and the worker loads it once a turn.
type view struct {
	policy *vpc.Policy
	enis   *tables.Cuckoo[vpc.ENIKey, uint64] // (VNI, MAC) → ENI number
	guests []guest                            // by ENI number
	uplink *slot
	slots  []*slot // every place for a port, the uplink's first

	// Asked for first packets only.
	vteps      map[uint32]uint16 // underlay address → index
	vnis       map[uint32]bool
	forwarders map[forwarder]bool
}

// forwarder is a tunnel end that may send in a VPC what is not its own: an ENI
// without source/destination check lives there, such as a NAT instance.
type forwarder struct {
	vni  uint32
	vtep uint16
}

// survey notes which VPCs there are, and who forwards in them.
func (v *view) survey(p *vpc.Policy) {
	v.vnis, v.forwarders = map[uint32]bool{}, map[forwarder]bool{}
	for _, n := range p.VPCs {
		v.vnis[n.VNI] = true
	}
	for _, e := range p.ENIs {
		if e != nil && !e.SourceDestCheck {
			v.forwarders[forwarder{e.VNI, p.Paths[e.Path].VTEP}] = true
		}
	}
}

// gatewayOf is the address of the router of an ENI's subnet: the one after the
// subnet's own (VPC guide, subnet sizing).
func gatewayOf(e *vpc.ENI) uint32 {
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
func timeoutsOf(e *vpc.ENI) *flow.Timeouts {
	t := flow.DefaultTimeouts()
	t.Established, t.UDP, t.UDPStream = e.Timeouts.TCPEstablished, e.Timeouts.UDP, e.Timeouts.UDPStream
	return &t
}
