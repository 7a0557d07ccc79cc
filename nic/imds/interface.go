package imds

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// network puts what is told of one ENI under a path.
func (i Instance) network(t tree, at string, e *vpc.OwnENI) {
	put := func(name, text string) { t.put(at+name, text) }
	if n := e.DeviceIndex(); n >= 0 {
		put("device-number", strconv.Itoa(n))
	}
	if i.hasCards() {
		put("network-card", strconv.Itoa(e.NetworkCardIndex()))
	}
	put("interface-id", e.ID)
	put("owner-id", e.Account())
	put("mac", e.MAC.String())
	put("local-hostname", i.Region.Hostname(e))
	put("local-ipv4s", addresses(e, func(a vpc.Address) wire.Addr { return v4(a.Private) }))
	put("public-ipv4s", addresses(e, func(a vpc.Address) wire.Addr { return a.Public }))
	put("public-hostname", i.publicName(e))
	put("ipv6s", addresses(e, func(a vpc.Address) wire.Addr { return v6(a.Private) }))
	put("ipv4-prefix", prefixes(e, true))
	put("ipv6-prefix", prefixes(e, false))
	for _, a := range e.Addrs() {
		if !a.Public.IsZero() {
			put("ipv4-associations/"+text(a.Public), text(a.Private))
		}
	}
	put("security-groups", groups(e, func(g *vpc.Group) string { return g.Name }))
	put("security-group-ids", groups(e, func(g *vpc.Group) string { return g.ID }))
	put("subnet-id", e.Subnet.ID)
	put("subnet-ipv4-cidr-block", prefix(e.Subnet.Prefix))
	put("subnet-ipv6-cidr-blocks", prefix(e.Subnet.Prefix6))
	put("vpc-id", e.VPC.ID)
	four, six := blocks(e, true), blocks(e, false)
	if len(four) > 0 {
		put("vpc-ipv4-cidr-block", four[0])
	}
	put("vpc-ipv4-cidr-blocks", strings.Join(four, "\n"))
	put("vpc-ipv6-cidr-blocks", strings.Join(six, "\n"))
}

// hasCards tells whether an ENI of the instance is at a second network card: EC2 tells no card of an instance with
// one alone.
func (i Instance) hasCards() bool {
	return slices.ContainsFunc(i.ENIs, func(e *vpc.OwnENI) bool { return e.NetworkCardIndex() > 0 })
}

// publicName is the name of an ENI's public address, which has none if the VPC's attributes say so.
func (i Instance) publicName(e *vpc.OwnENI) string {
	if e.Public().IsZero() || e.NameService(i.Region).Nameless {
		return ""
	}
	return "ec2-" + strings.ReplaceAll(e.Public().String(), ".", "-") + "." + e.Subnet.PublicDomain()
}

func addresses(e *vpc.OwnENI, of func(vpc.Address) wire.Addr) string {
	var all []string
	for _, a := range e.Addrs() {
		if a := of(a); !a.IsZero() {
			all = append(all, a.String())
		}
	}
	return strings.Join(all, "\n")
}

func blocks(e *vpc.OwnENI, four bool) (all []string) {
	for _, b := range e.Blocks() {
		if b.Addr().Is4() == four {
			all = append(all, b.String())
		}
	}
	return slices.Clip(all)
}

// prefixes are the prefixes of a family that are delegated to an ENI, one a line.
func prefixes(e *vpc.OwnENI, four bool) string {
	var all []string
	for _, p := range e.Prefixes() {
		if p.Addr().Is4() == four {
			all = append(all, p.String())
		}
	}
	return strings.Join(all, "\n")
}

// first6 is an ENI's first IPv6 address; zero: it has none.
func first6(e *vpc.OwnENI) (first wire.Addr) {
	for _, a := range e.Addrs() {
		if a := v6(a.Private); first.IsZero() {
			first = a
		}
	}
	return first
}

func text(a wire.Addr) string {
	if a.IsZero() {
		return ""
	}
	return a.String()
}

func prefix(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return p.String()
}

func v4(a wire.Addr) wire.Addr {
	if a.Is4() {
		return a
	}
	return wire.Addr{}
}

func v6(a wire.Addr) wire.Addr {
	if a.Is4() {
		return wire.Addr{}
	}
	return a
}
