package vpc

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// Owned are VPCs with one owner, by ID. The owner of a VPC decides on what is in the VPC, and
// the provider on all else: VPCs and their blocks, gateways to the internet, peering, places, exits,
// and Elastic IP addresses that nobody has. An owner is given an address, and chooses none: which
// ones others have is not to be found out by asking.
type Owned []string

// ownedKinds are the kinds of objects that the owner of a VPC may change.
var ownedKinds = []string{"Addresses", "InstanceAttributes", "Instances", "NatGateways", "NetworkAcls", "NetworkInterfaces", "RouteTables", "SecurityGroups", "Subnets"}

// ofEveryone are the kinds of objects that belong to no VPC, and that every owner may see.
var ofEveryone = []string{"DhcpOptions", "InstanceTypes", "ManagedPrefixLists", "PrefixLists"}

// Sees tells whether the owner may see an object of a region: what is in one of the VPCs,
// DHCP options, instance types and prefix lists.
func (o Owned) Sees(r *Region, e Edit) bool {
	return slices.Contains(ofEveryone, e.Kind) || slices.ContainsFunc(r.VPCsOf(e), o.has)
}

func (o Owned) has(vpc string) bool { return vpc != EveryVPC && slices.Contains(o, vpc) }

// May is an error unless the owner may make edits of a region, together: each object that goes
// or comes is in the VPCs, and takes nothing from anybody else.
func (o Owned) May(r *Region, edits []Edit) error {
	for _, e := range edits {
		_, address := e.Object.(*ec2.Address)
		if address && !r.has(e.Kind, e.ID) {
			return o.foreign(e) // as of an address that somebody else has
		}
	}
	return o.may(r, edits)
}

// MayCreate is May for what Create made of a draft that MayDraft let pass: the addresses that come
// are given out.
func (o Owned) MayCreate(r *Region, edits []Edit) error { return o.may(r, edits) }

// may is May, and takes addresses that come for given out.
func (o Owned) may(r *Region, edits []Edit) error {
	for _, e := range edits {
		if err := o.mayMake(r, e, edits); err != nil {
			return err
		}
	}
	return nil
}

// foreign is the error of an edit of what is not the owner's.
func (o Owned) foreign(e Edit) error {
	return fmt.Errorf("%s %s: it is in no VPC of yours", e.Kind, ec2.Shorten(e.ID))
}

// providers is the error of an edit or a draft that is the provider's.
func providers(what string) error {
	return fmt.Errorf("%s: the owner of a VPC may change %s, and the provider the rest", what, strings.Join(ownedKinds, ", "))
}

