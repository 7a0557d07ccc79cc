package oracle

import (
	"net/netip"

	"nitrocard/nic/vpc/ec2"
)

// RouteTable is the route table of a subnet: "Subnet without explicit association → main
// table." Nil if there is none.
func (w *World) RouteTable(subnet *ec2.Subnet) (found *ec2.RouteTable) {
	for i := range w.Config.RouteTables {
		table := &w.Config.RouteTables[i]
		for _, a := range table.Associations {
			if a.SubnetId == subnet.SubnetId {
				return table
			}
			if a.Main && table.VpcId == subnet.VpcId {
				found = table
			}
		}
	}
	return found
}

// RouteTo is the route of a subnet to an address, nil if there is none. "Longest prefix
// first, whatever the kind. Tie: static CIDR > prefix-list route > propagated."
func (w *World) RouteTo(subnet *ec2.Subnet, dst netip.Addr) *ec2.Route {
	if table := w.RouteTable(subnet); table != nil {
		return w.routeIn(table, dst)
	}
	return nil
}

// routeIn is the route of a table to an address.
func (w *World) routeIn(table *ec2.RouteTable, dst netip.Addr) (best *ec2.Route) {
	longest, rank := -1, 0
	for i := range table.Routes {
		r := &table.Routes[i]
		for _, prefix := range w.Destinations(r) {
			if !prefix.Contains(dst) {
				continue
			}
			if prefix.Bits() > longest || prefix.Bits() == longest && rankOf(r) > rank {
				best, longest, rank = r, prefix.Bits(), rankOf(r)
			}
		}
	}
	return best
}

// routeFrom is the route of an ENI to an address. A regional NAT gateway has its "own route
// table".
func (w *World) routeFrom(e *ec2.NetworkInterface, dst netip.Addr) *ec2.Route {
	if nat := w.natOf(e); nat != nil && nat.AvailabilityMode == "regional" {
		for i := range w.Config.RouteTables {
			if t := &w.Config.RouteTables[i]; t.RouteTableId == nat.RouteTableId {
				return w.routeIn(t, dst)
			}
		}
		return nil
	}
	return w.RouteTo(w.Subnet(e), dst)
}

// Destinations are the CIDRs that a route is for.
func (w *World) Destinations(r *ec2.Route) []netip.Prefix {
	if r.DestinationPrefixListId != "" {
		return w.entries(r.DestinationPrefixListId)
	}
	return []netip.Prefix{r.DestinationCidrBlock, r.DestinationIpv6CidrBlock} // one of them is absent, and contains nothing
}

// rankOf decides between routes of one length.
func rankOf(r *ec2.Route) int {
	switch {
	case r.Origin == "EnableVgwRoutePropagation":
		return 1
	case r.DestinationPrefixListId != "":
		return 2
	}
	return 3
}

// middleboxOf is the ENI that a route leads to: the one that the route names, or else the one of the
// instance that it names. Nil if there is none, or if the instance has several: "the operation fails if
// you specify an instance ID unless exactly one network interface is attached" (EC2 API, CreateRoute).
func (w *World) middleboxOf(r *ec2.Route) (only *ec2.NetworkInterface) {
	if r.NetworkInterfaceId != "" || r.InstanceId == "" {
		return w.ENI(r.NetworkInterfaceId)
	}
	for i := range w.Config.NetworkInterfaces {
		e := &w.Config.NetworkInterfaces[i]
		if e.Attachment == nil || e.Attachment.InstanceId != r.InstanceId {
			continue
		}
		if only != nil {
			return nil
		}
		only = e
	}
	return only
}

// isDetour tells whether a packet that an ENI sends goes to a middlebox, or comes from one.
func (w *World) isDetour(e *ec2.NetworkInterface, p Packet) bool {
	r := w.RouteTo(w.Subnet(e), p.Dst)
	return !has(e, p.Src) || r != nil && w.middleboxOf(r) != nil
}
