package vpc

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"nitrocard/nic/vpc/ec2"
)

// DHCPOptions are what DHCP tells the instances of a VPC beside their addresses (VPC User Guide,
// "DHCP option sets").
type DHCPOptions struct {
	OwnResolver   bool          // the VPC's own DNS server is the first of the DNS servers, or the only one
	DNS           []netip.Addr  // other DNS servers, of both families
	Domain        string        // "": the region's
	NTP           []netip.Addr  // of both families
	NetBIOS       []netip.Addr  // name servers, IPv4
	NetBIOSNode   uint8         // node type (RFC 2132 section 8.7); 0: none
	PreferredIPv6 time.Duration // preferred lifetime of IPv6 addresses; 0: the default
}

// ownResolver is the name of the VPC's own DNS server among domain-name-servers.
const ownResolver = "AmazonProvidedDNS"

// noDHCPOptions is the DhcpOptionsId of a VPC without DHCP options.
const noDHCPOptions = "default"

// DHCPOptions are those of the ENI's VPC; nil: the VPC has none. A configuration without the set
// that the VPC names counts as one with the region's default set.
func (e *OwnENI) DHCPOptions(r *Region) *DHCPOptions {
	config := found[ec2.Vpc](r, "Vpcs", e.VPC.ID)
	if config == nil || config.DhcpOptionsId == noDHCPOptions {
		return nil
	}
	set := found[ec2.DhcpOptions](r, "DhcpOptions", config.DhcpOptionsId)
	if set == nil {
		return &DHCPOptions{OwnResolver: true}
	}
	o := &DHCPOptions{}
	for _, option := range set.DhcpConfigurations {
		for _, v := range option.Values {
			o.add(option.Key, v.Value)
		}
	}
	return o
}

// add takes in one value of an option, and tells whether it is one.
func (o *DHCPOptions) add(key, value string) (right bool) {
	addr, err := netip.ParseAddr(value)
	number, notNumber := strconv.ParseUint(value, 10, 32)
	switch key {
	case "domain-name-servers":
		if value == ownResolver {
			o.OwnResolver = true
			return true
		}
		o.DNS = append(o.DNS, addr)
		return err == nil && addr.Zone() == ""
	case "ntp-servers":
		o.NTP = append(o.NTP, addr)
		return err == nil && addr.Zone() == ""
	case "netbios-name-servers":
		o.NetBIOS = append(o.NetBIOS, addr)
		return err == nil && addr.Is4()
	case "netbios-node-type":
		o.NetBIOSNode = uint8(number)
		return notNumber == nil && (number == 1 || number == 2 || number == 4 || number == 8)
	case "ipv6-address-preferred-lease-time":
		o.PreferredIPv6 = time.Duration(number) * time.Second
		return notNumber == nil && number >= 140 && number <= 1<<31-1
	case "domain-name":
		o.Domain = value
		return value != "" && len(value) <= 255 && strings.IndexFunc(value, notOfDomain) < 0
	}
	return false
}

// notOfDomain tells whether a character is in no domain name, nor between two of them.
func notOfDomain(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_' || r == ' ')
}

// dhcpOptions checks a set of DHCP options.
func (c *compiler) dhcpOptions(o *object, config *ec2.DhcpOptions) {
	for i, option := range config.DhcpConfigurations {
		path := ec2.In(o.path(), ec2.At("DhcpConfigurations", i, option.Key))
		for _, v := range option.Values {
			if !new(DHCPOptions).add(option.Key, v.Value) {
				c.Add(path, "%s is no value of an option of EC2's, such as domain-name-servers: an address, or %s", ec2.Shorten(v.Value), ownResolver)
			}
		}
	}
}

// namesDHCPOptions checks that a VPC's set of DHCP options is there, if any are.
func (c *compiler) namesDHCPOptions(o *object, id string) {
	if id != "" && id != noDHCPOptions && c.given("DhcpOptions") && !o.answer && c.object("DhcpOptions", id) == nil {
		c.unknown(ec2.In(o.path(), "DhcpOptionsId"), "DhcpOptions", id)
	}
}
