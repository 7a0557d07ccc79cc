package explain

import (
	"fmt"
	"slices"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// allowByACL adds an entry to the network ACL of the ENI's subnet, before the one that denied.
func (f *fall) allowByACL() []Change {
	id := f.hop.ENI.ACL()
	acl := f.base.NetworkACL(id)
	if acl == nil {
		return nil
	}
	denied := f.pass.Looks[len(f.pass.Looks)-1].Entry
	number := f.freeEntry(acl, denied)
	if number == 0 {
		return nil
	}
	proto, from, to, text := f.service()
	block := f.block()
	entry := ec2.NetworkAclEntry{RuleNumber: number, Egress: f.pass.Direction == wire.Out, Protocol: fmt.Sprint(f.pass.Packet.Protocol), RuleAction: "allow"}
	switch {
	case f.pass.Packet.isICMP():
		entry.IcmpTypeCode = &ec2.IcmpTypeCode{Type: *from, Code: *to}
	case from != nil:
		entry.PortRange = &ec2.PortRange{From: *from, To: *to}
	}
	peer := map[bool]string{true: " to ", false: " from "}[entry.Egress]
	if block.Addr().Is4() {
		entry.CidrBlock = block
	} else {
		entry.Ipv6CidrBlock = block
	}
	_ = proto
	next := *acl
	next.Entries = append(slices.Clip(acl.Entries), entry)
	return []Change{{Text: fmt.Sprintf("add to network ACL %s the %s entry %d, before entry %s: allow %s%s%s", id, f.pass.Direction.Bound(), number, vpc.EntryName(denied), text, peer, block),
		Edits: []vpc.Edit{{Kind: "NetworkAcls", ID: id, Object: &next}}}}
}

// freeEntry is a number that no entry of the direction has, before the one that denied; 0 if
// there is none.
func (f *fall) freeEntry(acl *ec2.NetworkAcl, denied uint16) int {
	used, last := map[int]bool{}, 0
	for i := range acl.Entries {
		if e := &acl.Entries[i]; e.Egress == (f.pass.Direction == wire.Out) {
			used[e.RuleNumber] = true
			if e.RuleNumber < vpc.FinalDeny {
				last = max(last, e.RuleNumber)
			}
		}
	}
	if denied >= vpc.FinalDeny && last+100 < vpc.FinalDeny {
		return last + 100 // as people number them
	}
	for n := int(denied) - 1; n > 0; n-- {
		if !used[n] && n < vpc.FinalDeny {
			return n
		}
	}
	return 0
}
