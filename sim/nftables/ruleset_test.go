package nftables

import (
	"fmt"
	"net/netip"
	"strings"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// marker is the protocol of packets that pass whatever the rules are, so that all before them
// have been judged (RFC 3692's first number for experiments).
const marker = 253

// ruleset are the rules of sg-a and acl-a, as `nft -f -` reads them.
func ruleset(c *vpc.Config) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("table inet ec2 {}\ndelete table inet ec2\ntable inet ec2 {")
	for _, egress := range []bool{false, true} {
		line("chain acl_%s {\nmeta l4proto %d accept", side(egress), marker)
		for _, e := range c.NetworkAcls[0].Entries {
			if e.Egress == egress {
				line("%s", entryRule(e))
			}
		}
		line("drop\n}")
	}
	line("chain acl { type filter hook prerouting priority raw; policy accept;\niifname \"far\" jump acl_in\niifname \"guest\" jump acl_out\n}")
	line("chain groups { type filter hook forward priority filter; policy drop;\nmeta l4proto %d accept\nct state established,related accept", marker)
	for _, r := range c.SecurityGroups[0].IpPermissions {
		for _, block := range blocksOf(r) {
			line("iifname \"far\" %s accept", ruleMatch(r, "saddr", block))
		}
	}
	for _, r := range c.SecurityGroups[0].IpPermissionsEgress {
		for _, block := range blocksOf(r) {
			line("iifname \"guest\" %s accept", ruleMatch(r, "daddr", block))
		}
	}
	line("}\n}")
	return b.String()
}

// side is the direction at the guest.
func side(egress bool) string { return map[bool]string{false: "in", true: "out"}[egress] }

// entryRule is an entry of an ACL.
func entryRule(e ec2.NetworkAclEntry) string {
	block := e.CidrBlock
	if e.Ipv6CidrBlock.IsValid() {
		block = e.Ipv6CidrBlock
	}
	match := peer(map[bool]string{false: "saddr", true: "daddr"}[e.Egress], block)
	switch {
	case e.PortRange != nil:
		match += between(map[string]string{"6": "tcp", "17": "udp"}[e.Protocol], e.PortRange.From, e.PortRange.To)
	case e.IcmpTypeCode != nil:
		match += icmp(block, e.IcmpTypeCode.Type, e.IcmpTypeCode.Code)
	case e.Protocol != "-1":
		match += " meta l4proto " + e.Protocol
	}
	return match + map[string]string{"allow": " accept", "deny": " drop"}[e.RuleAction]
}

// blocksOf are a rule's blocks of both families.
func blocksOf(r ec2.IpPermission) (all []netip.Prefix) {
	for _, x := range r.IpRanges {
		all = append(all, x.CidrIp)
	}
	for _, x := range r.Ipv6Ranges {
		all = append(all, x.CidrIpv6)
	}
	return all
}

// ruleMatch is what a rule of a group matches for one of its blocks.
func ruleMatch(r ec2.IpPermission, end string, block netip.Prefix) string {
	match := peer(end, block)
	switch r.IpProtocol {
	case "tcp", "udp":
		return match + between(r.IpProtocol, *r.FromPort, *r.ToPort)
	case "icmp", "icmpv6":
		return match + icmp(block, *r.FromPort, *r.ToPort)
	case "-1":
		return match
	}
	return match + " meta l4proto " + r.IpProtocol
}

func peer(end string, block netip.Prefix) string {
	if block.Addr().Is6() {
		return fmt.Sprintf("ip6 %s %s", end, block)
	}
	return fmt.Sprintf("ip %s %s", end, block)
}

func between(proto string, from, to int) string {
	return fmt.Sprintf(" %s dport %d-%d", proto, from, to)
}

// icmp matches type and code of a block's ICMP; -1 is any.
func icmp(block netip.Prefix, kind, code int) string {
	name := "icmp"
	if block.Addr().Is6() {
		name = "icmpv6"
	}
	match := " meta l4proto " + name
	if kind >= 0 {
		match += fmt.Sprintf(" %s type %d", name, kind)
	}
	if code >= 0 {
		match += fmt.Sprintf(" %s code %d", name, code)
	}
	return match
}
