package vpc

import (
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// HasInternetGateway tells whether an internet gateway is attached to a VPC. If the configuration has no list of
// internet gateways, each VPC counts as having one.
func (r *Region) HasInternetGateway(vpc string) bool {
	return !r.rest.gives("InternetGateways") || slices.ContainsFunc(r.NamedBy("InternetGateways", vpc), func(id string) bool {
		o, there := r.objects["InternetGateways"].Get(id)
		return there && serves(o.config.(*ec2.InternetGateway), vpc)
	})
}

// internetGateways checks the marked internet gateways that people write: each is attached to one
// VPC, and no other one to that VPC (VPC User Guide, "Amazon VPC quotas", Gateways).
func (c *compiler) internetGateways() {
	for o, g := range each[ec2.InternetGateway](c, "InternetGateways") {
		vpc := ""
		for i, a := range g.Attachments {
			path := func() string { return ec2.In(o.path(), ec2.At("Attachments", i, "")) }
			switch {
			case o.answer || ended(a.State):
			case vpc != "":
				c.Add(path(), "it is attached to %s already: an internet gateway has one VPC", ec2.Shorten(vpc))
			default:
				vpc = a.VpcId
				c.soleGateway(o, path(), vpc)
			}
		}
	}
}

// soleGateway checks that no other internet gateway is attached to a VPC. Of two that are compiled
// together the later one is the mistake.
func (c *compiler) soleGateway(o *object, path, vpc string) {
	others := c.namedBy("InternetGateways", vpc)
	i := slices.IndexFunc(others, func(other *object) bool {
		return other.id() != o.id() && !other.answer && !(c.whole && byOrder(o, other) < 0) && serves(other.config.(*ec2.InternetGateway), vpc)
	})
	if i >= 0 {
		c.conflict(path, others[i].path(), "%s has the internet gateway %s already", vpc, others[i].id())
	}
}

// serves tells whether an internet gateway is attached to a VPC.
func serves(g *ec2.InternetGateway, vpc string) bool {
	return slices.ContainsFunc(g.Attachments, func(a ec2.InternetGatewayAttachment) bool { return a.VpcId == vpc && !ended(a.State) })
}
