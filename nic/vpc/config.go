package vpc

import (
	"encoding/json"
	"iter"
	"maps"
	"reflect"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// Config is a region as EC2's describe-* commands tell it, and where its parts
// are (Placement). It is plain data; nothing changes it once it was compiled.
// A nil list was not in the configuration, an empty one was there and empty:
// references into a list that is not there are not called dangling.
type Config struct {
	Vpcs                         []ec2.Vpc                         `json:",omitzero"`
	Subnets                      []ec2.Subnet                      `json:",omitzero"`
	RouteTables                  []ec2.RouteTable                  `json:",omitzero"`
	NetworkAcls                  []ec2.NetworkAcl                  `json:",omitzero"`
	SecurityGroups               []ec2.SecurityGroup               `json:",omitzero"`
	SecurityGroupVpcAssociations []ec2.SecurityGroupVpcAssociation `json:",omitzero"`
	NetworkInterfaces            []ec2.NetworkInterface            `json:",omitzero"`
	Addresses                    []ec2.Address                     `json:",omitzero"`
	InternetGateways             []ec2.InternetGateway             `json:",omitzero"`
	NatGateways                  []ec2.NatGateway                  `json:",omitzero"`
	VpcPeeringConnections        []ec2.VpcPeeringConnection        `json:",omitzero"`
	ManagedPrefixLists           []ec2.ManagedPrefixList           `json:",omitzero"`
	PrefixLists                  []ec2.PrefixList                  `json:",omitzero"`
	VpcBlockPublicAccessOptions  []ec2.VpcBlockPublicAccessOptions `json:",omitzero"` // one an account and region

	Placement Placement `json:",omitzero"`

	// Unenforced holds, as they came, the lists of EC2 objects that act on
	// packets in EC2 and not in this card (VpcEndpoints, FlowLogs, …), so that
	// it can name them.
	Unenforced map[string][]any `json:"-"`
	// Places tells, by list, where each of its objects was read; nil: made otherwise.
	Places Places `json:"-"`
	// Answer tells whether some of it came as an answer of EC2's API.
	Answer bool `json:"-"`
	// Notices are what was passed over while reading.
	Notices []Notice `json:"-"`
}

// MarshalJSON writes what Parse reads, under EC2's names.
func (c *Config) MarshalJSON() ([]byte, error) {
	type plain Config
	data, err := json.Marshal((*plain)(c))
	if err != nil || len(c.Unenforced) == 0 {
		return data, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	for list, objects := range c.Unenforced {
		if all[list], err = json.Marshal(objects); err != nil {
			return nil, err
		}
	}
	return json.Marshal(all)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (c *Config) UnmarshalJSON(data []byte) error {
	parsed, err := Strict.Parse("configuration", data)
	if err == nil {
		*c = *parsed
	}
	return err
}

// sectionNames are the lists, and Placement.
var sectionNames = func() (names []string) {
	for field := range fieldsOf(&Config{}) {
		names = append(names, field.Name)
	}
	return names
}()

// fieldsOf yields what a configuration has under a name of its own.
func fieldsOf(c *Config) iter.Seq2[reflect.StructField, reflect.Value] {
	return func(yield func(reflect.StructField, reflect.Value) bool) {
		v := reflect.ValueOf(c).Elem()
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Tag.Get("json") != "-" && !yield(f, v.Field(i)) {
				return
			}
		}
	}
}

// list is the list of that name, or Placement.
func (c *Config) list(name string) reflect.Value { return reflect.ValueOf(c).Elem().FieldByName(name) }

// section finds the list (or Placement) of that name.
func section(name string) (reflect.StructField, bool) {
	field, found := reflect.TypeFor[Config]().FieldByName(name)
	return field, found && slices.Contains(sectionNames, name)
}

// unenforced lists what has an effect on packets in EC2 and none here. The other
// lists that describe-* commands answer with (Reservations, AvailabilityZones, …)
// say nothing that a card could act on.
var unenforced = []string{
	"CarrierGateways", "ClientVpnEndpoints", "EgressOnlyInternetGateways", "FlowLogs", "LocalGateways", "RouteServers",
	"TrafficMirrorSessions", "TransitGatewayAttachments", "TransitGateways", "TransitGatewayVpcAttachments",
	"VpcBlockPublicAccessExclusions", "VpcEndpoints", "VpnConnections", "VpnGateways",
}

// withoutObjects is a copy without Placement and the objects that have IDs. Of
// their lists it still tells which are there.
func (c *Config) withoutObjects() *Config {
	rest := *c
	rest.Placement = Placement{}
	rest.Places = maps.Clone(c.Places)
	v := reflect.ValueOf(&rest).Elem()
	for _, kind := range kinds {
		if list := v.FieldByName(kind); !list.IsNil() {
			list.Set(reflect.MakeSlice(list.Type(), 0, 0))
		}
		delete(rest.Places, kind)
	}
	return &rest
}

// gives tells whether a list is in the configuration, maybe empty.
func (c *Config) gives(kind string) bool {
	return !reflect.ValueOf(c).Elem().FieldByName(kind).IsNil()
}

// withList is a copy in which a list is there, and empty if it was not.
func (c *Config) withList(kind string) *Config {
	next := *c
	if list := reflect.ValueOf(&next).Elem().FieldByName(kind); list.IsNil() {
		list.Set(reflect.MakeSlice(list.Type(), 0, 0))
	}
	return &next
}

// present are the lists that are in the configuration.
func (c *Config) present() (all []string) {
	for _, kind := range kinds {
		if c.gives(kind) {
			all = append(all, kind)
		}
	}
	return all
}

// sections is what the configuration holds beside objects with IDs, by name.
func (c *Config) sections() map[string]any {
	all := map[string]any{}
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Tag.Get("json") != "-" && field.Name != "Placement" && !slices.Contains(kinds, field.Name) && !v.Field(i).IsZero() {
			all[field.Name] = v.Field(i).Interface()
		}
	}
	for list, objects := range c.Unenforced {
		all[list] = objects
	}
	return all
}
