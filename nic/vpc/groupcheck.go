package vpc

import (
	"slices"
	"strings"

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

// permissions checks where the group is in force, and all its permissions.
func (c groupCheck) permissions(path string) {
	c.checkLent(path)
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
	for i, r := range perm.Ipv6Ranges {
		c.ipv6(ec2.In(path, ec2.At("Ipv6Ranges", i, "")), "CidrIpv6", r.CidrIpv6)
	}
	for _, pl := range perm.PrefixListIds {
		c.ruleList(path, pl.PrefixListId)
	}
	for _, pair := range perm.UserIdGroupPairs {
		c.reference(path, pair)
	}
}

// twice finds rules that stand twice, which EC2 refuses as InvalidPermission.Duplicate (EC2 API, "Error
// codes").
func (c groupCheck) twice(path string, g *groupRules) {
	if c.at.answer {
		return
	}
	for dir, rules := range g.rules {
		c.twiceIn(path, wire.Direction(dir), rules)
	}
}

// twiceIn finds rules of a direction that stand twice.
func (c groupCheck) twiceIn(path string, dir wire.Direction, rules []rule) {
	type same struct {
		service
		source string
	}
	first := make(map[same]int, len(rules)) // its permission
	for i := range rules {
		r := &rules[i]
		if at, had := first[same{r.service, r.source}]; had {
			c.Add(ec2.In(path, permissionPath(dir, r.perm)), "%s stands twice; the first is %s", ec2.Shorten(r.text(dir)), permissionPath(dir, at))
		} else {
			first[same{r.service, r.source}] = r.perm
		}
	}
}

// ruleList notes a prefix list of which the card lacks entries.
func (c groupCheck) ruleList(path, id string) {
	if !c.prefixList(c.at, path, id).known {
		c.notice(RuleEntriesUnknown, path, ec2.Shorten(id))
	}
}

// reference checks a group that a rule names. EC2 never deletes a group that a rule
// of the same VPC names, but rules outlive groups of peers and of other accounts, and
// peering connections: such a rule is stale, stays and matches nothing, until the same VPCs
// peer again (VPC Peering Guide, security groups).
func (c groupCheck) reference(path string, pair ec2.UserIdGroupPair) {
	named, vpc := c.object("SecurityGroups", pair.GroupId), pair.VpcId
	if named != nil {
		vpc = named.config.(*ec2.SecurityGroup).VpcId
	}
	foreign := vpc != "" && vpc != c.group.VpcId
	account := pair.UserId != "" && pair.UserId != c.group.OwnerId
	id := ec2.Shorten(pair.GroupId)
	switch {
	case named != nil && !foreign, c.known.lentTo(pair.GroupId, c.group.VpcId), named == nil && c.known.members[pair.GroupId] && c.at.answer:
	case foreign && c.vpcOf(vpc) == nil:
		c.notice(PeerGroup, path, id+" is a group of "+ec2.Shorten(vpc))
	case foreign && named != nil && c.reaches(pair.GroupId, vpc):
	case foreign, pair.VpcPeeringConnectionId != "":
		c.notice(StaleRule, path, id)
	case account:
		c.notice(ForeignGroup, path, id+" is a group of another account ("+ec2.Shorten(pair.UserId)+")")
	case !c.excused(c.at.within(path), GroupUnknown, id):
		c.unknown(ec2.In(path, "UserIdGroupPairs"), "SecurityGroups", pair.GroupId)
	}
}

// checkLent finds a default group that is associated with a further VPC, which EC2 does not let
// anybody do (VPC User Guide, "Associate security groups with multiple VPCs").
func (c groupCheck) checkLent(path string) {
	if c.group.GroupName != defaultGroup || c.at.answer {
		return
	}
	homes := c.known.homes(c.group.GroupId, c.group.VpcId)
	if slices.Sort(homes); homes[0] != homes[len(homes)-1] {
		c.Add(path, "GroupName %s: a default group is in force in its own VPC alone, and SecurityGroupVpcAssociations says %s", defaultGroup, ec2.Shorten(strings.Join(homes, ", ")))
	}
}

// reaches tells whether a VPC in which the rule's group is in force peers, within a region,
// with one in which the group is that the rule names.
func (c groupCheck) reaches(named, vpc string) bool {
	theirs := c.known.homes(named, vpc)
	return slices.ContainsFunc(c.known.homes(c.group.GroupId, c.group.VpcId), func(ours string) bool {
		found := false
		c.next.eachPeering(ours, func(p *peering) bool {
			found = p.here && p.regional && slices.Contains(theirs, p.other(ours))
			return !found
		})
		return found
	})
}

// homes are the VPCs in which a group of a VPC is in force: that VPC, and those that the
// group is associated with.
func (k knownGroups) homes(group, vpc string) []string {
	all := []string{vpc}
	for a, state := range k.lent {
		if a.GroupId == group && lends(state) {
			all = append(all, a.VpcId)
		}
	}
	return all
}

// lentTo tells whether a group is associated with a VPC.
func (k knownGroups) lentTo(group, vpc string) bool {
	return lends(k.lent[ec2.SecurityGroupVpcAssociation{GroupId: group, VpcId: vpc}])
}

// lends tells whether an association of that state is in force: from when it is made until it
// is gone. AWS documents the states and not what they do to packets; the choice is ours.
func lends(state string) bool {
	return state == "associated" || state == "disassociating" || state == "disassociation-failed"
}
