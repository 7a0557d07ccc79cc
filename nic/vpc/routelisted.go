package vpc

import (
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// targetLists are the lists without a shape here that have the targets whose IDs begin so.
var targetLists = map[string]string{
	"cagw": "CarrierGateways", "eigw": "EgressOnlyInternetGateways", "lgw": "LocalGateways",
	"tgw": "TransitGateways", "vgw": "VpnGateways", "vpce": "VpcEndpoints",
}

// checkListed checks a target that a list without a shape may have: once people's configuration has the
// list, the target is in it, and of the table's VPC. It is false if there is no such target.
func (r *routeCompiler) checkListed(path, field, id string) bool {
	kind, _, _ := strings.Cut(id, "-")
	list := targetLists[kind]
	of, known := r.next.listed[id]
	switch {
	case r.table.at.answer || len(r.next.rest.Unenforced[list]) == 0:
	case !known && (r.elsewhere() || r.unread.mayHave(list)):
	case !known:
		r.Add(ec2.In(path, field), "there is no %q in %s", ec2.Shorten(id), list)
		return false
	case of.vpcs != nil && !slices.Contains(of.vpcs, r.vpc.ID):
		r.Add(path, "%s %s is not attached to %s", field, id, r.vpc.ID)
		return false
	}
	return true
}

// onePerVPC are the lists without a shape here of which a VPC has one gateway attached (VPC User Guide,
// "Amazon VPC quotas").
var onePerVPC = []string{"EgressOnlyInternetGateways", "VpnGateways"}

// checkAttached finds the gateways that people attached to a VPC beside another one of the kind. A gateway that
// several files list, one that is deleted and stays listed for a while, and an attachment that names no VPC are no
// mistakes.
func (c *compiler) checkAttached() {
	rest := c.next.rest
	for _, list := range onePerVPC {
		first := map[string]string{}
		for i, object := range rest.Unenforced[list] {
			id := idIn(list, object)
			if id == "" || ended(stateIn(object)) {
				continue
			}
			for _, vpc := range vpcsIn(object) {
				if other, has := first[vpc]; has && other != id && vpc != "" && !rest.place(list, i).Answer {
					c.Add(rest.path(list, i, id), "%s has %s already: a VPC has one of them", ec2.Shorten(vpc), ec2.Shorten(other))
				}
				first[vpc] = id
			}
		}
	}
}
