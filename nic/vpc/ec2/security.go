package ec2

import "net/netip"

// SecurityGroup is one of describe-security-groups.
type SecurityGroup struct {
	GroupId             string         `json:",omitzero"`
	GroupName           string         `json:",omitzero"`
	Description         string         `json:",omitzero"`
	VpcId               string         `json:",omitzero"`
	OwnerId             string         `json:",omitzero"`
	IpPermissions       []IpPermission `json:",omitzero"`
	IpPermissionsEgress []IpPermission `json:",omitzero"`
	Tags                []Tag          `json:",omitzero"`
}

// IpPermission allows one protocol and port range from (or to) all its sources.
type IpPermission struct {
	IpProtocol       string            `json:",omitzero"` // tcp, udp, icmp, icmpv6, a number, "-1" for all
	FromPort         *int              `json:",omitzero"` // ICMP: type
	ToPort           *int              `json:",omitzero"` // ICMP: code
	IpRanges         []IpRange         `json:",omitzero"`
	Ipv6Ranges       []Ipv6Range       `json:",omitzero"`
	PrefixListIds    []PrefixListId    `json:",omitzero"`
	UserIdGroupPairs []UserIdGroupPair `json:",omitzero"`
}

// IpRange is an IPv4 source.
type IpRange struct {
	CidrIp      netip.Prefix `json:",omitzero"`
	Description string       `json:",omitzero"`
}

// Ipv6Range is an IPv6 source.
type Ipv6Range struct {
	CidrIpv6    netip.Prefix `json:",omitzero"`
	Description string       `json:",omitzero"`
}

// PrefixListId names a prefix list as source.
type PrefixListId struct {
	PrefixListId string `json:",omitzero"`
	Description  string `json:",omitzero"`
}

// UserIdGroupPair names a group as source: the private addresses of its ENIs.
type UserIdGroupPair struct {
	GroupId                string `json:",omitzero"`
	UserId                 string `json:",omitzero"`
	VpcId                  string `json:",omitzero"`
	VpcPeeringConnectionId string `json:",omitzero"`
	PeeringStatus          string `json:",omitzero"`
	Description            string `json:",omitzero"`
}

// SecurityGroupVpcAssociation lends a group to a further VPC.
type SecurityGroupVpcAssociation struct {
	GroupId string `json:",omitzero"`
	VpcId   string `json:",omitzero"`
	State   string `json:",omitzero"`
}

// ManagedPrefixList is one of describe-managed-prefix-lists, with the entries
// that get-managed-prefix-list-entries answers for it. Absent entries are not
// known; present and empty means none.
type ManagedPrefixList struct {
	PrefixListId   string            `json:",omitzero"`
	PrefixListName string            `json:",omitzero"`
	AddressFamily  string            `json:",omitzero"`
	MaxEntries     int               `json:",omitzero"`
	Entries        []PrefixListEntry `json:",omitzero"`
	Tags           []Tag             `json:",omitzero"`
}

// PrefixListEntry is one CIDR of a managed list, of either family.
type PrefixListEntry struct {
	Cidr        netip.Prefix `json:",omitzero"`
	Description string       `json:",omitzero"`
}

// PrefixList is one of describe-prefix-lists: the addresses of an AWS service.
type PrefixList struct {
	PrefixListId   string         `json:",omitzero"`
	PrefixListName string         `json:",omitzero"`
	Cidrs          []netip.Prefix `json:",omitzero"`
}
