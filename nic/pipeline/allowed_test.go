package pipeline

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// requireAllowed holds that a rule of the groups of an ENI allows a packet that belongs to no
// connection: a loop over the rules as the configuration has them, with nothing of the card's.
func requireAllowed(x *rig, eni string, frame []byte, d wire.Direction) {
	h, e := header(x, frame), interfaceOf(x.config, eni)
	remote := netip.MustParseAddr(map[wire.Direction]wire.Addr{wire.In: h.Src, wire.Out: h.Dst}[d].String())
	allows := func(r ec2.IpPermission) bool { return covers(r, &h) && names(x.config, r, remote) }
	require.NotEqual(x, wire.LaterFragment, h.Frag, "its ports are not known")
	require.True(x, slices.ContainsFunc(e.Groups, func(g ec2.GroupIdentifier) bool {
		i := slices.IndexFunc(x.config.SecurityGroups, func(s ec2.SecurityGroup) bool { return s.GroupId == g.GroupId })
		s := x.config.SecurityGroups[i]
		return slices.ContainsFunc(map[wire.Direction][]ec2.IpPermission{wire.In: s.IpPermissions, wire.Out: s.IpPermissionsEgress}[d], allows)
	}), "no rule of %s allows it: %+v", eni, h)
}

// interfaceOf is an ENI as the configuration has it.
func interfaceOf(c *vpc.Config, id string) ec2.NetworkInterface {
	return c.NetworkInterfaces[slices.IndexFunc(c.NetworkInterfaces, func(e ec2.NetworkInterface) bool { return e.NetworkInterfaceId == id })]
}

// covers tells whether a rule is for the protocol of a packet, and for its port or type and code.
func covers(r ec2.IpPermission, h *wire.Headers) bool {
	numbers := map[string]uint8{"tcp": wire.ProtoTCP, "udp": wire.ProtoUDP, "icmp": wire.ProtoICMP, "icmpv6": wire.ProtoICMPv6}
	number, named := numbers[r.IpProtocol]
	switch {
	case r.IpProtocol == "-1":
		return true
	case !named:
		return r.IpProtocol == strconv.Itoa(int(h.Proto))
	case number != h.Proto:
		return false
	case number == wire.ProtoTCP || number == wire.ProtoUDP:
		return *r.FromPort <= int(h.DstPort) && int(h.DstPort) <= *r.ToPort
	}
	return (*r.FromPort == -1 || *r.FromPort == int(h.Type)) && (*r.ToPort == -1 || *r.ToPort == int(h.Code))
}

// names tells whether a rule is for an address: of a block, or of an ENI of a group.
func names(c *vpc.Config, r ec2.IpPermission, a netip.Addr) bool {
	return slices.ContainsFunc(r.IpRanges, func(b ec2.IpRange) bool { return b.CidrIp.Contains(a) }) ||
		slices.ContainsFunc(r.Ipv6Ranges, func(b ec2.Ipv6Range) bool { return b.CidrIpv6.Contains(a) }) ||
		slices.ContainsFunc(r.UserIdGroupPairs, func(p ec2.UserIdGroupPair) bool { return isMember(c, p.GroupId, a) })
}

// isMember tells whether an ENI of a group has a private address.
func isMember(c *vpc.Config, group string, a netip.Addr) bool {
	return slices.ContainsFunc(c.NetworkInterfaces, func(e ec2.NetworkInterface) bool {
		return slices.ContainsFunc(e.Groups, func(g ec2.GroupIdentifier) bool { return g.GroupId == group }) &&
			(slices.ContainsFunc(e.PrivateIpAddresses, func(p ec2.NetworkInterfacePrivateIpAddress) bool { return p.PrivateIpAddress == a }) ||
				slices.ContainsFunc(e.Ipv6Addresses, func(p ec2.NetworkInterfaceIpv6Address) bool { return p.Ipv6Address == a }))
	})
}
