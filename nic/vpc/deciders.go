package vpc

import "iter"

// DecidersOf yields, once each, by kind and ID, what decides about packets of a card's ENIs: the ENIs' security
// groups, the network ACLs and route tables of their subnets, and the route tables of their VPCs' gateways. i is the card's
// index in Cards.
func (r *Region) DecidersOf(i int) iter.Seq2[string, string] {
	return func(yield func(kind, id string) bool) {
		told, known := map[[2]string]bool{}, map[*membership]bool{}
		tell := func(kind, id string) bool {
			known := told[[2]string{kind, id}]
			told[[2]string{kind, id}] = true
			return known || yield(kind, id)
		}
		for _, e := range r.on(firstCard + uint16(i)) {
			nat, _ := r.natENIs.Get(e.ID)
			regional := nat != nil && nat.regional
			if known[e.membership] && !regional {
				continue
			}
			known[e.membership] = known[e.membership] || !regional
			for _, g := range e.Groups {
				if !tell("SecurityGroups", g.ID) {
					return
				}
			}
			acl, table := r.gates(e, nat)
			if acl != nil && !tell("NetworkAcls", acl.id) {
				return
			}
			inward := r.inwardOf(e.Subnet.VPC.ID)
			for _, t := range [...]*routeTable{table, inward[InternetGateway], inward[VPNGateway]} {
				if t != nil && !tell("RouteTables", t.id) {
					return
				}
			}
		}
	}
}

// gates are the network ACL and the route table that are asked about packets of an ENI, of a NAT gateway unless nat
// is nil. A regional one is in no subnet (ownMembership.ofRegional).
func (r *Region) gates(e *ENI, nat *NATGateway) (*networkACL, *routeTable) {
	table := r.routesOf(e.Subnet)
	if nat == nil || !nat.regional {
		return r.aclOf(e.Subnet), table
	}
	if own, there := r.routes.Get(nat.table); there {
		table = own
	}
	return nil, table
}
