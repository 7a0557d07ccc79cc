package vpc

import "nitrocard/nic/vpc/ec2"

// security checks and compiles the security groups.
func (c *compiler) security() {
	for id := range c.gone("SecurityGroups") {
		c.keepGroup(id, nil)
	}
	if c.whole {
		c.forgetStandIns()
	}
	known := c.knownGroups()
	for o, sg := range each[ec2.SecurityGroup](c, "SecurityGroups") {
		at := o.spot()
		if c.vpcOf(sg.VpcId) == nil {
			c.groupElsewhere(at, sg)
		}
		check := groupCheck{c, sg, at, known}
		check.permissions(at.path())
		c.ruleQuota(at, sg)
		check.twice(at.path(), c.compileGroup(sg))
	}
}

// forgetStandIns removes the groups that only ENIs name. The change under way makes those
// again that ENIs still name.
func (c *compiler) forgetStandIns() {
	for _, id := range c.next.groups.Keys() {
		if c.object("SecurityGroups", id) == nil {
			c.keepGroup(id, nil)
		}
	}
}

// groupElsewhere is for a group whose VPC is not in the configuration. A group of
// EC2-Classic has no VPC.
func (c *compiler) groupElsewhere(at spot, sg *ec2.SecurityGroup) {
	vpc := ec2.Shorten(sg.VpcId)
	if vpc == "" {
		vpc = "EC2-Classic"
	}
	if at.answer && !c.given("Vpcs") || c.excused(at, Elsewhere, vpc) {
		return
	}
	c.unknown(ec2.In(at.path(), "VpcId"), "Vpcs", sg.VpcId)
}

// compileGroup compiles a group's rules, and returns them. A group whose rules are as before
// keeps its rule numbers, and with them the matchers of its members.
func (c *compiler) compileGroup(config *ec2.SecurityGroup) *groupRules {
	old, _ := c.next.groups.Get(config.GroupId)
	g := &groupRules{Group: &Group{ID: config.GroupId, Name: config.GroupName, VPC: config.VpcId, number: c.groupNumber(config.GroupId)}}
	if old != nil && *old.Group == *g.Group {
		g.Group = old.Group
	}
	b := groupBuilder{g, c}
	b.build(config)
	if old != nil && old.Group == g.Group && old.same(g) {
		return g
	}
	g.base = c.next.lineage.rules
	c.next.lineage.rules += max(1, g.size())
	c.keepGroup(g.ID, g)
	return g
}

// keepGroup puts the group of an ID in the place of the old one; nil removes the old one.
func (c *compiler) keepGroup(id string, g *groupRules) {
	old, _ := c.next.groups.Get(id)
	if old != nil {
		c.next.rules.Delete(old.base)
		c.next.groups.Delete(id)
	}
	if old != nil && (g == nil || g.Group != old.Group) {
		c.remade[old.Group] = true
	}
	if g != nil {
		c.next.groups.Set(id, g)
		c.next.rules.Set(g.base, g)
	}
}

// groupNumber is the number of a group's ID. No other ID of the lineage ever gets it.
func (c *compiler) groupNumber(id string) uint32 {
	n, known := c.next.numbers.Get(id)
	if !known {
		n = c.next.lineage.groups
		c.next.lineage.groups++
		c.next.numbers.Set(id, n)
	}
	return n
}
