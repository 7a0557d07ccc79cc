package ec2

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// objectKinds tell by its members of which list an object is: it has the list's ID,
// and one of the other names. The first that fits counts.
var objectKinds = []struct {
	list, id string
	one      []string
}{
	{"Reservations", "ReservationId", nil},
	{"NetworkInterfaces", "NetworkInterfaceId", []string{"MacAddress", "PrivateIpAddresses"}},
	{"InstanceAttributes", "InstanceId", []string{"UserData"}},
	{"Instances", "InstanceId", []string{"ImageId", "LaunchTime", "NetworkInterfaces"}},
	{"InstanceTypes", "InstanceType", []string{"NetworkInfo", "VCpuInfo"}},
	{"KeyPairs", "KeyPairId", []string{"KeyName"}},
	{"ManagedPrefixLists", "PrefixListId", managedMembers},
	{"PrefixLists", "PrefixListId", []string{"Cidrs"}},
	{"Addresses", "PublicIp", []string{"AllocationId", "Domain"}},
	{"NatGateways", "NatGatewayId", []string{"NatGatewayAddresses", "ConnectivityType", "State"}},
	{"VpcPeeringConnections", "VpcPeeringConnectionId", []string{"RequesterVpcInfo", "AccepterVpcInfo"}},
	{"VpcEndpoints", "VpcEndpointId", []string{"ServiceName"}},
	{"NetworkAcls", "NetworkAclId", []string{"Entries", "Associations"}},
	{"RouteTables", "RouteTableId", []string{"Routes", "PropagatingVgws"}},
	{"SecurityGroupRules", "SecurityGroupRuleId", nil},
	{"SecurityGroups", "GroupId", []string{"IpPermissions", "IpPermissionsEgress"}},
	{"SecurityGroupVpcAssociations", "GroupId", []string{"VpcOwnerId", "State"}},
	{"InternetGateways", "InternetGatewayId", []string{"Attachments"}},
	{"EgressOnlyInternetGateways", "EgressOnlyInternetGatewayId", []string{"Attachments"}},
	{"CarrierGateways", "CarrierGatewayId", []string{"VpcId"}},
	{"TransitGatewayAttachments", "TransitGatewayAttachmentId", nil},
	{"TransitGateways", "TransitGatewayId", []string{"TransitGatewayArn"}},
	{"FlowLogs", "FlowLogId", nil},
	{"VpnConnections", "VpnConnectionId", nil},
	{"VpnGateways", "VpnGatewayId", []string{"Type", "VpcAttachments"}},
	{"Subnets", "SubnetId", []string{"CidrBlock", "Ipv6CidrBlockAssociationSet"}},
	{"Vpcs", "VpcId", []string{"CidrBlock"}},
	{"VpcAttributes", "VpcId", []string{"EnableDnsSupport", "EnableDnsHostnames"}},
	{"VpcBlockPublicAccessOptions", "InternetGatewayBlockMode", []string{"AwsRegion", "AwsAccountId"}},
	{"DhcpOptions", "DhcpOptionsId", []string{"DhcpConfigurations"}},
}

// managedMembers are what describe-managed-prefix-lists answers and
// describe-prefix-lists does not, both under PrefixLists.
var managedMembers = []string{"AddressFamily", "Entries", "MaxEntries", "OwnerId", "PrefixListArn", "State", "Version"}

// Managed tells by its members that one of PrefixLists is a customer's or AWS's
// managed list, with a version and entries.
func Managed(names []string) bool { return hasAny(names, managedMembers) }

// ListOf is the list that an object with those members is of; "": none.
func ListOf(names []string) string {
	for _, k := range objectKinds {
		if slices.Contains(names, k.id) && (k.one == nil || hasAny(names, k.one)) {
			return k.list
		}
	}
	return ""
}

// hasAny tells whether one of names is among of.
func hasAny(names, of []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(of, name) })
}

// Names are the members of an object that Raw answered.
func Names(object []byte) (names []string) {
	d := newJSON(bytes.NewReader(object))
	d.ReadToken()
	for d.PeekKind() == jsontext.KindString {
		raw, err := d.ReadValue()
		name := unquote(raw) // before the decoder reads over it
		if err != nil || d.SkipValue() != nil {
			break
		}
		names = append(names, name)
	}
	return names
}

// Member is the value of an object's member, as it stands; nil: the object lacks it.
func Member(object []byte, name string) []byte {
	d := newJSON(bytes.NewReader(object))
	d.ReadToken()
	for d.PeekKind() == jsontext.KindString {
		raw, err := d.ReadValue()
		if err != nil {
			return nil
		}
		is := unquote(raw) == name
		value, err := d.ReadValue()
		if err != nil || is {
			return bytes.Clone(value)
		}
	}
	return nil
}
