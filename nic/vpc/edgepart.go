package vpc

import (
	"iter"
	"net/netip"
	"reflect"
	"slices"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// An edge needs little of a region: of an ENI its public addresses, MAC and place, and of what
// is around the ENI the subnet and the VPC. Rules and routes it does not need, nor the ENIs
// that the internet cannot reach.

// EdgePart is what an edge needs of an object: a smaller object of the same kind and ID, or
// none. The public addresses of an ENI stand in its NetworkInterface, whichever object tells
// them.
func (r *Region) EdgePart(e Edit) Edit {
	part := Edit{Kind: e.Kind, ID: e.ID}
	switch o := e.Object.(type) {
	case *ec2.Vpc:
		part.Object = &ec2.Vpc{VpcId: o.VpcId, CidrBlock: o.CidrBlock, CidrBlockAssociationSet: o.CidrBlockAssociationSet, Ipv6CidrBlockAssociationSet: o.Ipv6CidrBlockAssociationSet}
	case *ec2.Subnet:
		part.Object = &ec2.Subnet{
			SubnetId: o.SubnetId, VpcId: o.VpcId, CidrBlock: o.CidrBlock, Ipv6CidrBlockAssociationSet: o.Ipv6CidrBlockAssociationSet,
			AvailabilityZone: o.AvailabilityZone, AvailabilityZoneId: o.AvailabilityZoneId,
		}
	case *ec2.NetworkInterface:
		if eni := r.ENI(e.ID); r.AtEdge(eni) {
			part.Object = r.edgeInterface(eni)
		}
	case *ENIPlacement:
		if eni := r.ENI(e.ID); r.AtEdge(eni) && o.Card != "" {
			part.Object = &ENIPlacement{Card: o.Card}
		}
	case *Placement:
		part.Object = &Placement{Cards: o.Cards, Edge: o.Edge, Edges: o.Edges, Vnis: o.Vnis, PublicPrefixes: o.PublicPrefixes, Part: true}
	}
	return part
}

// AtEdge tells whether edges need an ENI: the internet reaches it (Reach), or it may send by the
// public addresses of others. There may be no ENI: nil.
func (r *Region) AtEdge(e *ENI) bool {
	if e == nil {
		return false
	}
	reach := r.reacher()(e)
	for b := range e.PublicBlocks() {
		if reach.Of(b) {
			return true
		}
	}
	return !e.SourceDestCheck
}

// SameAtEdge tells whether edges need the same of an ENI, but for its place, as they did of a region
// before.
func (r *Region) SameAtEdge(id string, before *Region) bool {
	was, is := before.ENI(id), r.ENI(id)
	if !before.AtEdge(was) || !r.AtEdge(is) {
		return before.AtEdge(was) == r.AtEdge(is)
	}
	return reflect.DeepEqual(before.edgeInterface(was), r.edgeInterface(is))
}

// DeviceIndex is the index of the ENI at its instance, -1 without attachment.
func (e *identity) DeviceIndex() int {
	if e.form.Attachment == nil {
		return -1
	}
	return e.form.Attachment.DeviceIndex
}

// NetworkCardIndex is which of its instance's network cards the ENI is at; 0: the only one, or the first.
func (e *identity) NetworkCardIndex() int {
	if e.form.Attachment == nil {
		return 0
	}
	return e.form.Attachment.NetworkCardIndex
}

// edgeInterface is an ENI as edges need it: its primary address, those with public ones, and
// those of IPv6 that the internet carries.
func (r *Region) edgeInterface(e *ENI) *ec2.NetworkInterface {
	part := &ec2.NetworkInterface{NetworkInterfaceId: e.ID, SubnetId: e.Subnet.ID, MacAddress: e.MAC}
	if e.Instance != "" {
		part.Attachment = &ec2.NetworkInterfaceAttachment{InstanceId: e.Instance, DeviceIndex: e.DeviceIndex()}
	}
	if !e.SourceDestCheck {
		part.SourceDestCheck = new(bool)
	}
	reach := r.reacher()(e)
	for _, a := range e.Addrs() {
		r.edgeAddress(part, e, a, reach)
	}
	for _, p := range e.Prefixes() {
		if wire.AddrFrom(p.Addr()).IsGlobal6() && reach.IPv6 {
			part.Ipv6Prefixes = append(part.Ipv6Prefixes, ec2.Ipv6PrefixSpecification{Ipv6Prefix: p})
		}
	}
	return part
}

// edgeAddress adds an address to an ENI as edges need it.
func (r *Region) edgeAddress(part *ec2.NetworkInterface, e *ENI, a Address, reach Reach) {
	private, primary := a.Private.Netip(), a.Private == e.primary()
	switch {
	case a.Private.IsGlobal6() && reach.IPv6:
		part.Ipv6Addresses = append(part.Ipv6Addresses, ec2.NetworkInterfaceIpv6Address{Ipv6Address: private})
	case !a.Private.Is4():
	case !a.Public.IsZero() && reach.IPv4:
		public := a.Public.Netip()
		part.PrivateIpAddresses = append(part.PrivateIpAddresses, ec2.NetworkInterfacePrivateIpAddress{
			Primary: primary, PrivateIpAddress: private,
			Association: &ec2.NetworkInterfaceAssociation{PublicIp: public, AllocationId: r.allocationOf(public, e)},
		})
	case primary:
		part.PrivateIpAddresses = append(part.PrivateIpAddresses, ec2.NetworkInterfacePrivateIpAddress{Primary: true, PrivateIpAddress: private})
	}
}

// EdgeMappings are Mappings of the ENIs' EdgeParts. IDs of ENIs that edges do not need are
// passed over.
func (r *Region) EdgeMappings(ids []string) iter.Seq[Edit] {
	return func(yield func(Edit) bool) {
		p := packer{forms: map[string]*ec2.NetworkInterface{}, kept: &shared[ec2.NetworkInterface]{}}
		for part := range slices.Chunk(ids, mostMappings) {
			m, cards := &Mappings{}, map[uint16]uint16{}
			for _, id := range part {
				if e := r.ENI(id); r.AtEdge(e) {
					o, _ := r.objects["NetworkInterfaces"].Get(id)
					m.enis, m.on = append(m.enis, p.pack(r.edgeInterface(e))), append(m.on, m.cardOf(r, o, cards))
				}
			}
			if m.Len() > 0 && !yield(m.edit()) {
				return
			}
		}
	}
}

// NamesEdge tells whether Placement names an edge.
func (r *Region) NamesEdge(name string) bool {
	return slices.ContainsFunc(r.Edges(), func(e EdgeHost) bool { return e.Name == name })
}

// EdgeVTEP is the tunnel end that all edges have.
func (r *Region) EdgeVTEP() netip.Addr { return r.place.edge.Vtep }

// Edges are the edges that Placement names.
func (r *Region) Edges() []EdgeHost { return r.place.given.Edges }
