package bench

import (
	"encoding/json"
	"fmt"
	"maps"

	"nitrocard/nic/vpc"
)

// Region describes the network that a benchmark runs in: one card with ENIs
// of as many VPCs, each in five groups of sixty rules, EC2's default quotas
// (VPC guide, quotas).
type Region struct {
	ENIs int
	Uses
	Routes  int  // of each subnet beside its local and its default route
	Outward bool // guests open the connections, as they do behind a NAT gateway
	Limits  bool // each ENI's instance has a bandwidth with credits, and packets a second, above what it gets
}

// Uses is what the region has in use beside groups.
type Uses struct {
	ACL  bool // a network ACL with twenty entries a direction, EC2's quota
	NAT  bool // a NAT gateway on the card for each VPC, which the guests' connections pass
	IPv6 bool // instead of IPv4; beside NAT, every other ENI has IPv6, past the gateway
}

// Port is the destination port that the last rule of the last group allows,
// from Sources and Sources6 alone; behind a NAT gateway towards them.
const (
	Port     = 443
	Sources  = "1.0.0.0/8"
	Sources6 = "2001:db8:100::/48"
)

const groupsPerENI, rulesPerGroup, entriesPerACL = 5, 60, 20

// six tells whether ENI number i has IPv6.
func (r Region) six(i int) bool { return r.IPv6 && (!r.NAT || i%2 == 0) }

// translated tells whether the connections of ENI number i pass a NAT gateway.
func (r Region) translated(i int) bool { return r.NAT && !r.six(i) }

// outward tells whether ENI number i opens its connections.
func (r Region) outward(i int) bool { return r.Outward || r.translated(i) }

// owners is how many ENIs share the card's connections.
func (r Region) owners() int {
	if r.NAT {
		return 2 * r.ENIs
	}
	return r.ENIs
}

type object = map[string]any

// Config is the region's configuration.
func (r Region) Config() (*vpc.Config, error) {
	kinds := map[string][]object{}
	for i := range r.ENIs {
		network{r, i, kinds}.add()
	}
	place := object{"Cards": []object{{"Name": "bench", "Vtep": "198.18.0.1/24", "Mac": uplinkMAC.String()}}}
	if r.Limits {
		place["Allowances"] = r.allowances()
	}
	all := object{"Placement": place}
	for kind, list := range kinds {
		all[kind] = list
	}
	text, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	return vpc.Parse("benchmark", text)
}

// allowances are those of each ENI's instance.
func (r Region) allowances() object {
	all := object{}
	for i := range r.ENIs {
		all[instance(i)] = object{"BaselineBandwidthInGbps": 5, "PeakBandwidthInGbps": 10, "PacketsPerSecond": 5_000_000}
	}
	return all
}

// instance is the ID of the instance of ENI number i.
func instance(i int) string { return fmt.Sprintf("i-%d", i) }

// network is the VPC of ENI number i on its way into a configuration.
type network struct {
	Region
	i     int
	kinds map[string][]object
}

// id is the ID of the VPC's object of a kind.
func (v network) id(kind string) string { return fmt.Sprintf("%s-%d", kind, v.i) }

func (v network) put(kind string, o object) { v.kinds[kind] = append(v.kinds[kind], o) }

