package pipeline

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// Drop is one packet that was dropped. A Drop is small, because a flood of drops must
// leave the first cache to the packets that pass.
type Drop struct {
	When    int64      // ns since 1970
	port    *nameplate // of the place that received the packet
	eni     *nameplate // of the ENI whose stages decided; nil: none was found
	Tuple   wire.Tuple // if IP
	Route   *vpc.Route // that a route table gave; nil: no table was asked
	MTU     vpc.MTU    // the way's, which the packet exceeds, if the Verdict tells of that
	Entry   uint16     // of the network ACL that decided; the Verdict tells whether it denied
	Verdict Verdict
	table   table // that Route is of
	IP      bool  // the packet has addresses
}

// Port is the name of the place that received the packet; "": the card made it, or nobody knows.
func (d *Drop) Port() string { return nameOf(d.port) }

// ENI is the ID of the ENI whose stages dropped the packet, and the groups that the ENI
// had at the drop; "" if no ENI was found.
func (d *Drop) ENI() (id string, groups []*vpc.Group) {
	if d.eni == nil {
		return "", nil
	}
	return d.eni.name, d.eni.groups
}

// ACL is the ID of the network ACL that the ENI's subnet had at the drop.
func (d *Drop) ACL() string {
	if d.eni == nil {
		return ""
	}
	return d.eni.acl
}

// Routes is the ID that Route's table had at the drop.
func (d *Drop) Routes() string {
	if d.eni == nil {
		return ""
	}
	return d.eni.tables[d.table]
}

// NATGateway is the ID of the NAT gateway that dropped the packet, "" if none did.
func (d *Drop) NATGateway() string {
	if d.eni == nil || !d.Verdict.ByNAT() {
		return ""
	}
	return d.eni.nat
}

// table says whose route table gave a route: tables by vpc.Gateway come after the subnet's.
type table uint8

// The table of the ENI's subnet, and that of the internet gateway; the VPN gateway's is the next one.
const (
	subnetTable table = iota
	gatewayTable
	tableKinds = gatewayTable + 2
)

// nameplate is what a drop tells of a port or an ENI. A pointer to the ENI itself would
// keep a policy in memory that is long gone. The nameplate of a place is shared by its queues
// of all workers.
type nameplate struct {
	name   string
	groups []*vpc.Group       // of the ENI
	acl    string             // ID of the network ACL of the ENI's subnet
	tables [tableKinds]string // IDs of the route tables of the subnet and of the VPC's gateways
	nat    string             // ID of the NAT gateway that the ENI belongs to

	services  perSecond // of a place: what its guest sent to the services of the card
	fragments perSecond // …: what it sent in fragments
}

// DropsKept is how many drops a worker remembers.
const DropsKept = 256

// Drops is a ring of the latest drops.
type Drops struct {
	ring [DropsKept]Drop
	n    uint64 // ever added
}

// next is the place of the next drop, which is that of the oldest.
func (r *Drops) next() *Drop {
	d := &r.ring[r.n%uint64(len(r.ring))]
	r.n++
	return d
}

// Latest are the drops in the ring, newest first.
func (r *Drops) Latest() []Drop {
	latest := make([]Drop, min(r.n, uint64(len(r.ring))))
	for i := range latest {
		latest[i] = r.ring[(r.n-1-uint64(i))%uint64(len(r.ring))]
	}
	return latest
}
