package vpc

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// maxEntries is how many entries of a family an ACL may have in a direction, beside the
// entry that ends it: the most that EC2's quota can be raised to (VPC User Guide, Amazon VPC quotas).
const maxEntries = 40

// acls compiles the marked network ACLs, and assigns them to subnets. All of them give
// back their subnets first, so that two ACLs may exchange them.
func (c *compiler) acls() {
	old := map[string]*networkACL{}
	for id := range c.marked("NetworkAcls") {
		if a, was := c.next.acls.Delete(id); was {
			old[id] = a
			for _, to := range a.assigned {
				c.next.guarded.Delete(to)
			}
		}
	}
	for o, config := range each[ec2.NetworkAcl](c, "NetworkAcls") {
		a := &networkACL{id: o.id(), at: o.spot()}
		for i := range config.Entries {
			c.aclEntry(a, ec2.In(o.path(), ec2.At("Entries", i, boundEntry(&config.Entries[i]))), &config.Entries[i])
		}
		for dir := range a.lists {
			for f := range a.lists[dir] {
				c.aclList(a, wire.Direction(dir), family(f))
			}
		}
		a.keep(old[o.id()])
		c.next.acls.Set(o.id(), a)
		c.guard(a, o, config)
	}
	c.subnetsWithoutACL()
}

// boundEntry is an entry's direction and number, as people know it.
func boundEntry(e *ec2.NetworkAclEntry) string {
	return fmt.Sprintf("%s %d", wire.DirectionOf(e.Egress).Bound(), e.RuleNumber)
}

// aclEntry compiles one entry.
func (c *compiler) aclEntry(a *networkACL, path string, e *ec2.NetworkAclEntry) {
	s, err := aclService(e)
	if err == nil && (s.proto == wire.ProtoICMP || s.proto == wire.ProtoICMPv6) && e.IcmpTypeCode == nil && !a.at.answer {
		err = fmt.Errorf("Protocol %s needs an IcmpTypeCode; Type -1 and Code -1 are all", e.Protocol)
	}
	field, remote, right := "CidrBlock", e.CidrBlock, c.ipv4
	if e.Ipv6CidrBlock.IsValid() {
		field, remote, right = "Ipv6CidrBlock", e.Ipv6CidrBlock, c.ipv6
	}
	list := a.list(e)
	switch {
	case e.RuleAction != "allow" && e.RuleAction != "deny":
		c.Add(path, "RuleAction %q: allow or deny is expected", ec2.Shorten(e.RuleAction))
	case e.RuleAction == "deny" && (e.RuleNumber == FinalDeny || e.RuleNumber == FinalDenyIPv6):
		// Each ACL has these two, as EC2's answers say.
	case e.RuleNumber < 1 || e.RuleNumber >= FinalDeny:
		c.Add(path, "RuleNumber %d: 1 to %d is expected", e.RuleNumber, FinalDeny-1)
	case e.Ipv6CidrBlock.IsValid() && e.CidrBlock.IsValid():
		c.Add(path, "it has a CidrBlock and an Ipv6CidrBlock: each needs an entry of its own")
	case len(list.entries) > maxEntries:
		// aclList tells that they are too many.
	case a.numbered(e):
		c.Add(path, "RuleNumber %d stands twice in one direction", e.RuleNumber)
	case err != nil:
		c.Add(path, "%v", err)
	case right(path, field, remote):
		list.entries = append(list.entries, aclEntry{
			service: s, lo: wire.AddrFrom(remote.Masked().Addr()), hi: wire.AddrFrom(lastOf(remote)),
			all: s.proto == protoAll && remote.Bits() == 0, allow: e.RuleAction == "allow", number: uint16(e.RuleNumber),
		})
	}
}

// numbered tells whether an entry of the same direction has the same number, of either family: EC2 knows
// an entry by its direction and number (EC2 API, DeleteNetworkAclEntry).
func (a *networkACL) numbered(e *ec2.NetworkAclEntry) bool {
	same := func(o aclEntry) bool { return int(o.number) == e.RuleNumber }
	lists := &a.lists[wire.DirectionOf(e.Egress)]
	return slices.ContainsFunc(lists[ipv4].entries, same) || slices.ContainsFunc(lists[ipv6].entries, same)
}

// list is the list that an entry belongs to.
func (a *networkACL) list(e *ec2.NetworkAclEntry) *aclList {
	f := ipv4
	if e.Ipv6CidrBlock.IsValid() {
		f = ipv6
	}
	return &a.lists[wire.DirectionOf(e.Egress)][f]
}

// aclList puts the entries of one direction and family in order, and bounds them.
func (c *compiler) aclList(a *networkACL, dir wire.Direction, f family) {
	l := &a.lists[dir][f]
	switch n := len(l.entries); {
	case n > maxEntries:
		c.Add(a.at.path(), "Entries: there are more than %d for %s %s, which is the most", maxEntries, addressFamilies[f], dir.Bound())
	case n > entriesOfACL.usual:
		c.within(entriesOfACL, ofFamily[f]+" "+dir.Bound(), n, a.at.path)
	}
	slices.SortFunc(l.entries, func(a, b aclEntry) int { return cmp.Compare(a.number, b.number) })
	l.open = len(l.entries) > 0 && l.entries[0].all && l.entries[0].allow
}

