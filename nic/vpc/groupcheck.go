package vpc

import (
	"fmt"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// knownGroups is what groupCheck asks about groups that are not compiled yet.
type knownGroups struct {
	members map[string]bool // by group: some ENI is in it; known if all is compiled
	lent    map[ec2.SecurityGroupVpcAssociation]string
}

// knownGroups collects the associations, and the groups that ENIs of answers name.
func (c *compiler) knownGroups() knownGroups {
	k := knownGroups{map[string]bool{}, c.lentGroups()}
	if !c.whole || !c.next.rest.Answer {
		return k
	}
	c.next.objects["NetworkInterfaces"].Scan(func(_ string, o *object) bool {
		for _, g := range o.config.(*identity).form.Groups {
			k.members[g.GroupId] = true
		}
		return true
	})
	return k
}

// groupCheck notes mistakes in a group, and what of the group the card does not enforce.
type groupCheck struct {
	*compiler
	group *ec2.SecurityGroup
	at    spot
	known knownGroups
}

// permissions checks all permissions of the group.
func (c groupCheck) permissions(path string) {
	for _, dir := range []wire.Direction{wire.In, wire.Out} {
		for i := range permissions(c.group, dir) {
			c.permission(ec2.In(path, permissionPath(dir, i)), &permissions(c.group, dir)[i])
		}
	}
}

// permission checks one permission, and notes its parts that match nothing on this card.
func (c groupCheck) permission(path string, perm *ec2.IpPermission) {
	if _, err := parseService(perm); err != nil {
		c.Add(path, "%v", err)
	}
	for i, r := range perm.IpRanges {
		if !r.CidrIp.IsValid() || !r.CidrIp.Addr().Is4() {
			c.ipv4(ec2.In(path, ec2.At("IpRanges", i, "")), "CidrIp", r.CidrIp)
		}
	}
	for _, r := range perm.Ipv6Ranges {
		c.notice(IPv6, path, r.CidrIpv6)
	}
	for _, pl := range perm.PrefixListIds {
		c.ruleList(path, pl.PrefixListId)
	}
	for _, pair := range perm.UserIdGroupPairs {
		c.reference(path, pair)
	}
}

// ruleList notes a prefix list of which the card lacks entries.
func (c groupCheck) ruleList(path, id string) {
	switch list := c.prefixList(c.at, path, id); {
	case !list.known && list.ipv6:
		c.notice(IPv6, path, ec2.Shorten(id))
	case !list.known:
		c.notice(RuleEntriesUnknown, path, ec2.Shorten(id))
	case list.cidrs6 > 0:
		c.notice(IPv6, path, fmt.Sprintf("%d IPv6 entries in %s", list.cidrs6, ec2.Shorten(id)))
	}
}

// reference checks a group that a rule names. EC2 never deletes a group that a rule
// of the same VPC names, but rules outlive groups of peers and of other accounts
// ("stale" rules).
func (c groupCheck) reference(path string, pair ec2.UserIdGroupPair) {
	named, exists, vpc := c.object("SecurityGroups", pair.GroupId), false, ""
	if named != nil {
		exists, vpc = true, named.config.(*ec2.SecurityGroup).VpcId
	}
	account := pair.UserId != "" && pair.UserId != c.group.OwnerId
	id := ec2.Shorten(pair.GroupId)
	switch {
	case exists && vpc == c.group.VpcId, c.known.lentTo(pair.GroupId, c.group.VpcId), !exists && c.known.members[pair.GroupId] && c.at.answer:
	case exists, pair.VpcPeeringConnectionId != "", pair.VpcId != "" && pair.VpcId != c.group.VpcId:
		c.notice(PeerGroup, path, id)
	case account:
		c.notice(ForeignGroup, path, id+" is a group of another account ("+ec2.Shorten(pair.UserId)+")")
	case !c.excused(c.at.within(path), GroupUnknown, id):
		c.unknown(ec2.In(path, "UserIdGroupPairs"), "SecurityGroups", pair.GroupId)
	}
}

// lentTo tells whether a group is associated with a VPC.
func (k knownGroups) lentTo(group, vpc string) bool {
	return lends(k.lent[ec2.SecurityGroupVpcAssociation{GroupId: group, VpcId: vpc}])
}

// lends tells whether an association of that state is in force.
func lends(state string) bool { return state == "associated" }
