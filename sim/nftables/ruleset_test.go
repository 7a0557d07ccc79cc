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
	line("table ip ec2 {}\ndelete table ip ec2\ntable ip ec2 {")
	for _, egress := range []bool{false, true} {
		line("chain acl_%s {\nip protocol %d accept", side(egress), marker)
		for _, e := range c.NetworkAcls[0].Entries {
			if e.Egress == egress {
				line("%s", entryRule(e))
			}
		}
		line("drop\n}")
	}
	line("chain acl { type filter hook prerouting priority raw; policy accept;\niifname \"far\" jump acl_in\niifname \"guest\" jump acl_out\n}")
	line("chain groups { type filter hook forward priority filter; policy drop;\nip protocol %d accept\nct state established,related accept", marker)
	for _, r := range c.SecurityGroups[0].IpPermissions {
		line("iifname \"far\" %s accept", ruleMatch(r, "saddr"))
	}
	for _, r := range c.SecurityGroups[0].IpPermissionsEgress {
		line("iifname \"guest\" %s accept", ruleMatch(r, "daddr"))
	}
	line("}\n}")
	return b.String()
}

// side is the direction at the guest.
func side(egress bool) string { return map[bool]string{false: "in", true: "out"}[egress] }

// entryRule is an entry of an ACL.
func entryRule(e ec2.NetworkAclEntry) string {
	match := peer(map[bool]string{false: "saddr", true: "daddr"}[e.Egress], e.CidrBlock)
	switch {
	case e.PortRange != nil:
		match += between(map[string]string{"6": "tcp", "17": "udp"}[e.Protocol], e.PortRange.From, e.PortRange.To)
	case e.IcmpTypeCode != nil:
		match += icmp(e.IcmpTypeCode.Type, e.IcmpTypeCode.Code)
	case e.Protocol != "-1":
		match += " ip protocol " + e.Protocol
	}
	return match + map[string]string{"allow": " accept", "deny": " drop"}[e.RuleAction]
}

// ruleMatch is what a rule of a group matches.
func ruleMatch(r ec2.IpPermission, end string) string {
	match := peer(end, r.IpRanges[0].CidrIp)
	switch r.IpProtocol {
	case "tcp", "udp":
		return match + between(r.IpProtocol, *r.FromPort, *r.ToPort)
	case "icmp":
		return match + icmp(*r.FromPort, *r.ToPort)
	case "-1":
		return match
	}
	return match + " ip protocol " + r.IpProtocol
}

func peer(end string, block netip.Prefix) string { return fmt.Sprintf("ip %s %s", end, block) }

func between(proto string, from, to int) string {
	return fmt.Sprintf(" %s dport %d-%d", proto, from, to)
}

// icmp matches type and code; -1 is any.
func icmp(kind, code int) string {
	match := " ip protocol icmp"
	if kind >= 0 {
		match += fmt.Sprintf(" icmp type %d", kind)
	}
	if code >= 0 {
		match += fmt.Sprintf(" icmp code %d", code)
	}
	return match
}
