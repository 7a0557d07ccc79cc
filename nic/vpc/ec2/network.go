package ec2

import "net/netip"

// Vpc is one of describe-vpcs.
type Vpc struct {
	VpcId                       string                        `json:",omitzero"`
	CidrBlock                   netip.Prefix                  `json:",omitzero"`
	CidrBlockAssociationSet     []VpcCidrBlockAssociation     `json:",omitzero"`
	Ipv6CidrBlockAssociationSet []VpcIpv6CidrBlockAssociation `json:",omitzero"`
	BlockPublicAccessStates     BlockPublicAccessStates       `json:",omitzero"`
	DhcpOptionsId               string                        `json:",omitzero"` // "default": none
	OwnerId                     string                        `json:",omitzero"`
	Tags                        []Tag                         `json:",omitzero"`
}

// VpcAttribute is an answer of describe-vpc-attribute, which tells one attribute.
type VpcAttribute struct {
	VpcId              string                 `json:",omitzero"`
	EnableDnsSupport   *AttributeBooleanValue `json:",omitzero"` // absent: true
	EnableDnsHostnames *AttributeBooleanValue `json:",omitzero"` // absent: true here, because EC2 always tells it
}

// AttributeBooleanValue is the value of an attribute.
type AttributeBooleanValue struct {
	Value bool // false is told, too
}

// DhcpOptions is one of describe-dhcp-options: what DHCP tells the instances of VPCs.
type DhcpOptions struct {
	DhcpOptionsId      string              `json:",omitzero"`
	DhcpConfigurations []DhcpConfiguration `json:",omitzero"`
	OwnerId            string              `json:",omitzero"`
	Tags               []Tag               `json:",omitzero"`
}

// DhcpConfiguration is one option, such as domain-name-servers, with its values.
type DhcpConfiguration struct {
	Key    string           `json:",omitzero"`
	Values []AttributeValue `json:",omitzero"`
}

// AttributeValue is a value of an option.
type AttributeValue struct {
	Value string `json:",omitzero"`
}

// BlockPublicAccessStates tell what Block Public Access does in a VPC or subnet.
type BlockPublicAccessStates struct {
	InternetGatewayBlockMode string `json:",omitzero"` // off, block-bidirectional, block-ingress
}

// VpcBlockPublicAccessOptions are those of one account and region
// (describe-vpc-block-public-access-options).
type VpcBlockPublicAccessOptions struct {
	AwsRegion                string `json:",omitzero"`
	AwsAccountId             string `json:",omitzero"`
	State                    string `json:",omitzero"`
	InternetGatewayBlockMode string `json:",omitzero"` // off, block-bidirectional, block-ingress
}

// VpcCidrBlockAssociation is one IPv4 block of a VPC.
type VpcCidrBlockAssociation struct {
	CidrBlock      netip.Prefix      `json:",omitzero"`
	CidrBlockState VpcCidrBlockState `json:",omitzero"`
}

// VpcCidrBlockState: a block counts while it is "associated".
type VpcCidrBlockState struct {
	State string `json:",omitzero"`
}

// VpcIpv6CidrBlockAssociation is one IPv6 block of a VPC.
type VpcIpv6CidrBlockAssociation struct {
	Ipv6CidrBlock      netip.Prefix      `json:",omitzero"`
	Ipv6CidrBlockState VpcCidrBlockState `json:",omitzero"`
}

// Subnet is one of describe-subnets.
type Subnet struct {
	SubnetId                      string                           `json:",omitzero"`
	VpcId                         string                           `json:",omitzero"`
	CidrBlock                     netip.Prefix                     `json:",omitzero"`
	Ipv6CidrBlockAssociationSet   []SubnetIpv6CidrBlockAssociation `json:",omitzero"`
	BlockPublicAccessStates       BlockPublicAccessStates          `json:",omitzero"`
	AvailabilityZone              string                           `json:",omitzero"`
	AvailabilityZoneId            string                           `json:",omitzero"`
	EnableDns64                   bool                             `json:",omitzero"`
	PrivateDnsNameOptionsOnLaunch *PrivateDnsNameOptionsOnLaunch   `json:",omitzero"` // of instances that do not tell their own
	Tags                          []Tag                            `json:",omitzero"`
}

