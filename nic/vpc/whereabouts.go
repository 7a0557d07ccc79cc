package vpc

import (
	"net/netip"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// Whereabouts are what an edge knows of a public address, in names: whose it is and where.
type Whereabouts struct {
	Address    netip.Addr `json:"address"`
	Allocation string     `json:"allocation,omitempty"` // of the Elastic IP address; "": it is none
	ENI        string     `json:"eni"`
	Instance   string     `json:"instance,omitempty"`
	Private    netip.Addr `json:"private"` // that Address stands for; of IPv6 the same
	Subnet     string     `json:"subnet"`
	VPC        string     `json:"vpc"`
	VNI        uint32     `json:"vni"`
	MAC        wire.MAC   `json:"mac"`
	Host       string     `json:"host"`
	VTEP       netip.Addr `json:"vtep"`
	Rack       string     `json:"rack,omitempty"`
	Zone       string     `json:"zone,omitempty"` // availability zone of the host, or else of the subnet
}

// Whereabouts tells who has a public address of IPv4, or an address of IPv6 that the internet
// carries; ok is false if nobody has it.
func (r *Region) Whereabouts(address netip.Addr) (w Whereabouts, ok bool) {
	address = address.Unmap()
	e, private := r.holder(wire.AddrFrom(address))
	if e == nil {
		return w, false
	}
	card := r.place.cards[e.Card-firstCard]
	w = Whereabouts{
		Address: address, Allocation: r.allocationOf(address, e), ENI: e.ID, Instance: e.Instance, Private: private.Netip(),
		Subnet: e.Subnet.ID, VPC: e.Subnet.VPC.ID, VNI: e.Subnet.VPC.VNI, MAC: e.MAC,
		Host: card.Name, VTEP: card.Vtep.Addr(), Rack: card.Rack, Zone: card.AvailabilityZone,
	}
	if w.Zone == "" {
		w.Zone = e.Subnet.Zone
	}
	return w, true
}

// holder is the ENI that the internet reaches by an address, and the private address there;
// nil if none is.
func (r *Region) holder(address wire.Addr) (e *ENI, private wire.Addr) {
	if address.Is4() {
		e, _ := r.public.Get(address.As4())
		if e == nil {
			return nil, private
		}
		return e, e.PrivateOf(address)
	}
	if !address.IsGlobal6() {
		return nil, private
	}
	r.networks.Scan(func(_ string, n *network) bool {
		e = n.mapping.holder(address)
		return e == nil
	})
	return e, address
}

// allocationOf is the ID of the allocation of an ENI's public address; "": it has none.
func (r *Region) allocationOf(address netip.Addr, e *ENI) string {
	if o, there := r.objects["Addresses"].Get(address.String()); there {
		return o.config.(*ec2.Address).AllocationId
	}
	if a := e.form.Association; a != nil && a.PublicIp == address {
		return a.AllocationId
	}
	for _, one := range e.form.PrivateIpAddresses {
		if a := one.Association; a != nil && a.PublicIp == address {
			return a.AllocationId
		}
	}
	return ""
}
