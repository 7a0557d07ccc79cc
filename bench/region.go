package bench

import (
	"encoding/json"
	"fmt"

	"nitrocard/nic/vpc"
)

// Region describes the network that a benchmark runs in: one card with ENIs
// of as many VPCs, each in five groups of sixty rules, EC2's default quotas
// (VPC guide, quotas).
type Region struct{ ENIs int }

// Port is the destination port that the last rule of the last group allows,
// from Sources alone.
const (
	Port    = 443
	Sources = "1.0.0.0/8"
)

const groupsPerENI, rulesPerGroup = 5, 60

type object = map[string]any

// Config is the region's configuration.
func (r Region) Config() (*vpc.Config, error) {
	kinds := map[string][]object{}
	for i := range r.ENIs {
		r.add(kinds, i)
	}
	all := object{"Placement": object{"Cards": []object{{"Name": "bench", "Vtep": "198.18.0.1/24", "Mac": uplinkMAC.String()}}}}
	for kind, list := range kinds {
		all[kind] = list
	}
	text, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	return vpc.Parse("benchmark", text)
}

// add adds the VPC number i with its one ENI.
func (r Region) add(kinds map[string][]object, i int) {
	id := func(kind string) string { return fmt.Sprintf("%s-%d", kind, i) }
	put := func(kind string, o object) { kinds[kind] = append(kinds[kind], o) }
	put("Vpcs", object{"VpcId": id("vpc"), "CidrBlock": "10.0.0.0/16"})
	put("Subnets", object{"SubnetId": id("subnet"), "VpcId": id("vpc"), "CidrBlock": "10.0.1.0/24"})
	put("InternetGateways", object{"InternetGatewayId": id("igw"), "Attachments": []object{{"VpcId": id("vpc")}}})
	put("RouteTables", object{
		"RouteTableId": id("rtb"), "VpcId": id("vpc"), "Associations": []object{{"Main": true}},
		"Routes": []object{
			{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"},
			{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": id("igw")},
		},
	})
	var groups []object
	for g := range groupsPerENI {
		name := fmt.Sprintf("sg-%d-%d", i, g)
		groups = append(groups, object{"GroupId": name})
		put("SecurityGroups", object{"GroupId": name, "GroupName": name, "VpcId": id("vpc"), "IpPermissions": rules(g), "IpPermissionsEgress": []object{}})
	}
	put("NetworkInterfaces", object{
		"NetworkInterfaceId": r.eni(i), "VpcId": id("vpc"), "SubnetId": id("subnet"), "MacAddress": r.MAC(i).String(), "Groups": groups,
		"PrivateIpAddresses": []object{{"Primary": true, "PrivateIpAddress": "10.0.1.5", "Association": object{"PublicIp": fmt.Sprintf("54.0.%d.%d", i>>8, i&255)}}},
	})
}

// rules are group g's. Only the last of all admits the benchmark's traffic.
func rules(g int) []object {
	var list []object
	for n := range rulesPerGroup {
		port, from := 1000+g*rulesPerGroup+n, fmt.Sprintf("%d.%d.0.0/16", 100+g, n)
		if g == groupsPerENI-1 && n == rulesPerGroup-1 {
			port, from = Port, Sources
		}
		list = append(list, object{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": []object{{"CidrIp": from}}})
	}
	return list
}
