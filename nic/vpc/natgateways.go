package vpc

import (
	"cmp"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// natInterface is the InterfaceType of a NAT gateway's ENI.
const natInterface = "nat_gateway"

// natGateways compiles the marked NAT gateways. All marked ones give back their ENIs first,
// so that a gateway may have the ENI of one that goes.
func (c *compiler) natGateways() {
	c.markMovedParts()
	for id := range c.marked("NatGateways") {
		if g, was := c.next.nats.Delete(id); was {
			c.next.natENIs.Delete(g.eni)
		}
		c.dropParts(id)
	}
	for o, config := range each[ec2.NatGateway](c, "NatGateways") {
		switch {
		case !natLives(config.State):
		case config.AvailabilityMode == "regional":
			c.regional(o, config)
		default:
			c.natGateway(o, config)
		}
	}
	c.checkPlacedNATs()
}

// natLives tells whether a NAT gateway in a state carries packets: a pending one is not ready to
// (EC2 API, NatGateway).
func natLives(state string) bool { return state == "available" || state == "" }

// natGateway compiles a NAT gateway. A gateway without an ENI carries no packet.
func (c *compiler) natGateway(o *object, config *ec2.NatGateway) {
	g := &NATGateway{ID: config.NatGatewayId, Private: config.ConnectivityType == "private"}
	all := slices.Clone(config.NatGatewayAddresses)
	if i := slices.IndexFunc(all, func(a ec2.NatGatewayAddress) bool { return a.IsPrimary }); i > 0 {
		all[0], all[i] = all[i], all[0]
	}
	for _, a := range all {
		switch a.Status {
		case "unassigning", "disassociating":
			g.leaving = append(g.leaving, a.PrivateIp)
			continue
		case "", "succeeded":
		default:
			continue
		}
		g.eni = cmp.Or(g.eni, a.NetworkInterfaceId)
		if a.PrivateIp.IsValid() {
			g.addrs = append(g.addrs, a.PrivateIp)
		}
	}
	quota := addressesOfNAT
	if g.Private {
		quota = privateOfNAT
	}
	c.within(quota, "", len(g.addrs), o.path)
	if c.natENI(o, config, g) {
		c.next.nats.Set(g.ID, g)
		c.next.natENIs.Set(g.eni, g)
	}
}

// natENI tells whether a NAT gateway has its ENI, and notes why not.
func (c *compiler) natENI(o *object, config *ec2.NatGateway, g *NATGateway) bool {
	path := o.path()
	e := c.next.ENI(g.eni)
	other, taken := c.next.natENIs.Get(g.eni)
	switch {
	case g.eni == "":
		c.notice(NATWithoutENI, path, "NatGatewayAddresses names no NetworkInterfaceId")
	case e == nil && c.object("NetworkInterfaces", g.eni) != nil: // left out, and noted
	case e == nil:
		if !c.excused(o.spot(), NATWithoutENI, "its ENI "+ec2.Shorten(g.eni)+" is not in the configuration (aws ec2 describe-network-interfaces)") {
			c.unknown(ec2.In(path, "NatGatewayAddresses"), "NetworkInterfaces", g.eni)
		}
	case taken:
		c.Add(path, "NatGatewayAddresses: %s is the ENI of %s already", e.ID, other.ID)
	case e.form.InterfaceType != natInterface:
		c.conflict(path, c.spotOf("NetworkInterfaces", e.ID).path(), "NatGatewayAddresses: %s has no InterfaceType %s", e.ID, natInterface)
	case config.VpcId != "" && config.VpcId != e.Subnet.VPC.ID:
		c.conflict(path, c.spotOf("NetworkInterfaces", e.ID).path(), "VpcId %s: %s is in %s", ec2.Shorten(config.VpcId), e.ID, e.Subnet.VPC.ID)
	default:
		return true
	}
	return false
}

// natTarget is the target of a route to a NAT gateway.
func (r *routeCompiler) natTarget(id string) Target {
	o := r.object("NatGateways", id)
	if o == nil {
		if r.given("NatGateways") && !r.table.at.answer {
			r.unknown(ec2.In(r.path(), "NatGatewayId"), "NatGateways", id)
		}
		return NotEnforced
	}
	g := o.config.(*ec2.NatGateway)
	if g.VpcId != "" && g.VpcId != r.vpc.ID && !r.disputed(r.table.at, o.spot(), "NatGatewayId "+id+" is in "+ec2.Shorten(g.VpcId)) {
		r.conflict(r.path(), o.path(), "NatGatewayId %s is in %s, the table in %s", id, ec2.Shorten(g.VpcId), r.vpc.ID)
	}
	if !natLives(g.State) {
		return Blackhole
	}
	return NAT
}

// droppedKind is the kind of notice about a route to a target that is not served.
func (r *routeCompiler) droppedKind(via string) NoticeKind {
	if strings.HasPrefix(via, "nat-") && r.object("NatGateways", via) == nil {
		return NATUnknown
	}
	return RouteDropped
}
