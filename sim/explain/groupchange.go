package explain

import (
	"fmt"
	"slices"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// allowByGroup adds a rule to the ENI's first group.
func (f *fall) allowByGroup() []Change {
	if len(f.hop.ENI.Groups) == 0 {
		return nil
	}
	id := f.hop.ENI.Groups[0].ID
	group := f.base.SecurityGroup(id)
	if group == nil {
		return nil
	}
	next, block := *group, f.block()
	proto, from, to, text := f.service()
	rule := ec2.IpPermission{IpProtocol: proto, FromPort: from, ToPort: to}
	if block.Addr().Is4() {
		rule.IpRanges = []ec2.IpRange{{CidrIp: block}}
	} else {
		rule.Ipv6Ranges = []ec2.Ipv6Range{{CidrIpv6: block}}
	}
	list, peer := &next.IpPermissions, " from "
	if f.pass.Direction == wire.Out {
		list, peer = &next.IpPermissionsEgress, " to "
	}
	*list = append(slices.Clip(*list), rule)
	return []Change{{Text: fmt.Sprintf("add to security group %s the %s rule: %s%s%s", id, f.pass.Direction.Bound(), text, peer, block),
		Edits: []vpc.Edit{{Kind: "SecurityGroups", ID: id, Object: &next}}}}
}
