package oracle

import (
	"slices"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// lending associates a group with a further VPC, has an association change its state, or ends it.
func (g *generator) lending() []vpc.Edit {
	all := slices.Clone(g.w.Config.SecurityGroupVpcAssociations)
	a := ec2.SecurityGroupVpcAssociation{GroupId: one(g.dice, g.w.Config.SecurityGroups).GroupId, VpcId: one(g.dice, g.w.Config.Vpcs).VpcId}
	at := slices.IndexFunc(all, func(other ec2.SecurityGroupVpcAssociation) bool {
		return other.GroupId == a.GroupId && other.VpcId == a.VpcId
	})
	states := append(lentStates[:2:2], unlentStates...)
	if used := g.isUsed(a.GroupId, a.VpcId); used {
		states = lentStates // EC2 ends no association whose group an ENI of the VPC has
	} else if at >= 0 && g.oneIn(3) {
		return edit("SecurityGroupVpcAssociations", "", slices.Delete(all, at, at+1))
	}
	a.State = one(g.dice, states)
	switch {
	case g.home(a.GroupId) == a.VpcId:
		return nil
	case at < 0:
		all = append(all, a)
	default:
		all[at] = a
	}
	return edit("SecurityGroupVpcAssociations", "", all)
}

// home is the VPC that a group was made in.
func (g *generator) home(group string) string {
	i := slices.IndexFunc(g.w.Config.SecurityGroups, func(of ec2.SecurityGroup) bool { return of.GroupId == group })
	return g.w.Config.SecurityGroups[i].VpcId
}

// isUsed tells whether an ENI of a VPC has a group.
func (g *generator) isUsed(group, vpc string) bool {
	return slices.ContainsFunc(g.w.Config.NetworkInterfaces, func(e ec2.NetworkInterface) bool {
		return g.w.VPC(&e) == vpc && slices.Contains(e.Groups, ec2.GroupIdentifier{GroupId: group})
	})
}

// deletedGroup deletes a group that no ENI has, and that rules name over peering alone. These rules are stale.
func (g *generator) deletedGroup() []vpc.Edit {
	gone := one(g.dice, g.w.Config.SecurityGroups)
	siblings := 0
	for _, other := range g.w.Config.SecurityGroups {
		if other.VpcId == gone.VpcId {
			siblings++
		}
		if other.GroupId != gone.GroupId && names(other, gone.GroupId) {
			return nil
		}
	}
	for _, v := range g.w.Config.Vpcs {
		if siblings < 2 || g.isUsed(gone.GroupId, v.VpcId) {
			return nil
		}
	}
	lent := without(g.w.Config.SecurityGroupVpcAssociations, func(a ec2.SecurityGroupVpcAssociation) bool { return a.GroupId == gone.GroupId })
	return append([]vpc.Edit{{Kind: "SecurityGroups", ID: gone.GroupId}}, edit("SecurityGroupVpcAssociations", "", lent)...)
}

// names tells whether a rule of a group names another one, and no peering.
func names(g ec2.SecurityGroup, other string) bool {
	return slices.ContainsFunc(append(slices.Clone(g.IpPermissions), g.IpPermissionsEgress...), func(rule ec2.IpPermission) bool {
		return slices.ContainsFunc(rule.UserIdGroupPairs, func(pair ec2.UserIdGroupPair) bool {
			return pair.GroupId == other && pair.VpcPeeringConnectionId == ""
		})
	})
}

// peering ends a peering, brings it back, or has its VPCs peer again by another one.
func (g *generator) peering(c ec2.VpcPeeringConnection) []vpc.Edit {
	old := c.VpcPeeringConnectionId
	if c.Status.Code == "active" {
		c.Status.Code = "deleted"
		return edit("VpcPeeringConnections", old, &c)
	}
	c.Status.Code = "active"
	if g.oneIn(2) {
		return edit("VpcPeeringConnections", old, &c)
	}
	c.VpcPeeringConnectionId = name("pcx", g.IntN(1000))
	if slices.ContainsFunc(g.w.Config.VpcPeeringConnections, func(p ec2.VpcPeeringConnection) bool {
		return p.VpcPeeringConnectionId == c.VpcPeeringConnectionId
	}) {
		return nil
	}
	again := g.leads("blackhole", func(r *ec2.Route) bool { return r.VpcPeeringConnectionId == old })
	again = append(again, vpc.Edit{Kind: "VpcPeeringConnections", ID: old})
	return append(again, edit("VpcPeeringConnections", c.VpcPeeringConnectionId, &c)...)
}
