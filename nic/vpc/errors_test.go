package vpc

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A mistake is an edit of the story, and the line that it has to give.
type mistake struct{ old, new, want string }

const ports80 = "FromPort: 80, ToPort: 80, IpRanges: [{CidrIp: 0.0.0.0/0, Description: the whole internet}]"

var mistakes = []mistake{
	// Names, types and values: Parse.
	{"Vpcs:\n", "Vpc:\n", `there is no field "Vpc"; the nearest name is "Vpcs"`},
	{"Vpcs:\n", "vpcs:\n", `there is no field "vpcs"; the nearest name is "Vpcs"`},
	{"Vpcs:\n", "Elephants:\n", `there is no field "Elephants"`},
	{"GroupName: web\n    VpcId: vpc-a", "GroupNam: web\n    VpcId: vpc-a", `SecurityGroups[0] sg-a-web: there is no field "GroupNam"; the nearest name is "GroupName"`},
	{"{CidrIp: 10.0.0.0/16", "{CidrIP: 10.0.0.0/16", `SecurityGroups[0] sg-a-web: IpPermissions[1]: IpRanges[0]: there is no field "CidrIP"; the nearest name is "CidrIp"`},
	{"{CidrIp: 10.0.0.0/16", "{CidrIp: 10.0.0.0", `SecurityGroups[0] sg-a-web: IpPermissions[1]: IpRanges[0]: CidrIp: "10.0.0.0" is no CIDR such as 10.0.0.0/16`},
	{"{CidrIp: 10.0.0.0/16", "{CidrIp: 10.0.0.0/33", `SecurityGroups[0] sg-a-web: IpPermissions[1]: IpRanges[0]: CidrIp: "10.0.0.0/33" is no CIDR such as 10.0.0.0/16`},
	{"FromPort: 8, ToPort: -1, IpRanges: [{CidrIp: 10", "FromPort: eight, ToPort: -1, IpRanges: [{CidrIp: 10", `SecurityGroups[0] sg-a-web: IpPermissions[1]: FromPort: a whole number is expected, not "eight"`},
	{"FromPort: 8, ToPort: -1, IpRanges: [{CidrIp: 10", "FromPort: 8.5, ToPort: -1, IpRanges: [{CidrIp: 10", `SecurityGroups[0] sg-a-web: IpPermissions[1]: FromPort: a whole number is expected, not 8.5`},
	{"FromPort: 8, ToPort: -1, IpRanges: [{CidrIp: 10", "FromPort: 99999999999, ToPort: -1, IpRanges: [{CidrIp: 10", `SecurityGroups[0] sg-a-web: IpPermissions[1]: FromPort: 99999999999 is out of range`},
	{"06:00:00:00:0a:01", "06:00:00:00:0a", `NetworkInterfaces[0] eni-a1: MacAddress: "06:00:00:00:0a" is no MAC address such as 06:00:00:00:00:01`},
	{"PrivateIpAddress: 10.0.1.6", "PrivateIpAddress: 10.0.1", `NetworkInterfaces[1] eni-a2: PrivateIpAddresses[0]: PrivateIpAddress: "10.0.1" is no IP address such as 10.0.1.5`},
	{"Primary: true, PrivateIpAddress: 10.0.1.6", "Primary: perhaps, PrivateIpAddress: 10.0.1.6", `NetworkInterfaces[1] eni-a2: PrivateIpAddresses[0]: Primary: true or false is expected, not "perhaps"`},
	{"Groups: [{GroupId: sg-a-db}]", "Groups: sg-a-db", `NetworkInterfaces[2] eni-a3: Groups: a list is expected, not "sg-a-db"`},
	{"Groups: [{GroupId: sg-a-db}]", "Groups: [sg-a-db]", `NetworkInterfaces[2] eni-a3: Groups[0]: an object is expected, not "sg-a-db"`},
	{"Tags: [{Key: Name, Value: customer A}]", "Tags: [{Key: Name, Value: true}]", `Vpcs[0] vpc-a: Tags[0]: Value: a string is expected, not true`},
	{"Vnis: {vpc-a: 5001", "Vnis: {vpc-a: -1", `Placement: Vnis: vpc-a: -1 is out of range: 0 to 4294967295`},
	{"Ports: {eni-a1", "Portz: {eni-a1", `Placement: there is no field "Portz"; the nearest name is "Ports"`},
	{"Vpcs:\n", "Entries: []\nVpcs:\n", `Entries: entries of a prefix list belong to their list: ManagedPrefixLists: [{PrefixListId: pl-…, Entries: […]}]`},
	{"Vpcs:\n", "VpcEndpoints: none\nVpcs:\n", `VpcEndpoints: a list is expected`},

	{"GroupName: web\n    VpcId: vpc-a", "GroupName: " + strings.Repeat("ü", 256) + "\n    VpcId: vpc-a", `SecurityGroups[0] sg-a-web: GroupName: it has 256 characters; 255 are the most`},
	{"Tags: [{Key: Name, Value: customer A}]", "Tags: [{Key: " + strings.Repeat("k", 129) + ", Value: customer A}]", `Vpcs[0] vpc-a: Tags[0]: Key: it has 129 characters; 128 are the most`},
	{"Tags: [{Key: Name, Value: customer A}]", "Tags: [{Key: Name, Value: " + strings.Repeat("v", 257) + "}]", `Vpcs[0] vpc-a: Tags[0]: Value: it has 257 characters; 256 are the most`},
	{"[eni-a3]", "[" + strings.Repeat("e", 256) + "]", `Placement: Cards[1] y: NetworkInterfaces[0]: it has 256 characters; 255 are the most`},
	{`eni-b1: "tap:b1"`, strings.Repeat("e", 256) + `: "tap:b1"`, `Placement: Ports: ` + strings.Repeat("e", 60) + `…: it has 256 characters; 255 are the most`},
	{`eni-b1: "tap:b1"`, `eni-b1: "pcap:` + strings.Repeat("b", 4096) + `"`, `Placement: Ports: eni-b1: it has 4101 characters; 4096 are the most`},

	// IDs.
	{"VpcId: vpc-b\n    CidrBlock", "VpcId: vpc-a\n    CidrBlock", `Vpcs[1] vpc-a: VpcId stands twice; the first is Vpcs[0] vpc-a`},
	{"- GroupId: sg-b-web\n", "-\n", `SecurityGroups[2]: GroupId is missing`},
	{"NetworkInterfaceId: eni-a2\n", "NetworkInterfaceId: eni a2\n", `NetworkInterfaces[1] eni a2: NetworkInterfaceId holds " "; letters, digits and - . _ : make an ID`},

	// VPCs, subnets, routes.
	{"VpcId: vpc-a\n    CidrBlock: 10.0.0.0/16", "VpcId: vpc-a", `Vpcs[0] vpc-a: CidrBlock is missing`},
	{"VpcId: vpc-a\n    CidrBlock: 10.0.0.0/16", "VpcId: vpc-a\n    CidrBlock: fd00::/56", `Vpcs[0] vpc-a: CidrBlock fd00::/56 is no IPv4 CIDR`},
	{"subnet-a2, VpcId: vpc-a", "subnet-a2, VpcId: vpc-c", `Subnets[1] subnet-a2: VpcId: there is no "vpc-c" in Vpcs`},
	{"CidrBlock: 10.0.2.0/24", "CidrBlock: 10.1.2.0/24", `Subnets[1] subnet-a2: CidrBlock 10.1.2.0/24 is outside of vpc-a, which has [10.0.0.0/16]`},
	{"CidrBlock: 10.0.2.0/24", "CidrBlock: 10.0.0.0/22", `Subnets[1] subnet-a2: CidrBlock 10.0.0.0/22 overlaps subnet-a1, which has 10.0.1.0/24`},
	{"CidrBlock: 10.0.2.0/24", "CidrBlock: 10.0.2.0/29", `Subnets[1] subnet-a2: CidrBlock 10.0.2.0/29: a subnet is a /16 to a /28`},
	{"GatewayId: igw-a}", "GatewayId: igw-c}", `RouteTables[0] rtb-a: Routes[1]: GatewayId: there is no "igw-c" in InternetGateways`},
	{"GatewayId: igw-a}", "GatewayId: igw-b}", `RouteTables[0] rtb-a: Routes[1]: GatewayId igw-b is not attached to vpc-a`},
	{"0.0.0.0/0, GatewayId: igw-a}", "10.0.0.0/16, GatewayId: igw-a}", `RouteTables[0] rtb-a: Routes[1]: DestinationCidrBlock 10.0.0.0/16 stands twice`},
	{"{DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-a}", "{GatewayId: igw-a}", `RouteTables[0] rtb-a: Routes[1]: DestinationCidrBlock is missing`},
	{"{DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-a}", "{DestinationCidrBlock: 0.0.0.0/0}", `RouteTables[0] rtb-a: Routes[1]: has no target such as GatewayId`},
	{"Associations: [{Main: true}]", "Associations: [{Main: true}, {Main: true}]", `RouteTables[0] rtb-a: Associations[1]: Main: vpc-a has the main table rtb-a already`},
	{"Associations: [{Main: true}]", "Associations: [{SubnetId: subnet-b1}]", `RouteTables[0] rtb-a: Associations[0]: subnet-b1 is in vpc-b, the table in vpc-a`},
	{"Associations: [{Main: true}]", "Associations: [{SubnetId: subnet-c}]", `RouteTables[0] rtb-a: Associations[0]: SubnetId: there is no "subnet-c" in Subnets`},
	{"Associations: [{Main: true}]", "Associations: [{SubnetId: subnet-a1}, {SubnetId: subnet-a1}]", `RouteTables[0] rtb-a: Associations[1]: subnet-a1 has the table rtb-a already`},
	{"VpcId: vpc-b\n    Associations", "VpcId: vpc-c\n    Associations", `RouteTables[1] rtb-b: VpcId: there is no "vpc-c" in Vpcs`},

	// Security groups.
	{ports80, strings.Replace(ports80, "FromPort: 80", "FromPort: 90", 1), `SecurityGroups[0] sg-a-web: IpPermissions[0]: FromPort 90 is above ToPort 80`},
	{ports80, strings.Replace(ports80, "ToPort: 80", "ToPort: 65536", 1), `SecurityGroups[0] sg-a-web: IpPermissions[0]: ToPort 65536 is no port: 0 to 65535`},
	{ports80, strings.Replace(ports80, "FromPort: 80", "FromPort: -1", 1), `SecurityGroups[0] sg-a-web: IpPermissions[0]: FromPort -1 is no port: 0 to 65535`},
	{ports80, strings.Replace(ports80, "FromPort: 80, ", "", 1), `SecurityGroups[0] sg-a-web: IpPermissions[0]: tcp needs FromPort and ToPort; 0 and 65535 are all ports`},
	{ports80, strings.Replace(ports80, "0.0.0.0/0", `"::/0"`, 1), `SecurityGroups[0] sg-a-web: IpPermissions[0]: IpRanges[0]: CidrIp ::/0 is no IPv4 CIDR`},
	{ports80, strings.Replace(ports80, "CidrIp: 0.0.0.0/0, ", "", 1), `SecurityGroups[0] sg-a-web: IpPermissions[0]: IpRanges[0]: CidrIp is missing`},
	{"IpProtocol: tcp, FromPort: 5432", "IpProtocol: tpc, FromPort: 5432", `SecurityGroups[1] sg-a-db: IpPermissions[0]: IpProtocol "tpc" is no protocol: tcp, udp, icmp, icmpv6, a number up to 255, or -1 for all`},
	{"IpProtocol: tcp, FromPort: 5432", "FromPort: 5432", `SecurityGroups[1] sg-a-db: IpPermissions[0]: IpProtocol "" is no protocol: tcp, udp, icmp, icmpv6, a number up to 255, or -1 for all`},
	{"FromPort: 8, ToPort: -1, IpRanges: [{CidrIp: 10", "FromPort: 256, ToPort: -1, IpRanges: [{CidrIp: 10", `SecurityGroups[0] sg-a-web: IpPermissions[1]: FromPort 256 is no ICMP type: 0 to 255, or -1 for all`},
	{"FromPort: 8, ToPort: -1, IpRanges: [{CidrIp: 10", "FromPort: 8, ToPort: 256, IpRanges: [{CidrIp: 10", `SecurityGroups[0] sg-a-web: IpPermissions[1]: ToPort 256 is no ICMP code: 0 to 255, or -1 for all`},
	{"FromPort: 8, ToPort: -1, IpRanges: [{CidrIp: 10", "FromPort: -1, ToPort: 0, IpRanges: [{CidrIp: 10", `SecurityGroups[0] sg-a-web: IpPermissions[1]: ToPort 0: all ICMP types (FromPort -1) go with all codes (ToPort -1)`},
	{"[{GroupId: sg-a-web}]}", "[{GroupId: sg-a-wed}]}", `SecurityGroups[1] sg-a-db: IpPermissions[0]: UserIdGroupPairs: there is no "sg-a-wed" in SecurityGroups`},
	{"GroupName: database\n    VpcId: vpc-a", "GroupName: database\n    VpcId: vpc-c", `SecurityGroups[1] sg-a-db: VpcId: there is no "vpc-c" in Vpcs`},

	// ENIs and public addresses.
	{"SubnetId: subnet-a2\n", "SubnetId: subnet-a9\n", `NetworkInterfaces[2] eni-a3: SubnetId: there is no "subnet-a9" in Subnets`},
	{"SubnetId: subnet-a2\n", "SubnetId: subnet-a2\n    VpcId: vpc-b\n", `NetworkInterfaces[2] eni-a3: VpcId vpc-b: subnet-a2 is in vpc-a`},
	{"PrivateIpAddress: 10.0.1.6", "PrivateIpAddress: 10.0.1.5", `NetworkInterfaces[1] eni-a2: PrivateIpAddress 10.0.1.5 is that of eni-a1 in vpc-a`},
	{"PrivateIpAddress: 10.0.1.6", "PrivateIpAddress: 10.0.2.6", `NetworkInterfaces[1] eni-a2: PrivateIpAddress 10.0.2.6 is outside of subnet-a1, which has 10.0.1.0/24`},
	{"PrivateIpAddress: 10.0.1.6", "PrivateIpAddress: 10.0.1.0", `NetworkInterfaces[1] eni-a2: PrivateIpAddress 10.0.1.0 is reserved: the first four and the last address of a subnet are EC2's`},
	{"PrivateIpAddress: 10.0.1.6", "PrivateIpAddress: 10.0.1.2", `NetworkInterfaces[1] eni-a2: PrivateIpAddress 10.0.1.2 is reserved: the first four and the last address of a subnet are EC2's`},
	{"PrivateIpAddress: 10.0.1.6", "PrivateIpAddress: 10.0.1.1", `NetworkInterfaces[1] eni-a2: PrivateIpAddress 10.0.1.1 is reserved: the first four and the last address of a subnet are EC2's`},
	{"PrivateIpAddress: 10.0.1.6", "PrivateIpAddress: 10.0.1.3", `NetworkInterfaces[1] eni-a2: PrivateIpAddress 10.0.1.3 is reserved: the first four and the last address of a subnet are EC2's`},
	{"PrivateIpAddress: 10.0.1.6", "PrivateIpAddress: 10.0.1.255", `NetworkInterfaces[1] eni-a2: PrivateIpAddress 10.0.1.255 is reserved: the first four and the last address of a subnet are EC2's`},
	{"PrivateIpAddress: 10.0.1.6", `PrivateIpAddress: "fd00::6"`, `NetworkInterfaces[1] eni-a2: PrivateIpAddress fd00::6 is no IPv4 address`},
	{"PrivateIpAddress: 10.0.1.6}]", "PrivateIpAddress: 10.0.1.6}]\n    Ipv4Prefixes: [{Ipv4Prefix: 10.0.1.0/28}]", `NetworkInterfaces[1] eni-a2: Ipv4Prefix 10.0.1.0/28 holds an address of eni-a1 in vpc-a`},
	{"PrivateIpAddress: 10.0.1.6}]", "PrivateIpAddress: 10.0.1.6}]\n    Ipv4Prefixes: [{Ipv4Prefix: 10.0.3.0/28}]", `NetworkInterfaces[1] eni-a2: Ipv4Prefix 10.0.3.0/28 is no /28 of subnet-a1, which has 10.0.1.0/24`},
	{"PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.6}]", "Description: none", `NetworkInterfaces[1] eni-a2: PrivateIpAddresses is missing`},
	{"{Primary: true, PrivateIpAddress: 10.0.1.6}", "{PrivateIpAddress: 10.0.1.6}, {PrivateIpAddress: 10.0.1.7}", `NetworkInterfaces[1] eni-a2: PrivateIpAddresses: none is Primary`},
	{"{Primary: true, PrivateIpAddress: 10.0.1.6}", "{Primary: true, PrivateIpAddress: 10.0.1.6}, {Primary: true, PrivateIpAddress: 10.0.1.7}", `NetworkInterfaces[1] eni-a2: PrivateIpAddresses: more than one is Primary`},
	{"NetworkInterfaceId: eni-a2\n", "NetworkInterfaceId: eni-a2\n    PrivateIpAddress: 10.0.1.7\n", `NetworkInterfaces[1] eni-a2: PrivateIpAddress 10.0.1.7 is not the primary of PrivateIpAddresses, 10.0.1.6`},
	{"MacAddress: 06:00:00:00:0a:03", "MacAddress: 06:00:00:00:0a:01", `NetworkInterfaces[2] eni-a3: MacAddress 06:00:00:00:0a:01 is that of eni-a1 in vpc-a`},
	{"MacAddress: 06:00:00:00:0a:03", "MacAddress: 07:00:00:00:0a:03", `NetworkInterfaces[2] eni-a3: MacAddress 07:00:00:00:0a:03 is a multicast address`},
	{"MacAddress: 06:00:00:00:0a:03", "Description: no MAC", `NetworkInterfaces[2] eni-a3: MacAddress is missing`},
	{"Groups: [{GroupId: sg-a-db}]", "Groups: [{GroupId: sg-c}]", `NetworkInterfaces[2] eni-a3: Groups[0] sg-c: there is no "sg-c" in SecurityGroups`},
	{"Groups: [{GroupId: sg-a-db}]", "Groups: [{GroupId: sg-b-web}]", `NetworkInterfaces[2] eni-a3: Groups[0] sg-b-web: is a group of vpc-b, the ENI is in vpc-a`},
	{"Groups: [{GroupId: sg-a-db}]", "Groups: [{GroupId: sg-a-db}, {GroupId: sg-a-db}]", `NetworkInterfaces[2] eni-a3: Groups[1] sg-a-db: stands twice`},
	{"SubnetId: subnet-a2\n", "SubnetId: subnet-a2\n    ConnectionTrackingConfiguration: {UdpTimeout: 61}\n", `NetworkInterfaces[2] eni-a3: ConnectionTrackingConfiguration: UdpTimeout 61 is out of range: 30 to 60 seconds`},
	{"PublicIp: 54.168.7.7", "PublicIp: 35.72.2.8", `Addresses[0] 35.72.2.8: PublicIp 35.72.2.8 is that of eni-a1`},
	{"NetworkInterfaceId: eni-b1, PrivateIpAddress: 10.0.1.5", "NetworkInterfaceId: eni-a1", `Addresses[0] 54.168.7.7: PublicIp 54.168.7.7: 10.0.1.5 has 35.72.2.8 already`},
	{"NetworkInterfaceId: eni-b1, PrivateIpAddress: 10.0.1.5", "NetworkInterfaceId: eni-b1, PrivateIpAddress: 10.0.1.9", `Addresses[0] 54.168.7.7: PrivateIpAddress 10.0.1.9 is none of eni-b1`},
	{"NetworkInterfaceId: eni-b1, PrivateIpAddress: 10.0.1.5", "NetworkInterfaceId: eni-b9", `Addresses[0] 54.168.7.7: NetworkInterfaceId: there is no "eni-b9" in NetworkInterfaces`},
	{"NetworkInterfaceId: eni-b1, PrivateIpAddress: 10.0.1.5", "InstanceId: i-b9", `Addresses[0] 54.168.7.7: InstanceId: no ENI is the first of an instance "i-b9"`},
	{"{PublicIp: 54.168.7.7, ", "{", `Addresses[0]: PublicIp is missing`},

	// Placement.
	{"[eni-a3]", "[eni-a3, eni-a1]", `Placement: Cards[1] y: eni-a1 is on card "x" already`},
	{"[eni-a3]", "[eni-a9]", `Placement: Cards[1] y: NetworkInterfaces: there is no "eni-a9" in NetworkInterfaces`},
	{"{Name: y,", "{Name: x,", `Placement: Cards[1] x: Name stands twice`},
	{"{Name: y, Vtep", "{Vtep", `Placement: Cards[1]: Name is missing`},
	{"  Edge: {", "  Edges: [{Name: y}]\n  Edge: {", `Placement: Edges[0] y: Name is that of Placement: Cards[1] y; a host follows as a card or as an edge`},
	{"  Edge: {", "  Edges: [{Name: e}, {Name: e}]\n  Edge: {", `Placement: Edges[1] e: Name is that of Placement: Edges[0] e`},
	{"172.16.0.12/24", "172.16.0.11/24", `Placement: Cards[1] y: Vtep 172.16.0.11 is that of Placement: Cards[0] x`},
	{"172.16.0.12/24", "172.16.0.1/24", `Placement: Cards[1] y: Vtep 172.16.0.1 is that of Placement: Edge`},
	{"172.16.0.12/24", "224.0.0.12/24", `Placement: Cards[1] y: Vtep 224.0.0.12 is no unicast address`},
	{"172.16.0.12/24", "0.0.0.0/24", `Placement: Cards[1] y: Vtep 0.0.0.0 is no unicast address`},
	{"172.16.0.12/24", "0.0.0.7/24", `Placement: Cards[1] y: Vtep 0.0.0.7 is no unicast address`},
	{"172.16.0.12/24", "127.0.0.1/24", `Placement: Cards[1] y: Vtep 127.0.0.1 is no unicast address`},
	{"172.16.0.12/24", "255.255.255.255/24", `Placement: Cards[1] y: Vtep 255.255.255.255 is no unicast address`},
	{"172.16.0.12/24", "172.16.0.255/24", `Placement: Cards[1] y: Vtep 172.16.0.255 is the broadcast address of the link 172.16.0.0/24`},
	{"172.16.0.12/24", "172.16.0.0/24", `Placement: Cards[1] y: Vtep 172.16.0.0 is the address of the link 172.16.0.0/24 itself; one in it is expected`},
	{"Vtep: 172.16.0.12/24, ", "Vtep: 172.16.0.12/24, Mac: \"ff:ff:ff:ff:ff:ff\", ", `Placement: Cards[1] y: Mac ff:ff:ff:ff:ff:ff is the broadcast address; one station's is expected`},
	{"Vtep: 172.16.0.12/24, ", "Vtep: 172.16.0.12/24, Mac: \"03:00:00:00:00:01\", ", `Placement: Cards[1] y: Mac 03:00:00:00:00:01 is a multicast address; one station's is expected`},
	{"Vtep: 172.16.0.12/24, ", "Vtep: 172.16.0.12/24, Mac: \"00:00:00:00:00:00\", ", `Placement: Cards[1] y: Mac: "00:00:00:00:00:00" is no MAC address such as 06:00:00:00:00:01`},
	{"Edge: {Vtep: 172.16.0.1,", `Edge: {Vtep: 224.0.0.1,`, `Placement: Edge: Vtep 224.0.0.1 is no unicast address`},
	{"Edge: {Vtep: 172.16.0.1,", `Edge: {Vtep: 0.0.0.0,`, `Placement: Edge: Vtep 0.0.0.0 is no unicast address`},
	{"Edge: {Vtep: 172.16.0.1,", `Edge: {Vtep: 127.0.0.1,`, `Placement: Edge: Vtep 127.0.0.1 is no unicast address`},
	{"Edge: {Vtep: 172.16.0.1,", `Edge: {Vtep: 255.255.255.255,`, `Placement: Edge: Vtep 255.255.255.255 is no unicast address`},
	{"Edge: {Vtep: 172.16.0.1,", `Edge: {Vtep: 172.16.0.255,`, `Placement: Edge: Vtep 172.16.0.255 is the broadcast address of x's link 172.16.0.0/24`},
	{"Edge: {Vtep: 172.16.0.1,", `Edge: {UnderlayMac: "ff:ff:ff:ff:ff:ff", Vtep: 172.16.0.1,`, `Placement: Edge: UnderlayMac ff:ff:ff:ff:ff:ff is the broadcast address; one station's is expected`},
	{`Mac: "02:00:00:00:ed:9e"`, `Mac: "ff:ff:ff:ff:ff:ff"`, `Placement: Edge: Mac ff:ff:ff:ff:ff:ff is the broadcast address; one station's is expected`},
	{"MacAddress: 06:00:00:00:0a:03", "MacAddress: 00:00:00:00:00:00", `NetworkInterfaces[2] eni-a3: MacAddress: "00:00:00:00:00:00" is no MAC address such as 06:00:00:00:00:01`},
	{"Edge: {Vtep: 172.16.0.1,", `Edge: {UnderlayMac: "01:00:5e:00:00:01", Vtep: 172.16.0.1,`, `Placement: Edge: UnderlayMac 01:00:5e:00:00:01 is a multicast address; one station's is expected`},
	{"Vtep: 172.16.0.12/24, ", "Vtep: 172.16.0.12/24, Gateway: 172.16.0.255, ", `Placement: Cards[1] y: Gateway 172.16.0.255 is no neighbour on the link 172.16.0.0/24`},
	{"Vtep: 172.16.0.12/24, ", "", `Placement: Cards[1] y: Vtep is missing`},
	{"Vtep: 172.16.0.12/24, ", "Vtep: 172.16.0.12/24, Gateway: 172.16.1.1, ", `Placement: Cards[1] y: Gateway 172.16.1.1 is no neighbour on the link 172.16.0.0/24`},
	{"Edge: {Vtep: 172.16.0.1,", `Edge: {Vtep: "fd00::1",`, `Placement: Edge: Vtep fd00::1: the first card has an IPv4 address, and an underlay is of one family`},
	{"vpc-b: 5002", "vpc-b: 5001", `Placement: Vnis: vpc-b: 5001 is the VNI of vpc-a already`},
	{"vpc-b: 5002", "vpc-b: 16777216", `Placement: Vnis: vpc-b: 16777216 is no VNI: 1 to 16777215`},
	{"vpc-b: 5002", "vpc-b: 0", `Placement: Vnis: vpc-b: 0 is no VNI: 1 to 16777215`},
	{"vpc-b: 5002", "vpc-c: 5002", `Placement: Vnis: there is no "vpc-c" in Vpcs`},
	{`eni-b1: "tap:b1"`, `eni-b1: "tap:a1"`, `Placement: Ports: eni-b1: tap:a1 is the port of eni-a1 already`},
	{`eni-b1: "tap:b1"`, `eni-b1: ""`, `Placement: Ports: eni-b1: is empty; a port such as tap:a1 is expected`},
	{`eni-b1: "tap:b1"`, `eni-b9: "tap:b1"`, `Placement: Ports: there is no "eni-b9" in NetworkInterfaces`},
	{"i-b1: {Connections: 100000}", "i-b1: {PeakBandwidthInGbps: fast}", `Placement: Allowances: i-b1: PeakBandwidthInGbps: a number is expected, not "fast"`},
	{"i-b1: {Connections: 100000}", "i-b1: {InstanceType: m55.large}", `Placement: Allowances: i-b1: InstanceType "m55.large" is not known; give InstanceTypes (aws ec2 describe-instance-types), or BaselineBandwidthInGbps and PeakBandwidthInGbps`},
	{"i-b1: {Connections: 100000}", "i-b1: {PacketsPerSecond: 5}", `Placement: Allowances: i-b1: PacketsPerSecond 5 is below 100`},
	{"i-b1: {Connections: 100000}", "i-b1: {PeakBandwidthInGbps: -5}", `Placement: Allowances: i-b1: PeakBandwidthInGbps -5 is out of range: 0.001 to 10000`},
	{"i-b1: {Connections: 100000}", "i-b1: {BaselineBandwidthInGbps: 1e5}", `Placement: Allowances: i-b1: BaselineBandwidthInGbps 100000 is out of range: 0.001 to 10000`},
	{"i-b1: {Connections: 100000}", "i-b1: {BaselineBandwidthInGbps: 10, PeakBandwidthInGbps: 5}", `Placement: Allowances: i-b1: BaselineBandwidthInGbps 10 is above PeakBandwidthInGbps 5`},
	{"i-b1: {Connections: 100000}", "i-b9: {Connections: 100000}", `Placement: Allowances: no ENI is attached to an instance "i-b9"`},
}

