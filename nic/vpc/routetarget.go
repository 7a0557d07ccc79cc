package vpc

import (
	"cmp"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// target is a route's target and its ID.
func (r *routeCompiler) target(config *ec2.Route, line *Route) (Target, string) {
	via := ec2.Shorten(via(config))
	kind := targetOf(config)
	switch {
	case leadsNowhere(config):
		return Blackhole, via
	case via == "" && r.table.at.answer:
		return NotEnforced, "an unknown target"
	case via == "":
		r.Add(r.path(), "has no target such as GatewayId")
	case kind == Internet && !r.reachesInternet(via, line):
		return Blackhole, via
	case kind == Peering:
		return r.peered(via), via
	case kind == NAT:
		return r.natTarget(via), via
	case kind == Interface && config.NetworkInterfaceId != "":
		r.checkInterface(config, line)
	case kind == NotEnforced:
		r.checkTarget(config)
	case kind == Outside || kind == EgressOnly:
		r.checkListed(r.path(), targetFields[targetAt(config)], via)
	}
	return kind, via
}

// targetOf is the kind of a route's target. EC2 has a field for each kind, but GatewayId,
// which holds several.
func targetOf(config *ec2.Route) Target {
	gateway := func(prefix string) bool { return strings.HasPrefix(config.GatewayId, prefix) }
	switch {
	case config.GatewayId == "local":
		return Local
	case gateway("igw-"):
		return Internet
	case config.GatewayId == "" && (config.NetworkInterfaceId != "" || config.InstanceId != ""):
		return Interface
	case config.VpcPeeringConnectionId != "":
		return Peering
	case config.NatGatewayId != "":
		return NAT
	case config.EgressOnlyInternetGatewayId != "" && !config.DestinationCidrBlock.IsValid():
		return EgressOnly
	case gateway("vgw-"), gateway("vpce-"), config.TransitGatewayId != "", config.LocalGatewayId != "", config.CarrierGatewayId != "",
		config.CoreNetworkArn != "", config.OdbNetworkArn != "":
		return Outside
	}
	return NotEnforced
}

// checkInterface notes that the ENI of a route is not configured, or is in another VPC.
func (r *routeCompiler) checkInterface(config *ec2.Route, line *Route) {
	id := config.NetworkInterfaceId
	o := r.object("NetworkInterfaces", id)
	switch {
	case !r.given("NetworkInterfaces"):
	case o != nil:
		s, _ := r.next.subnets.Get(o.config.(*identity).form.SubnetId)
		if s != nil && s.VPC.ID != r.vpc.ID && !r.table.at.answer {
			r.conflict(r.path(), o.path(), "NetworkInterfaceId %s is in %s, the table in %s", id, s.VPC.ID, r.vpc.ID)
		}
	case r.table.at.answer:
		r.next.partial = true
		r.tellOf(line, newNotice(InterfaceUnknown, r.path(), ec2.Shorten(id)))
	default:
		r.unknown(ec2.In(r.path(), "NetworkInterfaceId"), "NetworkInterfaces", id)
	}
}

// peered is the target of a route to a peering connection. A route to one that is not
// active leads nowhere (VPC Peering Guide, update your route tables).
func (r *routeCompiler) peered(id string) Target {
	p, active := r.next.peerings.Get(id)
	o := r.object("VpcPeeringConnections", id)
	switch {
	case active && !slices.Contains(p.vpcs[:], r.vpc.ID):
		if !r.table.at.answer {
			r.conflict(r.path(), o.path(), "VpcPeeringConnectionId %s does not peer %s", id, r.vpc.ID)
		}
		return NotEnforced
	case active && p.here:
		return Peering
	case o != nil && !active:
		return Blackhole
	case o == nil && r.given("VpcPeeringConnections") && !r.table.at.answer:
		r.unknown(ec2.In(r.path(), "VpcPeeringConnectionId"), "VpcPeeringConnections", id)
	}
	return NotEnforced
}

// via is the ID of a route's target; "": no field names one.
func via(config *ec2.Route) string {
	ids := targetIDs(config)
	return cmp.Or(ids[:]...)
}

// leadsNowhere tells whether a route says itself that its target is gone, or that EC2 filters the route.
func leadsNowhere(config *ec2.Route) bool {
	return config.State == "blackhole" || config.State == "filtered"
}

// targetIDs are the fields of a route that name a target, "" where they name none.
func targetIDs(config *ec2.Route) [12]string {
	return [...]string{
		config.GatewayId, config.NatGatewayId, config.TransitGatewayId, config.VpcPeeringConnectionId,
		config.NetworkInterfaceId, instanceTarget: config.InstanceId, config.EgressOnlyInternetGatewayId, config.LocalGatewayId,
		config.CarrierGatewayId, config.CoreNetworkArn, config.OdbNetworkArn, config.IpAddress,
	}
}

// instanceTarget is the place of InstanceId in targetIDs.
const instanceTarget = 5

// targetFields are the names of the fields in targetIDs.
var targetFields = [...]string{
	"GatewayId", "NatGatewayId", "TransitGatewayId", "VpcPeeringConnectionId",
	"NetworkInterfaceId", "InstanceId", "EgressOnlyInternetGatewayId", "LocalGatewayId",
	"CarrierGatewayId", "CoreNetworkArn", "OdbNetworkArn", "IpAddress",
}

// targetAt is the place in targetIDs of the first field that names a target.
func targetAt(config *ec2.Route) int {
	ids := targetIDs(config)
	return slices.IndexFunc(ids[:], func(id string) bool { return id != "" })
}

// reachesInternet tells whether an internet gateway exists and is attached to the VPC.
func (r *routeCompiler) reachesInternet(id string, line *Route) bool {
	if !r.given("InternetGateways") {
		return true
	}
	o := r.object("InternetGateways", id)
	switch {
	case o != nil && serves(o.config.(*ec2.InternetGateway), r.vpc.ID):
		return true
	case r.table.at.answer:
		r.next.partial = true
		r.tellOf(line, newNotice(GatewayUnknown, r.path(), id))
	case o == nil:
		r.unknown(ec2.In(r.path(), "GatewayId"), "InternetGateways", id)
	default:
		r.conflict(r.path(), o.path(), "GatewayId %s is not attached to %s", id, r.vpc.ID)
	}
	return false
}
