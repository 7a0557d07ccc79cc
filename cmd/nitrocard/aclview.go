package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

func aclTable(w io.Writer, acls []ec2.NetworkAcl) error {
	t := newTable(w, "NETWORK ACL", "VPC", "SUBNETS", "DEFAULT", "INBOUND", "OUTBOUND")
	for _, a := range acls {
		subnets, isDefault, entries := []string{}, "no", [2]int{}
		for _, s := range a.Associations {
			subnets = append(subnets, s.SubnetId)
		}
		if a.IsDefault {
			isDefault = "yes"
		}
		for _, e := range a.Entries {
			entries[wire.DirectionOf(e.Egress)]++
		}
		t.row(a.NetworkAclId, a.VpcId, strings.Join(subnets, ","), isDefault, entryCount(entries[wire.In]), entryCount(entries[wire.Out]))
	}
	return t.flush()
}

func entryCount(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

// entryTable shows the entries of each ACL in the order in which they are asked.
func entryTable(w io.Writer, acls []ec2.NetworkAcl) error {
	t := newTable(w, "NETWORK ACL", "DIRECTION", "NUMBER", "ACTION", "PROTOCOL", "PORTS", "PEER")
	for _, a := range acls {
		slices.SortStableFunc(a.Entries, func(x, y ec2.NetworkAclEntry) int {
			return cmp.Or(cmp.Compare(wire.DirectionOf(x.Egress), wire.DirectionOf(y.Egress)), cmp.Compare(x.RuleNumber, y.RuleNumber))
		})
		for _, e := range a.Entries {
			peer := e.Ipv6CidrBlock.String()
			if e.CidrBlock.IsValid() {
				peer = e.CidrBlock.String()
			}
			protocol, ports := entryService(&e)
			t.row(a.NetworkAclId, wire.DirectionOf(e.Egress).Bound(), e.RuleNumber, e.RuleAction, protocol, ports, peer)
		}
	}
	return t.flush()
}

// entryService is the protocol of an entry, and the ports or the ICMP type and code.
func entryService(e *ec2.NetworkAclEntry) (string, string) {
	p := ec2.IpPermission{IpProtocol: e.Protocol}
	switch e.Protocol {
	case "6":
		p.IpProtocol = "tcp"
	case "17":
		p.IpProtocol = "udp"
	case "1":
		p.IpProtocol = "icmp"
	case "58":
		p.IpProtocol = "icmpv6"
	}
	switch {
	case e.PortRange != nil && (e.PortRange.From != 0 || e.PortRange.To != 65535):
		p.FromPort, p.ToPort = &e.PortRange.From, &e.PortRange.To
	case e.IcmpTypeCode != nil:
		p.FromPort, p.ToPort = &e.IcmpTypeCode.Type, &e.IcmpTypeCode.Code
	}
	return protocol(&p), ports(&p)
}
