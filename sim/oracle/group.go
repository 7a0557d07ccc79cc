package oracle

import (
	"net/netip"
	"strconv"

	"nitrocard/nic/vpc/ec2"
)

// Direction is the one of a packet at an ENI.
type Direction int

// Out is from the guest, In is to it.
const (
	Out Direction = iota
	In
)

// remote is the end of a packet that is not the ENI's.
func (d Direction) remote(p Packet) netip.Addr {
	if d == In {
		return p.Src
	}
	return p.Dst
}

// local is the ENI's end of a packet.
func (d Direction) local(p Packet) netip.Addr { return (1 - d).remote(p) }

// permissions are the rules of one direction of all groups of an ENI: "Allow rules only.
// All rules of all attached groups are one union. Evaluate all, no order."
func (w *World) permissions(e *ec2.NetworkInterface, d Direction) (all []ec2.IpPermission) {
	for _, of := range e.Groups {
		for _, g := range w.Config.SecurityGroups {
			switch {
			case g.GroupId != of.GroupId || !w.inForce(g.GroupId, w.VPC(e)):
			case d == In:
				all = append(all, g.IpPermissions...)
			default:
				all = append(all, g.IpPermissionsEgress...)
			}
		}
	}
	return all
}

// allowed tells whether a rule of an ENI's groups allows a packet.
func (w *World) allowed(e *ec2.NetworkInterface, d Direction, p Packet) bool {
	for _, rule := range w.permissions(e, d) {
		if permitsTraffic(rule, p) && w.permitsPeer(e, rule, d.remote(p)) {
			return true
		}
	}
	return false
}

// allowedByAddress tells whether a rule that names addresses, and no group, allows a packet.
func (w *World) allowedByAddress(e *ec2.NetworkInterface, d Direction, p Packet) bool {
	for _, rule := range w.permissions(e, d) {
		rule.UserIdGroupPairs = nil
		if permitsTraffic(rule, p) && w.permitsPeer(e, rule, d.remote(p)) {
			return true
		}
	}
	return false
}

// allowedStraight tells whether a rule allows a flow's first packet, also if it takes a middlebox on its way, where
// routes lead to one: through it, "reference to a group does not work".
func (w *World) allowedStraight(e *ec2.NetworkInterface, began Direction, f flow) bool {
	p := f.packet(began)
	for _, vpc := range append(w.peersOf(w.VPC(e)), w.VPC(e)) {
		from := e
		if began == In {
			from = w.Owner(vpc, f.remote)
		}
		if from != nil && w.isDetour(from, p) {
			return w.allowedByAddress(e, began, p)
		}
	}
	return w.allowed(e, began, p)
}

// permitsTraffic tells whether a rule's protocol and ports are a packet's.
func permitsTraffic(rule ec2.IpPermission, p Packet) bool {
	// "Protocol -1 = all."
	if rule.IpProtocol == "-1" {
		return true
	}
	if protocolNumber(rule.IpProtocol) != int(p.Proto) {
		return false
	}
	switch p.Proto {
	case TCP, UDP:
		return rule.FromPort == nil || *rule.FromPort == -1 ||
			*rule.FromPort <= int(p.DstPort) && int(p.DstPort) <= *rule.ToPort
	case ICMP, ICMPv6:
		// "ICMP: FromPort=type, ToPort=code, -1 = all."
		return anyOr(rule.FromPort, p.Type) && anyOr(rule.ToPort, p.Code)
	}
	// "Protocol number other than tcp/udp/icmp/icmpv6 → all ports, port range ignored."
	return true
}

// anyOr tells whether a bound of a rule is absent, any, or a number.
func anyOr(bound *int, is uint8) bool { return bound == nil || *bound == -1 || *bound == int(is) }

// protocolNumber is that of a rule's protocol, by name or number; -1 if it has none.
func protocolNumber(name string) int {
	switch name {
	case "tcp":
		return TCP
	case "udp":
		return UDP
	case "icmp":
		return ICMP
	case "icmpv6":
		return ICMPv6
	}
	n, err := strconv.Atoi(name)
	if err != nil {
		return -1
	}
	return n
}

// permitsPeer tells whether an address is among a rule's: "Source/destination = CIDR v4,
// CIDR v6, prefix list, or SG id."
func (w *World) permitsPeer(e *ec2.NetworkInterface, rule ec2.IpPermission, remote netip.Addr) bool {
	for _, r := range rule.IpRanges {
		if r.CidrIp.Contains(remote) {
			return true
		}
	}
	for _, r := range rule.Ipv6Ranges {
		if r.CidrIpv6.Contains(remote) {
			return true
		}
	}
	for _, r := range rule.PrefixListIds {
		if w.listed(r.PrefixListId, remote) {
			return true
		}
	}
	for _, r := range rule.UserIdGroupPairs {
		if w.isMember(e, r.GroupId, remote) {
			return true
		}
	}
	return false
}

// isMember tells whether an address is that of a group's member: "SG reference matches
// private IPs of ENIs in that group; none of its rules are imported. Inbound: groups of the
// same VPC …, active same-region peering …; outbound: the same."
func (w *World) isMember(e *ec2.NetworkInterface, group string, a netip.Addr) bool {
	for _, vpc := range append(w.peersOf(w.VPC(e)), w.VPC(e)) {
		member := w.Owner(vpc, a)
		if member == nil {
			continue
		}
		for _, g := range member.Groups {
			if g.GroupId == group && w.inForce(group, vpc) {
				return true
			}
		}
	}
	return false
}
