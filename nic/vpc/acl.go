package vpc

import (
	"cmp"
	"fmt"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// lastEntry is the number of the final deny that each ACL has for IPv4; the final deny
// for IPv6 has the next number.
const lastEntry = 32767

// aclNotices notes each ACL entry that denies something. An ACL asks no entry after one
// that allows all, so a default ACL gives no notice.
func (c *compiler) aclNotices() {
	c.subnetsWithoutACL()
	for o, acl := range each[ec2.NetworkAcl](c, "NetworkAcls") {
		// An answer lists the subnets of a default ACL, too; without subnets it denies nothing.
		if len(acl.Associations) == 0 && (o.answer || !acl.IsDefault) {
			continue
		}
		for _, egress := range []aclSide{false, true} {
			c.aclNotice(o.path(), acl, egress)
		}
	}
}

// subnetsWithoutACL notes the subnets whose ACL no answer has. In EC2 each subnet has an
// ACL, which may deny packets that this card passes.
func (c *compiler) subnetsWithoutACL() {
	if !c.given("NetworkAcls") {
		return
	}
	for o := range each[ec2.Subnet](c, "Subnets") {
		if _, there := c.next.subnets.Get(o.id()); there && len(c.namedBy("NetworkAcls", o.id())) == 0 {
			c.excused(o.spot(), SubnetWithoutACL, "")
		}
	}
}

// aclSide is one direction of an ACL: true is egress, as in EC2.
type aclSide bool

// has tells whether an entry is of this side and for IPv4. The card carries no IPv6 that
// an ACL could deny.
func (s aclSide) has(e *ec2.NetworkAclEntry) bool {
	return e.Egress == bool(s) && e.Ipv6CidrBlock == ""
}

// aclNotice walks the entries of one direction by number, as EC2 does, until an
// entry allows all.
func (c *compiler) aclNotice(path string, acl *ec2.NetworkAcl, side aclSide) {
	var order []int
	for i := range acl.Entries {
		if side.has(&acl.Entries[i]) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(acl.Entries[a].RuleNumber, acl.Entries[b].RuleNumber) })
	for _, i := range order {
		e := &acl.Entries[i]
		at := ec2.In(path, ec2.At("Entries", i, ""))
		switch {
		case e.RuleNumber >= lastEntry:
			c.notice(ACLDenies, at, "what no entry allows "+side.String())
			return
		case e.RuleAction == "deny":
			c.notice(ACLDenies, at, aclText(e))
		case allowsAll(e):
			return
		}
	}
	c.notice(ACLDenies, path, "what no entry allows "+side.String())
}

// String is the direction.
func (s aclSide) String() string {
	if s {
		return "outbound"
	}
	return "inbound"
}

// allowsAll tells whether an entry allows every packet of IPv4.
func allowsAll(e *ec2.NetworkAclEntry) bool {
	everywhere := e.CidrBlock.IsValid() && e.CidrBlock.Bits() == 0
	return e.RuleAction == "allow" && e.Protocol == "-1" && everywhere
}

// aclText is an entry as people write it: "tcp 22 from 0.0.0.0/0".
func aclText(e *ec2.NetworkAclEntry) string {
	perm := ec2.IpPermission{IpProtocol: e.Protocol}
	if e.PortRange != nil {
		perm.FromPort, perm.ToPort = &e.PortRange.From, &e.PortRange.To
	}
	if e.IcmpTypeCode != nil {
		perm.FromPort, perm.ToPort = &e.IcmpTypeCode.Type, &e.IcmpTypeCode.Code
	}
	what := "protocol " + ec2.Shorten(e.Protocol)
	if s, err := parseService(&perm); err == nil {
		what = s.String()
	}
	side := " from "
	if e.Egress {
		side = " to "
	}
	return what + side + fmt.Sprint(e.CidrBlock)
}
