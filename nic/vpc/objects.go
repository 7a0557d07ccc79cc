package vpc

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// kinds are the lists whose objects have an ID, which is the first field of the shape.
var kinds = []string{
	"Addresses", "DhcpOptions", "InstanceAttributes", "InstanceTypes", "Instances", "InternetGateways", "KeyPairs", "ManagedPrefixLists", "NatGateways", "NetworkAcls", "NetworkInterfaces", "PrefixLists",
	"RouteTables", "SecurityGroups", "Subnets", "VpcAttributes", "VpcPeeringConnections", "Vpcs",
}

// Object is the object of an ID, of any kind. The ID of an Elastic IP address is its
// PublicIp.
func (c *Config) Object(id string) (any, error) {
	v := reflect.ValueOf(c).Elem()
	for _, kind := range kinds {
		list := v.FieldByName(kind)
		if i := indexOf(list, id); i >= 0 {
			return list.Index(i).Interface(), nil
		}
	}
	return nil, fmt.Errorf("the configuration has no object %q", ec2.Shorten(id))
}

// Count is how many objects of a kind there are.
type Count struct {
	Kind  string `json:"kind"`
	Count int    `json:"count"`
}

// Counts tells how many objects of each kind there are, the kinds that the card reads
// first.
func (c *Config) Counts() []Count {
	var counts []Count
	for field, list := range fieldsOf(c) {
		if list.Kind() == reflect.Slice && list.Len() > 0 {
			counts = append(counts, Count{field.Name, list.Len()})
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(c.Unenforced)) {
		if n := len(c.Unenforced[kind]); n > 0 {
			counts = append(counts, Count{kind, n})
		}
	}
	return counts
}

// indexOf is the index of an ID in a list of shapes; -1: it is not there.
func indexOf(list reflect.Value, id string) int {
	for i := range list.Len() {
		if idOf(list.Index(i)) == id {
			return i
		}
	}
	return -1
}

// idOf is the first field of a shape, which is its ID, as text.
func idOf(object reflect.Value) string {
	id := object.Field(0)
	switch {
	case id.Kind() == reflect.String:
		return id.String()
	case id.IsZero():
		return ""
	}
	return fmt.Sprint(id)
}
