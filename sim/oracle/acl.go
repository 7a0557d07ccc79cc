package oracle

import (
	"slices"
	"strconv"

	"nitrocard/nic/vpc/ec2"
)

// aclAllows tells whether the network ACL of a subnet lets a packet into the subnet, or
// out of it. "Stateless; checked when entering and leaving the subnet, not within it."
func (w *World) aclAllows(subnet *ec2.Subnet, d Direction, p Packet) bool {
	acl := w.aclOf(subnet)
	if acl == nil {
		return true // the configuration tells no ACLs
	}
	// "Rules 1–32766 ascending, first match wins."
	entries := slices.Clone(acl.Entries)
	slices.SortStableFunc(entries, func(a, b ec2.NetworkAclEntry) int { return a.RuleNumber - b.RuleNumber })
	for _, entry := range entries {
		if entry.Egress == (d == Out) && entryMatches(entry, d, p) {
			return entry.RuleAction == "allow"
		}
	}
	return false // "Final * deny, not removable."
}

// aclOf is the ACL of a subnet: "Per subnet, exactly one", and a subnet that no ACL names
// has the default ACL of its VPC. Nil if the configuration tells none of that VPC.
func (w *World) aclOf(subnet *ec2.Subnet) (found *ec2.NetworkAcl) {
	for i := range w.Config.NetworkAcls {
		acl := &w.Config.NetworkAcls[i]
		for _, a := range acl.Associations {
			if a.SubnetId == subnet.SubnetId {
				return acl
			}
		}
		if acl.IsDefault && acl.VpcId == subnet.VpcId {
			found = acl
		}
	}
	return found
}

// entryMatches tells whether an entry is about a packet: protocol, the remote side's
// address, the destination port of TCP and UDP, type and code of ICMP.
func entryMatches(entry ec2.NetworkAclEntry, d Direction, p Packet) bool {
	// "v4 and v6 separate": an entry has a block of one of the families.
	if remote := d.remote(p); !entry.CidrBlock.Contains(remote) && !entry.Ipv6CidrBlock.Contains(remote) {
		return false
	}
	if entry.Protocol == "-1" {
		return true
	}
	if entry.Protocol != strconv.Itoa(int(p.Proto)) {
		return false
	}
	switch {
	case (p.Proto == TCP || p.Proto == UDP) && entry.PortRange != nil:
		return entry.PortRange.From <= int(p.DstPort) && int(p.DstPort) <= entry.PortRange.To
	case p.IsICMP() && entry.IcmpTypeCode != nil:
		return anyOr(&entry.IcmpTypeCode.Type, p.Type) && anyOr(&entry.IcmpTypeCode.Code, p.Code)
	}
	return true
}
