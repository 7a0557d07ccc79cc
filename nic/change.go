package nic

import (
	"encoding/json"
	"maps"
	"slices"

	"nitrocard/nic/vpc"
)

// compare lists what differs between two configurations, object by object.
func compare(old, new *vpc.Config) Change {
	before, after := objects(old), objects(new)
	c := Change{Added: []string{}, Changed: []string{}, Removed: []string{}}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		switch was, ok := before[name]; {
		case !ok:
			c.Added = append(c.Added, name)
		case was != after[name]:
			c.Changed = append(c.Changed, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, ok := after[name]; !ok {
			c.Removed = append(c.Removed, name)
		}
	}
	return c
}

// identities are the fields that name an object, by kind.
var identities = map[string]string{
	"Vpcs": "VpcId", "Subnets": "SubnetId", "RouteTables": "RouteTableId", "NetworkAcls": "NetworkAclId",
	"SecurityGroups": "GroupId", "NetworkInterfaces": "NetworkInterfaceId", "Addresses": "PublicIp",
	"InternetGateways": "InternetGatewayId", "NatGateways": "NatGatewayId",
	"VpcPeeringConnections": "VpcPeeringConnectionId", "ManagedPrefixLists": "PrefixListId", "PrefixLists": "PrefixListId",
}

// objects are a configuration's objects as JSON, by kind and ID.
func objects(c *vpc.Config) map[string]string {
	all := map[string]string{}
	if c == nil {
		return all
	}
	text, err := json.Marshal(c)
	if err != nil {
		return all
	}
	var kinds map[string]json.RawMessage
	if json.Unmarshal(text, &kinds) != nil {
		return all
	}
	for kind, raw := range kinds {
		var list []json.RawMessage
		if identities[kind] == "" || json.Unmarshal(raw, &list) != nil {
			all[kind] = string(raw)
			continue
		}
		for _, o := range list {
			var fields map[string]json.RawMessage
			json.Unmarshal(o, &fields)
			var id string
			json.Unmarshal(fields[identities[kind]], &id)
			all[kind+" "+id] = string(o)
		}
	}
	return all
}
