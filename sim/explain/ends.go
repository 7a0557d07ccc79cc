package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// internetName is what people call the internet.
const internetName = "internet"

// Place is one end of a path.
type Place struct {
	ENI     string     // ID; "": a host on the internet
	Address netip.Addr // by which it was named; the invalid one: by another name
}

// find is the place that a name means: "internet", the ID of an ENI or an instance (its first
// ENI), the value of an ENI's tag Name, or an address. An address that no ENI has is a host's on
// the internet, or a service's of the sender's card.
func (n *Network) find(name string) (Place, error) {
	if name == internetName {
		return Place{}, nil
	}
	if a, err := netip.ParseAddr(name); err == nil {
		return n.byAddress(a.Unmap())
	}
	var found []*ec2.NetworkInterface
	for _, called := range n.callings() {
		if found = called[name]; len(found) > 0 {
			break
		}
	}
	return n.only(name, found)
}

// callings are the ENIs by ID, by instance and by tag Name.
func (n *Network) callings() *[3]map[string][]*ec2.NetworkInterface {
	if n.called[0] != nil {
		return &n.called
	}
	for i := range n.called {
		n.called[i] = map[string][]*ec2.NetworkInterface{}
	}
	for i := range n.cfg.NetworkInterfaces {
		e := &n.cfg.NetworkInterfaces[i]
		if n.base.ENI(e.NetworkInterfaceId) == nil {
			continue // an answer of EC2's API that is partial tells of it, and no card has it
		}
		names := [3]string{e.NetworkInterfaceId, "", NameOf(e.TagSet)}
		if e.Attachment != nil {
			names[1] = e.Attachment.InstanceId
		}
		for i, name := range names {
			if name != "" {
				n.called[i][name] = append(n.called[i][name], e)
			}
		}
	}
	return &n.called
}

// only is the one ENI of those found: of an instance the first one, by its place in the instance.
func (n *Network) only(name string, found []*ec2.NetworkInterface) (Place, error) {
	if len(found) > 1 && sameInstance(found) {
		found = []*ec2.NetworkInterface{slices.MinFunc(found, func(a, b *ec2.NetworkInterface) int {
			return a.Attachment.DeviceIndex - b.Attachment.DeviceIndex
		})}
	}
	switch len(found) {
	case 0:
		return Place{}, fmt.Errorf("there is no %q: an ENI's ID, an instance's, the tag Name of an ENI, an address or %q is expected", ec2.Shorten(name), internetName)
	case 1:
		return Place{ENI: found[0].NetworkInterfaceId}, nil
	}
	var ids []string
	for _, e := range found {
		ids = append(ids, e.NetworkInterfaceId+" in "+e.VpcId)
	}
	const most = 8
	if len(ids) > most {
		ids = append(ids[:most], "…")
	}
	return Place{}, fmt.Errorf("%q is the name of %d ENIs: name one by its ID: %s", ec2.Shorten(name), len(found), strings.Join(ids, ", "))
}

// sameInstance tells whether ENIs are those of one instance.
func sameInstance(all []*ec2.NetworkInterface) bool {
	return !slices.ContainsFunc(all, func(e *ec2.NetworkInterface) bool {
		return e.Attachment == nil || e.Attachment.InstanceId == "" || all[0].Attachment == nil || e.Attachment.InstanceId != all[0].Attachment.InstanceId
	})
}

// byAddress is the ENI that has an address, private or public.
func (n *Network) byAddress(a netip.Addr) (Place, error) {
	found := n.holdersOf(wire.AddrFrom(a))
	if len(found) == 0 {
		if a.IsPrivate() && !n.isService(a) {
			return Place{}, fmt.Errorf("no ENI has the address %s", a)
		}
		return Place{Address: a}, nil
	}
	place, err := n.only(a.String(), found)
	place.Address = a
	return place, err
}

// behindNAT64 is the ENI whose host of IPv4 an ENI reaches by an address of NAT64: one of its own VPC, or
// the only one; "": there is none.
func (n *Network) behindNAT64(from string, a netip.Addr) string {
	if from == "" || !a.Is6() {
		return ""
	}
	four, is := wire.AddrFrom(a).Embedded()
	if !is {
		return ""
	}
	found := n.holdersOf(four)
	own := slices.IndexFunc(found, func(e *ec2.NetworkInterface) bool {
		return n.base.ENI(e.NetworkInterfaceId).Subnet.VPC == n.base.ENI(from).Subnet.VPC
	})
	switch {
	case own >= 0:
		return found[own].NetworkInterfaceId
	case len(found) == 1:
		return found[0].NetworkInterfaceId
	}
	return ""
}

// amazonServices is the range of IPv6 that EC2 keeps for its services (VPC guide, route tables).
var amazonServices = netip.MustParsePrefix("fd00:ec2::/32")

// isService tells whether a private address is one of EC2's services: of its range, of the router of
// a subnet (the address after the subnet's own), or of the DNS server of a VPC (the second after).
func (n *Network) isService(a netip.Addr) bool {
	return amazonServices.Contains(a) ||
		slices.ContainsFunc(n.cfg.Vpcs, func(v ec2.Vpc) bool { return v.CidrBlock.IsValid() && v.CidrBlock.Masked().Addr().Next().Next() == a }) ||
		slices.ContainsFunc(n.cfg.NetworkInterfaces, func(e ec2.NetworkInterface) bool {
			is := n.base.ENI(e.NetworkInterfaceId)
			return is != nil && (isAfter(is.Subnet.Prefix, a) || isAfter(is.Subnet.Prefix6, a))
		})
}

// isAfter tells whether an address is the one after a block's own.
func isAfter(block netip.Prefix, a netip.Addr) bool {
	return block.IsValid() && block.Masked().Addr().Next() == a
}

// NameOf is the value of the tag Name, "" without.
func NameOf(tags []ec2.Tag) string {
	for _, t := range tags {
		if t.Key == "Name" {
			return t.Value
		}
	}
	return ""
}
