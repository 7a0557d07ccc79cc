package vpc

import (
	"cmp"

	"nitrocard/nic/vpc/ec2"
)

// peerings compiles the marked VPC peering connections. All of them leave the region first,
// so that two may exchange their VPCs.
func (c *compiler) peerings() {
	before := map[string]*peering{}
	for id := range c.marked("VpcPeeringConnections") {
		p, was := c.next.peerings.Delete(id)
		before[id] = p
		if was {
			if p.here {
				c.next.pairs.Delete(p.pair())
			}
			for _, vpc := range p.vpcs {
				c.next.peers.Delete(peerKey(vpc, id))
			}
		}
	}
	for o, config := range each[ec2.VpcPeeringConnection](c, "VpcPeeringConnections") {
		if code := config.Status.Code; code != "active" && code != "" {
			continue // no traffic flows yet, or none any more (VPC Peering Guide, VPC peering lifecycle)
		}
		p := c.peering(o, config)
		if p == nil {
			continue
		}
		c.next.peerings.Set(p.id, p)
		if p.here {
			c.next.pairs.Set(p.pair(), p)
		}
		for _, vpc := range p.vpcs {
			c.next.peers.Set(peerKey(vpc, p.id), p)
		}
	}
	vpcs := map[string]bool{} // of connections that changed
	for id, was := range before {
		p, _ := c.next.peerings.Get(id)
		if same(was, p) {
			continue
		}
		c.markUsers(id)
		for _, q := range [...]*peering{was, p} {
			if q != nil {
				vpcs[q.vpcs[0]], vpcs[q.vpcs[1]] = true, true
			}
		}
	}
	c.markPeerRules(vpcs)
}

// same tells whether two peering connections mean the same to routes and rules.
func same(a, b *peering) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.vpcs == b.vpcs && a.regional == b.regional && a.here == b.here
}

// peering compiles an active connection; nil: the connection carries nothing.
func (c *compiler) peering(o *object, config *ec2.VpcPeeringConnection) *peering {
	a, b := &config.RequesterVpcInfo, &config.AccepterVpcInfo
	p := &peering{id: o.id(), vpcs: [2]string{a.VpcId, b.VpcId}, at: o.spot(), regional: a.Region == b.Region || a.Region == "" || b.Region == ""}
	x, y := c.vpcOf(a.VpcId), c.vpcOf(b.VpcId)
	p.here = x != nil && y != nil
	switch {
	case !o.answer && (a.VpcId == "" || b.VpcId == ""):
		c.Add(o.path(), "RequesterVpcInfo and AccepterVpcInfo need a VpcId each")
	case a.VpcId == b.VpcId:
		c.peeredWrongly(p, "both ends are "+ec2.Shorten(a.VpcId))
	case x == nil && y == nil:
		c.notice(Elsewhere, o.path(), ec2.Shorten(a.VpcId)+" and "+ec2.Shorten(b.VpcId))
	case !p.here:
		away := a.VpcId
		if x != nil {
			away = b.VpcId
		}
		c.notice(PeerElsewhere, o.path(), cmp.Or(ec2.Shorten(away), "a VPC"))
		return p
	case c.peeredAlready(p) == "" && overlap(x, y) == "":
		return p
	default:
		c.peeredWrongly(p, cmp.Or(c.peeredAlready(p), overlap(x, y)))
	}
	return nil
}

// peeredWrongly notes a connection that EC2 would not make. Answers may tell one if they are
// of two moments.
func (c *compiler) peeredWrongly(p *peering, what string) {
	if !c.excused(p.at, Disputed, what+": EC2 peers no such VPCs") {
		c.Add(p.at.path(), "%s: EC2 peers no such VPCs", what)
	}
}

// peeredAlready says which other connection peers the same two VPCs; "": none does.
func (c *compiler) peeredAlready(p *peering) string {
	q, already := c.next.pairs.Get(p.pair())
	if !already {
		return ""
	}
	return "peers " + p.vpcs[0] + " and " + p.vpcs[1] + " as " + q.id + " does"
}

// overlap says which blocks of two VPCs have addresses in common; "": none have.
func overlap(x, y *network) string {
	for _, a := range x.cidrs {
		for _, b := range y.cidrs {
			if a.Overlaps(b) {
				return a.String() + " of " + x.ID + " overlaps " + b.String() + " of " + y.ID
			}
		}
	}
	return ""
}

// markPeerRules marks the security groups that may name a group at the other end of a
// peering connection of some VPCs: the groups that are in force in these VPCs.
func (c *compiler) markPeerRules(vpcs map[string]bool) {
	if len(vpcs) == 0 {
		return
	}
	for vpc := range vpcs {
		for _, o := range c.namedBy("SecurityGroups", vpc) {
			c.markIfForeign(o)
		}
	}
	for lent := range c.lentGroups() {
		if o := c.object("SecurityGroups", lent.GroupId); o != nil && vpcs[lent.VpcId] {
			c.markIfForeign(o)
		}
	}
}

// markIfForeign marks a security group that names a group of another VPC.
func (c *compiler) markIfForeign(o *object) {
	sg := o.config.(*ec2.SecurityGroup)
	for _, perms := range [][]ec2.IpPermission{sg.IpPermissions, sg.IpPermissionsEgress} {
		for i := range perms {
			for _, pair := range perms[i].UserIdGroupPairs {
				named := c.object("SecurityGroups", pair.GroupId)
				if named == nil || named.config.(*ec2.SecurityGroup).VpcId != sg.VpcId {
					c.mark(o.kind, o.id())
					return
				}
			}
		}
	}
}