// aclService reads an entry's protocol and ports (EC2 API, NetworkAclEntry).
func aclService(e *ec2.NetworkAclEntry) (service, error) {
	proto, err := parseProtocol(e.Protocol)
	if err != nil {
		return service{}, fmt.Errorf("Protocol %w", err)
	}
	s := service{proto: proto}
	switch p, t := e.PortRange, e.IcmpTypeCode; proto {
	case wire.ProtoTCP, wire.ProtoUDP:
		switch {
		case p == nil:
			return s, fmt.Errorf("Protocol %s needs a PortRange; From 0 and To 65535 are all ports", e.Protocol)
		case p.From < 0 || p.To > 65535 || p.From > p.To:
			return s, fmt.Errorf("PortRange: From %d and To %d are no range of ports from 0 to 65535", p.From, p.To)
		}
		s.ports = span{uint32(p.From), uint32(p.To)}
	case wire.ProtoICMP, wire.ProtoICMPv6:
		if t == nil {
			t = &ec2.IcmpTypeCode{Type: -1, Code: -1}
		}
		if s.ports, err = parseICMP(t.Type, t.Code); err != nil {
			return s, fmt.Errorf("IcmpTypeCode: Type %d and Code %d: each is 0 to 255, or -1 for all, and all types go with all codes", t.Type, t.Code)
		}
	}
	return s, nil
}

// guard assigns an ACL to its subnets. An ACL that people wrote as the default one of its
// VPC is for all subnets that have none of their own. An answer lists the subnets of a
// default one, too.
func (c *compiler) guard(a *networkACL, o *object, config *ec2.NetworkAcl) {
	if config.IsDefault && !o.answer {
		if v := c.vpcOf(config.VpcId); v != nil {
			c.assignACL(a, o.spot(), mainOf(v.ID))
		} else {
			c.leftOut(o.spot(), reference{"VpcId", "Vpcs", config.VpcId})
		}
	}
	for i, to := range config.Associations {
		path := ec2.In(o.path(), ec2.At("Associations", i, ""))
		at := o.spot().within(path)
		switch s, _ := c.next.subnets.Get(to.SubnetId); {
		case s == nil:
			if !c.excused(at, Elsewhere, ec2.Shorten(to.SubnetId)) {
				c.unknown(ec2.In(path, "SubnetId"), "Subnets", to.SubnetId)
			}
		case config.VpcId != "" && s.VPC.ID != config.VpcId:
			c.Add(path, "%s is in %s, the network ACL in %s", s.ID, s.VPC.ID, config.VpcId)
		default:
			c.assignACL(a, at, s.ID)
		}
	}
}

// assignACL gives a subnet its ACL, or a VPC its default one. Two answers may assign
// different ones. Nobody can tell which answer is newer, so that the subnet then has an
// ACL without entries, which denies everything.
func (c *compiler) assignACL(a *networkACL, at spot, to string) {
	other, used := c.next.guarded.Get(to)
	a.assigned = append(a.assigned, to)
	switch {
	case !used:
		c.next.guarded.Set(to, a)
	case c.disputed(at, other.at, "is the network ACL of "+strings.TrimPrefix(to, mainOf(""))+", and so is "+other.at.path()+": nothing crosses the subnet's edge"):
		c.next.guarded.Set(to, &networkACL{id: other.id, at: other.at})
	default:
		c.Add(at.path(), "%s already", guardedBy(to, other.id))
	}
}

// guardedBy says who has a network ACL: a subnet, or a VPC as its default one.
func guardedBy(to, acl string) string {
	if vpc, main := strings.CutPrefix(to, mainOf("")); main {
		return vpc + " has the default network ACL " + acl
	}
	return to + " has the network ACL " + acl
}

// markUnlisted marks the subnets that an ACL is for, or was, without naming them: those of
// the VPC that people wrote it as the default one of.
func (c *compiler) markUnlisted(objects ...*object) {
	for _, o := range objects {
		if o == nil || o.answer {
			continue
		}
		if a := o.config.(*ec2.NetworkAcl); a.IsDefault {
			for _, s := range c.namedBy("Subnets", a.VpcId) {
				c.mark(s.kind, s.id())
			}
		}
	}
}

// subnetsWithoutACL notes the subnets whose ACL no answer has. In EC2 each subnet has an
// ACL, which may deny packets that pass here.
func (c *compiler) subnetsWithoutACL() {
	if !c.given("NetworkAcls") {
		return
	}
	for o := range each[ec2.Subnet](c, "Subnets") {
		if s, there := c.next.subnets.Get(o.id()); there && c.next.aclOf(s) == nil {
			c.excused(o.spot(), SubnetWithoutACL, "")
		}
	}
}