func TestEachMistakeIsNamed(t *testing.T) {
	data, err := os.ReadFile("testdata/story.yaml")
	require.NoError(t, err)
	for _, m := range mistakes {
		t.Run(m.want, func(t *testing.T) {
			require.Contains(t, string(data), m.old)
			text := strings.Replace(string(data), m.old, m.new, 1)
			c, err := Parse("story.yaml", []byte(text))
			if err == nil {
				_, err = Compile(c, CompileOptions{})
			}
			require.Error(t, err)
			lines := strings.Split(strings.ReplaceAll(err.Error(), "story.yaml: ", ""), "\n")
			require.Contains(t, lines, m.want)
		})
	}
}

// What is just as long as EC2 allows is taken.
func TestNamesMayBeLong(t *testing.T) {
	data, err := os.ReadFile("testdata/story.yaml")
	require.NoError(t, err)
	long := strings.NewReplacer("GroupName: web\n    VpcId: vpc-a", "GroupName: "+strings.Repeat("ü", 255)+"\n    VpcId: vpc-a",
		"Tags: [{Key: Name, Value: customer A}]", "Tags: [{Key: "+strings.Repeat("k", 128)+", Value: "+strings.Repeat("v", 256)+"}]",
		`eni-b1: "tap:b1"`, `eni-b1: "pcap:`+strings.Repeat("b", 4000)+`"`)
	c, err := Parse("story.yaml", []byte(long.Replace(string(data))))
	require.NoError(t, err)
	_, err = Compile(c, CompileOptions{})
	require.NoError(t, err)
}

