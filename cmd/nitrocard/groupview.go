package main

import (
	"fmt"
	"io"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

func groupTable(w io.Writer, groups []ec2.SecurityGroup) error {
	t := newTable(w, "SECURITY GROUP", "NAME", "VPC", "INBOUND", "OUTBOUND", "DESCRIPTION")
	for _, g := range groups {
		t.row(g.GroupId, g.GroupName, g.VpcId, plural(len(g.IpPermissions), "rule"), plural(len(g.IpPermissionsEgress), "rule"), g.Description)
	}
	return t.flush()
}

// ruleTable shows what each group allows, one line for each peer.
func ruleTable(w io.Writer, groups []ec2.SecurityGroup) error {
	t := newTable(w, "SECURITY GROUP", "DIRECTION", "PROTOCOL", "PORTS", "PEER", "DESCRIPTION")
	for _, g := range groups {
		for _, p := range g.IpPermissions {
			ruleRows(t, g.GroupId, "inbound", &p)
		}
		for _, p := range g.IpPermissionsEgress {
			ruleRows(t, g.GroupId, "outbound", &p)
		}
	}
	return t.flush()
}

func ruleRows(t table, group, direction string, p *ec2.IpPermission) {
	row := func(peer, description string) {
		t.row(group, direction, protocol(p), ports(p), peer, description)
	}
	for _, r := range p.IpRanges {
		row(r.CidrIp.String(), r.Description)
	}
	for _, r := range p.Ipv6Ranges {
		row(r.CidrIpv6.String(), r.Description)
	}
	for _, l := range p.PrefixListIds {
		row(l.PrefixListId, l.Description)
	}
	for _, g := range p.UserIdGroupPairs {
		row(g.GroupId, g.Description)
	}
}

func protocol(p *ec2.IpPermission) string {
	if p.IpProtocol == "-1" {
		return "all"
	}
	return p.IpProtocol
}

// ports are a permission's; of ICMP, type and code.
func ports(p *ec2.IpPermission) string {
	switch {
	case p.FromPort == nil || p.ToPort == nil || *p.FromPort == -1:
		return "all"
	case strings.HasPrefix(p.IpProtocol, "icmp") && *p.ToPort == -1:
		return fmt.Sprintf("type %d", *p.FromPort)
	case strings.HasPrefix(p.IpProtocol, "icmp"):
		return fmt.Sprintf("type %d code %d", *p.FromPort, *p.ToPort)
	case *p.FromPort == *p.ToPort:
		return fmt.Sprint(*p.FromPort)
	}
	return fmt.Sprintf("%d-%d", *p.FromPort, *p.ToPort)
}