// SubnetIpv6CidrBlockAssociation is one IPv6 block of a subnet.
type SubnetIpv6CidrBlockAssociation struct {
	Ipv6CidrBlock      netip.Prefix         `json:",omitzero"`
	Ipv6CidrBlockState SubnetCidrBlockState `json:",omitzero"`
}

// SubnetCidrBlockState: a block counts while it is "associated".
type SubnetCidrBlockState struct {
	State string `json:",omitzero"`
}

// RouteTable is one of describe-route-tables.
type RouteTable struct {
	RouteTableId string                  `json:",omitzero"`
	VpcId        string                  `json:",omitzero"`
	Associations []RouteTableAssociation `json:",omitzero"`
	Routes       []Route                 `json:",omitzero"`
	Tags         []Tag                   `json:",omitzero"`
}

// RouteTableAssociation ties a table to a subnet, to a gateway, or to all
// subnets that have no other (Main).
type RouteTableAssociation struct {
	Main             bool                        `json:",omitzero"`
	SubnetId         string                      `json:",omitzero"`
	GatewayId        string                      `json:",omitzero"`
	PublicIpv4Pool   string                      `json:",omitzero"` // of one's own addresses, beside the association with an internet gateway
	AssociationState *RouteTableAssociationState `json:",omitzero"`
}

// RouteTableAssociationState: an association counts unless it is "disassociated" or "failed".
type RouteTableAssociationState struct {
	State string `json:",omitzero"`
}

// Route is one line of a route table: a destination and one target.
type Route struct {
	DestinationCidrBlock        netip.Prefix `json:",omitzero"`
	DestinationIpv6CidrBlock    netip.Prefix `json:",omitzero"`
	DestinationPrefixListId     string       `json:",omitzero"`
	GatewayId                   string       `json:",omitzero"` // "local", igw-, vgw- or vpce-
	NatGatewayId                string       `json:",omitzero"`
	TransitGatewayId            string       `json:",omitzero"`
	VpcPeeringConnectionId      string       `json:",omitzero"`
	NetworkInterfaceId          string       `json:",omitzero"`
	InstanceId                  string       `json:",omitzero"`
	EgressOnlyInternetGatewayId string       `json:",omitzero"`
	LocalGatewayId              string       `json:",omitzero"`
	CarrierGatewayId            string       `json:",omitzero"`
	CoreNetworkArn              string       `json:",omitzero"`
	OdbNetworkArn               string       `json:",omitzero"`
	IpAddress                   string       `json:",omitzero"`
	Origin                      string       `json:",omitzero"` // CreateRouteTable, CreateRoute, EnableVgwRoutePropagation
	State                       string       `json:",omitzero"` // active, blackhole, filtered
}

// NetworkAcl is one of describe-network-acls.
type NetworkAcl struct {
	NetworkAclId string                  `json:",omitzero"`
	VpcId        string                  `json:",omitzero"`
	IsDefault    bool                    `json:",omitzero"`
	Associations []NetworkAclAssociation `json:",omitzero"`
	Entries      []NetworkAclEntry       `json:",omitzero"`
	Tags         []Tag                   `json:",omitzero"`
}

// NetworkAclAssociation ties an ACL to a subnet.
type NetworkAclAssociation struct {
	SubnetId string `json:",omitzero"`
}

// NetworkAclEntry is one rule of a network ACL, of either direction.
type NetworkAclEntry struct {
	RuleNumber    int           `json:",omitzero"`
	Egress        bool          `json:",omitzero"`
	Protocol      string        `json:",omitzero"` // a number, "-1" for all
	RuleAction    string        `json:",omitzero"` // allow, deny
	CidrBlock     netip.Prefix  `json:",omitzero"`
	Ipv6CidrBlock netip.Prefix  `json:",omitzero"`
	PortRange     *PortRange    `json:",omitzero"`
	IcmpTypeCode  *IcmpTypeCode `json:",omitzero"`
}