func TestAllMistakesAreFound(t *testing.T) {
	c := story(t)
	c.NetworkInterfaces[0].Groups[0].GroupId = "sg-x"
	c.NetworkInterfaces[1].SubnetId = "subnet-x"
	c.Placement.Vnis["vpc-x"] = 7
	_, err := Compile(c, CompileOptions{})
	for _, want := range []string{`"sg-x" in SecurityGroups`, `"subnet-x" in Subnets`, `"vpc-x" in Vpcs`} {
		require.ErrorContains(t, err, want)
	}
}

// A file of mistakes cannot make us print forever.
func TestErrorsAreBounded(t *testing.T) {
	var text strings.Builder
	text.WriteString("Vpcs: []\n")
	for i := range 1000 {
		fmt.Fprintf(&text, "Nonsense%d: 1\n", i)
	}
	_, err := Parse("bad.yaml", []byte(text.String()))
	require.Len(t, strings.Split(err.Error(), "\n"), 101)
	require.ErrorContains(t, err, "and 900 more")
}

func TestCardThatIsNot(t *testing.T) {
	_, err := Compile(story(t), CompileOptions{Card: "z"})
	require.EqualError(t, err, `Placement: Cards: there is no card "z"; there are x, y`)
}

// After as many mistakes as are told, objects are not kept: a file of nothing else takes
// the memory of its text.
func TestAFileOfMistakesTakesNoMemory(t *testing.T) {
	text := []byte(`{"SecurityGroups": [`)
	for i := range 20_000 {
		text = fmt.Appendf(text, `{"GroupId": "sg-%d", "VpcId": "vpc-a", "IpPermissions": [{"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "10.0.0.0/33"}]}]},`, i)
	}
	text = append(text[:len(text)-1], "]}"...)
	before := allocated()
	_, err := Parse("config", text)
	require.Less(t, allocated()-before, uint64(2*len(text)))
	require.ErrorContains(t, err, `SecurityGroups[99] sg-99: IpPermissions[0]: IpRanges[0]: CidrIp: "10.0.0.0/33" is no CIDR`)
	require.ErrorContains(t, err, "and perhaps more: the rest was not read")
}

// allocated is how many bytes the process has ever allocated.
func allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}
