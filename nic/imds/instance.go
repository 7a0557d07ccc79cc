package imds

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// Instance is what the service tells of an instance: its ENIs on this card, in the order of their
// device indexes. What is told of the instance is that of the first, whichever asks.
type Instance struct {
	ENIs   []*vpc.OwnENI
	Region *vpc.Region
}

// ID is the instance's ID; of an ENI that is attached to none, the ENI's.
func (i Instance) ID() string {
	if id := i.ENIs[0].Instance; id != "" {
		return id
	}
	return i.ENIs[0].ID
}

// metadata is the tree under meta-data, as far as the configuration knows it. Its names are
// those of the EC2 User Guide, "Instance metadata categories".
func (i Instance) metadata() tree {
	t, e := tree{}, i.ENIs[0]
	t.put("instance-id", e.Instance)
	t.put("mac", e.MAC.String())
	t.put("local-ipv4", text(e.Primary))
	t.put("public-ipv4", text(e.Public()))
	t.put("local-hostname", hostname(e))
	t.put("hostname", hostname(e))
	t.put("public-hostname", publicName(e))
	t.put("security-groups", groups(e, func(g *vpc.Group) string { return g.Name }))
	t.put("placement/availability-zone", e.Subnet.Zone)
	t.put("placement/availability-zone-id", e.Subnet.ZoneID)
	t.put("placement/region", e.Subnet.Region())
	t.put("services/domain", "amazonaws.com")
	t.put("services/partition", "aws")
	for _, e := range i.ENIs {
		network(t, "network/interfaces/macs/"+e.MAC.String()+"/", e)
	}
	return t
}

// network puts what is told of one ENI under a path.
func network(t tree, at string, e *vpc.OwnENI) {
	put := func(name, text string) { t.put(at+name, text) }
	if n := e.DeviceIndex(); n >= 0 {
		put("device-number", strconv.Itoa(n))
	}
	put("interface-id", e.ID)
	put("mac", e.MAC.String())
	put("local-hostname", hostname(e))
	put("local-ipv4s", addresses(e, func(a vpc.Address) wire.Addr { return v4(a.Private) }))
	put("public-ipv4s", addresses(e, func(a vpc.Address) wire.Addr { return a.Public }))
	put("public-hostname", publicName(e))
	put("ipv6s", addresses(e, func(a vpc.Address) wire.Addr { return v6(a.Private) }))
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

// document is the instance identity document (EC2 User Guide, "Instance identity documents"),
// with null for what the configuration does not know.
func (i Instance) document(started time.Time) string {
	e := i.ENIs[0]
	known := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	b, _ := json.MarshalIndent(map[string]any{
		"accountId": nil, "architecture": nil, "availabilityZone": known(e.Subnet.Zone), "billingProducts": nil,
		"devpayProductCodes": nil, "marketplaceProductCodes": nil, "imageId": nil, "instanceId": known(e.Instance), "instanceType": nil,
		"kernelId": nil, "pendingTime": started.UTC().Format(time.RFC3339), "privateIp": known(text(e.Primary)),
		"ramdiskId": nil, "region": known(e.Subnet.Region()), "version": "2017-09-30",
	}, "", "  ")
	return string(b)
}

// hostname is the private name of an ENI's primary address.
func hostname(e *vpc.OwnENI) string {
	if e.Primary.IsZero() {
		return ""
	}
	return vpc.IPName(e.Primary) + "." + e.Subnet.InternalDomain()
}

// publicName is the name of an ENI's public address.
func publicName(e *vpc.OwnENI) string {
	if e.Public().IsZero() {
		return ""
	}
	return "ec2-" + strings.ReplaceAll(e.Public().String(), ".", "-") + "." + e.Subnet.PublicDomain()
}

func groups(e *vpc.OwnENI, of func(*vpc.Group) string) string {
	var all []string
	for _, g := range e.Groups {
		all = append(all, of(g))
	}
	return strings.Join(all, "\n")
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