// add adds the VPC with its one ENI, and its NAT gateway.
func (v network) add() {
	v.put("Vpcs", object{"VpcId": v.id("vpc"), "CidrBlock": "10.0.0.0/16", "Ipv6CidrBlockAssociationSet": []object{{"Ipv6CidrBlock": "2001:db8:1::/56"}}})
	v.put("InternetGateways", object{"InternetGatewayId": v.id("igw"), "Attachments": []object{{"VpcId": v.id("vpc")}}})
	way := object{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": v.id("igw")}
	if v.translated(v.i) {
		v.addSubnet("public", 2, way)
		v.addENI(object{"NetworkInterfaceId": v.id("eni-nat"), "SubnetId": v.id("public"), "InterfaceType": "nat_gateway", "MacAddress": v.natMAC(v.i).String()}, "10.0.2.5")
		v.put("NatGateways", object{"NatGatewayId": v.id("nat"), "VpcId": v.id("vpc"), "SubnetId": v.id("public"), "NatGatewayAddresses": []object{{"NetworkInterfaceId": v.id("eni-nat")}}})
		way = object{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": v.id("nat")}
	}
	v.addSubnet("subnet", 1, way)
	var groups []object
	for g := range groupsPerENI {
		name := fmt.Sprintf("sg-%d-%d", v.i, g)
		groups = append(groups, object{"GroupId": name})
		in, out := v.rules(g), []object{}
		if v.outward(v.i) {
			in, out = out, in
		}
		v.put("SecurityGroups", object{"GroupId": name, "GroupName": name, "VpcId": v.id("vpc"), "IpPermissions": in, "IpPermissionsEgress": out})
	}
	eni := object{"NetworkInterfaceId": v.eni(v.i), "SubnetId": v.id("subnet"), "MacAddress": v.MAC(v.i).String(), "Groups": groups}
	if v.Limits {
		eni["Attachment"] = object{"InstanceId": instance(v.i), "DeviceIndex": 0}
	}
	if v.six(v.i) {
		eni["Ipv6Addresses"] = []object{{"Ipv6Address": guest6}}
	}
	v.addENI(eni, "10.0.1.5")
}

// guest6 is the IPv6 address of each ENI.
const guest6 = "2001:db8:1:1::5"

// addENI adds an ENI with an address, which is public unless the ENI is behind the gateway.
func (v network) addENI(eni object, private string) {
	addr := object{"Primary": true, "PrivateIpAddress": private}
	if !v.translated(v.i) || eni["InterfaceType"] != nil {
		addr["Association"] = object{"PublicIp": fmt.Sprintf("54.0.%d.%d", v.i>>8, v.i&255)}
	}
	eni["VpcId"], eni["PrivateIpAddresses"] = v.id("vpc"), []object{addr}
	v.put("NetworkInterfaces", eni)
}

// addSubnet adds a subnet with routes and a network ACL of its own.
func (v network) addSubnet(name string, number int, way object) {
	v.put("Subnets", object{
		"SubnetId": v.id(name), "VpcId": v.id("vpc"), "CidrBlock": fmt.Sprintf("10.0.%d.0/24", number),
		"Ipv6CidrBlockAssociationSet": []object{{"Ipv6CidrBlock": fmt.Sprintf("2001:db8:1:%d::/64", number)}},
	})
	routes := []object{{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"}, way, {"DestinationIpv6CidrBlock": "::/0", "GatewayId": v.id("igw")}}
	for n := range v.Routes {
		four, six := object{"DestinationCidrBlock": fmt.Sprintf("1.%d.%d.0/24", 128+n>>8, n&255)}, object{"DestinationIpv6CidrBlock": fmt.Sprintf("2001:db8:101:%x::/64", n)}
		four["GatewayId"], six["GatewayId"] = v.id("igw"), v.id("igw")
		routes = append(routes, four, six)
	}
	v.put("RouteTables", object{"RouteTableId": v.id("rtb-" + name), "VpcId": v.id("vpc"), "Associations": []object{{"SubnetId": v.id(name)}}, "Routes": routes})
	if v.ACL {
		v.put("NetworkAcls", object{
			"NetworkAclId": v.id("acl-" + name), "VpcId": v.id("vpc"), "IsDefault": false,
			"Associations": []object{{"NetworkAclAssociationId": v.id("aclassoc-" + name), "NetworkAclId": v.id("acl-" + name), "SubnetId": v.id(name)}},
			"Entries":      append(v.entries(false), v.entries(true)...),
		})
	}
}

// entries are those of a network ACL in one direction. The last one admits everything.
func (v network) entries(egress bool) (list []object) {
	all := object{"CidrBlock": "0.0.0.0/0"}
	if v.six(v.i) {
		all = object{"Ipv6CidrBlock": "::/0"}
	}
	for n := range entriesPerACL {
		e := object{"RuleNumber": 100 + n, "Egress": egress, "Protocol": "6", "RuleAction": "deny", "PortRange": object{"From": 500 + n, "To": 500 + n}}
		if n == entriesPerACL-1 {
			e = object{"RuleNumber": 100 + n, "Egress": egress, "Protocol": "-1", "RuleAction": "allow"}
		}
		maps.Copy(e, all)
		list = append(list, e)
	}
	return list
}

// rules are group g's. Only the last of all admits the benchmark's traffic.
func (v network) rules(g int) (list []object) {
	for n := range rulesPerGroup {
		port, four, six := 1000+g*rulesPerGroup+n, fmt.Sprintf("%d.%d.0.0/16", 100+g, n), fmt.Sprintf("2001:db8:%x::/48", 0x200+g*rulesPerGroup+n)
		if g == groupsPerENI-1 && n == rulesPerGroup-1 {
			port, four, six = Port, Sources, Sources6
		}
		rule := object{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": []object{{"CidrIp": four}}}
		if v.six(v.i) {
			delete(rule, "IpRanges")
			rule["Ipv6Ranges"] = []object{{"CidrIpv6": six}}
		}
		list = append(list, rule)
	}
	return list
}