// PortRange is inclusive.
type PortRange struct {
	From, To int
}

// IcmpTypeCode names ICMP messages; -1 is any.
type IcmpTypeCode struct {
	Type, Code int
}

// InternetGateway is one of describe-internet-gateways.
type InternetGateway struct {
	InternetGatewayId string                      `json:",omitzero"`
	Attachments       []InternetGatewayAttachment `json:",omitzero"`
	Tags              []Tag                       `json:",omitzero"`
}

// InternetGatewayAttachment names the VPC a gateway serves.
type InternetGatewayAttachment struct {
	VpcId string `json:",omitzero"`
	State string `json:",omitzero"`
}

// NatGateway is one of describe-nat-gateways.
type NatGateway struct {
	NatGatewayId        string              `json:",omitzero"`
	VpcId               string              `json:",omitzero"`
	SubnetId            string              `json:",omitzero"` // "" of a regional one
	State               string              `json:",omitzero"` // pending, failed, available, deleting, deleted
	ConnectivityType    string              `json:",omitzero"` // public, private; absent: public
	AvailabilityMode    string              `json:",omitzero"` // zonal, regional; absent: zonal
	AutoScalingIps      string              `json:",omitzero"` // enabled, disabled; of a regional one
	AutoProvisionZones  string              `json:",omitzero"` // enabled, disabled; of a regional one
	RouteTableId        string              `json:",omitzero"` // of a regional one, which has no subnet
	NatGatewayAddresses []NatGatewayAddress `json:",omitzero"`
	Tags                []Tag               `json:",omitzero"`
}

// NatGatewayAddress is an address from which a NAT gateway sends.
type NatGatewayAddress struct {
	AllocationId       string     `json:",omitzero"`
	NetworkInterfaceId string     `json:",omitzero"`
	PrivateIp          netip.Addr `json:",omitzero"`
	PublicIp           netip.Addr `json:",omitzero"` // the invalid one of a private NAT gateway
	AvailabilityZone   string     `json:",omitzero"` // of a regional one's address
	AvailabilityZoneId string     `json:",omitzero"`
	IsPrimary          bool       `json:",omitzero"`
	Status             string     `json:",omitzero"` // assigning, unassigning, associating, disassociating, succeeded, failed
}

// VpcPeeringConnection is one of describe-vpc-peering-connections.
type VpcPeeringConnection struct {
	VpcPeeringConnectionId string                          `json:",omitzero"`
	RequesterVpcInfo       VpcPeeringConnectionVpcInfo     `json:",omitzero"`
	AccepterVpcInfo        VpcPeeringConnectionVpcInfo     `json:",omitzero"`
	Status                 VpcPeeringConnectionStateReason `json:",omitzero"`
	Tags                   []Tag                           `json:",omitzero"`
}

// VpcPeeringConnectionVpcInfo is one end of a peering.
type VpcPeeringConnectionVpcInfo struct {
	VpcId     string       `json:",omitzero"`
	CidrBlock netip.Prefix `json:",omitzero"`
	OwnerId   string       `json:",omitzero"`
	Region    string       `json:",omitzero"`

	PeeringOptions *VpcPeeringConnectionOptionsDescription `json:",omitzero"`
}

// VpcPeeringConnectionOptionsDescription is what one end of a peering lets the other do.
type VpcPeeringConnectionOptionsDescription struct {
	AllowDnsResolutionFromRemoteVpc bool `json:",omitzero"` // names of public addresses mean the private ones there, too
}

// VpcPeeringConnectionStateReason: traffic flows while Code is "active".
type VpcPeeringConnectionStateReason struct {
	Code string `json:",omitzero"`
}

// Tag is a name that the customer gave.
type Tag struct {
	Key   string `most:"128"`
	Value string `most:"256"`
}