// mayMake is may for one of some edits.
func (o Owned) mayMake(r *Region, e Edit, edits []Edit) error {
	what := e.Kind + " " + ec2.Shorten(e.ID)
	if !slices.Contains(ownedKinds, e.Kind) {
		return providers(what)
	}
	for _, object := range []Edit{r.Edit(e.Kind, e.ID), e} {
		if vpcs := r.vpcsWith(object, edits); object.Object != nil && (len(vpcs) == 0 || slices.ContainsFunc(vpcs, func(id string) bool { return !o.has(id) })) {
			return o.foreign(e)
		}
	}
	var err error
	switch put := e.Object.(type) {
	case *ec2.Address:
		err = r.allocates(put)
	case *ec2.RouteTable:
		err = r.keepsExits(put)
	case *ec2.NetworkInterface:
		if err = r.keepsPublic(put); err == nil && put.Attachment != nil {
			err = o.mayAttach(r, put.Attachment.InstanceId)
		}
	case *ec2.Instance:
		err = r.keepsKey(put)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// vpcsWith is VPCsOf where an object may be that of an ENI that comes with it: an address, or what is
// said of an instance for the first time.
func (r *Region) vpcsWith(e Edit, edits []Edit) []string {
	all := r.VPCsOf(e)
	for _, with := range edits {
		switch o := e.Object.(type) {
		case *ec2.Address:
			if with.Kind == "NetworkInterfaces" && with.ID == o.NetworkInterfaceId {
				return r.VPCsOf(with)
			}
		case *ec2.Instance, *ec2.InstanceAttribute:
			if !r.has(e.Kind, e.ID) && with.launches(e.ID) {
				all = append(all, r.VPCsOf(with)...)
			}
		}
	}
	return all
}

// launches tells whether an edit puts an ENI of an instance, or the instance itself.
func (e Edit) launches(instance string) bool {
	switch o := e.Object.(type) {
	case *ec2.NetworkInterface:
		return o.Attachment != nil && o.Attachment.InstanceId == instance
	case *ec2.Instance:
		return o.InstanceId == instance
	}
	return false
}

// allocates is an error unless an Elastic IP address is one of those that the provider gives out.
func (r *Region) allocates(a *ec2.Address) error {
	given := func(p netip.Prefix) bool { return p.Contains(a.PublicIp) }
	if !r.has("Addresses", a.PublicIp.String()) && !slices.ContainsFunc(r.place.given.PublicPrefixes, given) {
		return fmt.Errorf("%s is not in Placement's PublicPrefixes", a.PublicIp)
	}
	return nil
}

// keepsExits is an error if a route table leads to an exit to which it does not lead yet: what lies
// behind an exit may be another customer's.
func (r *Region) keepsExits(t *ec2.RouteTable) error {
	before := map[string]bool{}
	if old := found[ec2.RouteTable](r, "RouteTables", t.RouteTableId); old != nil {
		before = references(old)
	}
	for id := range references(t) {
		if _, exit := r.place.given.Exits[id]; exit && !before[id] {
			return fmt.Errorf("%s leads out of the region, and the provider says which VPCs have routes to it", ec2.Shorten(id))
		}
	}
	return nil
}

// keepsPublic is an error if an ENI says of itself that it has a public address which it
// did not say before: Elastic IP addresses are associated by Addresses.
func (r *Region) keepsPublic(e *ec2.NetworkInterface) error {
	var before []netip.Addr
	if old := found[ec2.NetworkInterface](r, "NetworkInterfaces", e.NetworkInterfaceId); old != nil {
		before = said(old)
	}
	for _, a := range said(e) {
		if !slices.Contains(before, a) {
			return fmt.Errorf("PublicIp %s is not the ENI's; Addresses associates one", a)
		}
	}
	return nil
}

// keepsKey is an error if an instance names a key pair that it did not name before: the key of a name
// may be another customer's.
func (r *Region) keepsKey(i *ec2.Instance) error {
	if old := r.Instance(i.InstanceId); i.KeyName != "" && (old == nil || old.KeyName != i.KeyName) {
		return fmt.Errorf("KeyName %s is not the instance's; the provider says which key pair an instance has", ec2.Shorten(i.KeyName))
	}
	return nil
}

// said are the public addresses that an ENI says of itself.
func said(e *ec2.NetworkInterface) (all []netip.Addr) {
	associations := []*ec2.NetworkInterfaceAssociation{e.Association}
	for _, a := range e.PrivateIpAddresses {
		associations = append(associations, a.Association)
	}
	for _, a := range associations {
		if a != nil && a.PublicIp.IsValid() {
			all = append(all, a.PublicIp)
		}
	}
	return all
}

// mayAttach is an error if an instance has an ENI in a VPC of somebody else, or if it is configured and
// in no VPC of the owner.
func (o Owned) mayAttach(r *Region, instance string) error {
	if instance == "" {
		return nil
	}
	vpcs := r.vpcsOfInstance(instance, "")
	for _, kind := range []string{"Instances", "InstanceAttributes"} { // though it has no ENI, its user data are somebody's
		if e := r.Edit(kind, instance); e.Object != nil {
			own := r.VPCsOf(e)
			vpcs = append(vpcs, own...)
			if len(own) == 0 {
				vpcs = append(vpcs, EveryVPC)
			}
		}
	}
	if slices.ContainsFunc(vpcs, func(id string) bool { return !o.has(id) }) {
		return fmt.Errorf("InstanceId %s is an instance of somebody else", ec2.Shorten(instance))
	}
	return nil
}
