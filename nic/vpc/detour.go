package vpc

import "nitrocard/nic/wire"

// A rule that names a group does not match what comes through a middlebox: of two instances
// between which a route leads to a middlebox, each must allow the other by its address
// (VPC User Guide, "Security group rules").

// detours are the route tables of a VPC's subnets that lead some of the VPC's own packets to
// a middlebox, by subnet.
type detours map[*Subnet]*routeTable

// detoursOf are the detours of a VPC, nil if it has none.
func (r *Region) detoursOf(n *network) (all detours) {
	for _, b := range n.subnets.Items() {
		if t := r.routesOf(b.of); t.inside {
			if all == nil {
				all = detours{}
			}
			all[b.of] = t
		}
	}
	return all
}

// byMiddlebox tells whether what q is about goes between the ENI and n, an ENI of the VPC,
// through a middlebox. The route of the side that opened the connection counts. n may be nil.
func (e *OwnENI) byMiddlebox(n *ENI, q Query) bool {
	if e.detours == nil || n == nil || e.Beside(n) {
		return false
	}
	from, to := e.Subnet, q.Remote
	if q.Dir == wire.In {
		from, to = n.Subnet, e.firstOf(familyOf(q.Remote))
	}
	t := e.detours[from]
	return t != nil && t.route(to).Target == Interface
}
