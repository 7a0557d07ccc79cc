package ec2

import (
	"net/netip"

	"nitrocard/nic/wire"
)

// NetworkInterface is one of describe-network-interfaces: an ENI.
type NetworkInterface struct {
	NetworkInterfaceId              string                             `json:",omitzero"`
	VpcId                           string                             `json:",omitzero"`
	SubnetId                        string                             `json:",omitzero"`
	MacAddress                      wire.MAC                           `json:",omitzero"`
	PrivateIpAddress                netip.Addr                         `json:",omitzero"`
	PrivateIpAddresses              []NetworkInterfacePrivateIpAddress `json:",omitzero"`
	Association                     *NetworkInterfaceAssociation       `json:",omitzero"`
	Ipv4Prefixes                    []Ipv4PrefixSpecification          `json:",omitzero"`
	Ipv6Addresses                   []NetworkInterfaceIpv6Address      `json:",omitzero"`
	Ipv6Prefixes                    []Ipv6PrefixSpecification          `json:",omitzero"`
	Groups                          []GroupIdentifier                  `json:",omitzero"`
	SourceDestCheck                 *bool                              `json:",omitzero"` // absent: on
	DenyAllIgwTraffic               bool                               `json:",omitzero"`
	Attachment                      *NetworkInterfaceAttachment        `json:",omitzero"`
	ConnectionTrackingConfiguration *ConnectionTrackingConfiguration   `json:",omitzero"`
	InterfaceType                   string                             `json:",omitzero"`
	Description                     string                             `json:",omitzero"`
	OwnerId                         string                             `json:",omitzero"`
	TagSet                          []Tag                              `json:",omitzero"`
}

// NetworkInterfacePrivateIpAddress is a private address and, maybe, its public one.
type NetworkInterfacePrivateIpAddress struct {
	Primary          bool                         `json:",omitzero"`
	PrivateIpAddress netip.Addr                   `json:",omitzero"`
	Association      *NetworkInterfaceAssociation `json:",omitzero"`
}

// NetworkInterfaceAssociation is the public side of a private address.
type NetworkInterfaceAssociation struct {
	PublicIp        netip.Addr `json:",omitzero"`
	AllocationId    string     `json:",omitzero"` // of an Elastic IP address
	CarrierIp       netip.Addr `json:",omitzero"` // of a Wavelength zone's carrier gateway
	CustomerOwnedIp netip.Addr `json:",omitzero"` // of an Outpost's local gateway
}

// Ipv4PrefixSpecification is a delegated prefix.
type Ipv4PrefixSpecification struct {
	Ipv4Prefix netip.Prefix `json:",omitzero"`
}

// NetworkInterfaceIpv6Address is an IPv6 address of an ENI.
type NetworkInterfaceIpv6Address struct {
	Ipv6Address netip.Addr `json:",omitzero"`
}

// Ipv6PrefixSpecification is a delegated IPv6 prefix.
type Ipv6PrefixSpecification struct {
	Ipv6Prefix netip.Prefix `json:",omitzero"`
}

// GroupIdentifier names a security group of an ENI.
type GroupIdentifier struct {
	GroupId   string `json:",omitzero"`
	GroupName string `json:",omitzero"`
}

// NetworkInterfaceAttachment says whose ENI it is.
type NetworkInterfaceAttachment struct {
	InstanceId       string `json:",omitzero"`
	DeviceIndex      int    `json:",omitzero"`
	NetworkCardIndex int    `json:",omitzero"` // of an instance type with several network cards
	Status           string `json:",omitzero"`
}

// ConnectionTrackingConfiguration holds idle timeouts in seconds; absent ones
// have EC2's defaults.
type ConnectionTrackingConfiguration struct {
	TcpEstablishedTimeout *int `json:",omitzero"`
	UdpTimeout            *int `json:",omitzero"`
	UdpStreamTimeout      *int `json:",omitzero"`
}

// Address is one of describe-addresses: an Elastic IP address.
type Address struct {
	PublicIp           netip.Addr `json:",omitzero"`
	AllocationId       string     `json:",omitzero"`
	NetworkInterfaceId string     `json:",omitzero"`
	PrivateIpAddress   netip.Addr `json:",omitzero"`
	InstanceId         string     `json:",omitzero"`
	CarrierIp          netip.Addr `json:",omitzero"` // in the place of PublicIp
	CustomerOwnedIp    netip.Addr `json:",omitzero"` // beside PublicIp, or in its place
	Domain             string     `json:",omitzero"` // vpc, or standard: EC2-Classic
	Tags               []Tag      `json:",omitzero"`
}
