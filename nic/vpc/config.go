package vpc

import (
	"encoding/json"
	"iter"
	"maps"
	"reflect"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// Config is a region as EC2's describe-* commands tell it, and where its parts are
// (Placement). Config is plain data; do not change it after it was compiled. A nil list
// was not in the configuration, and an empty list was there: only a reference into a list
// that was there can be dangling.
type Config struct {
	Vpcs                         []ec2.Vpc                         `json:",omitzero"`
	VpcAttributes                []ec2.VpcAttribute                `json:",omitzero"`
	DhcpOptions                  []ec2.DhcpOptions                 `json:",omitzero"`
	Subnets                      []ec2.Subnet                      `json:",omitzero"`
	RouteTables                  []ec2.RouteTable                  `json:",omitzero"`
	NetworkAcls                  []ec2.NetworkAcl                  `json:",omitzero"`
	SecurityGroups               []ec2.SecurityGroup               `json:",omitzero"`
	SecurityGroupVpcAssociations []ec2.SecurityGroupVpcAssociation `json:",omitzero"`
	NetworkInterfaces            []ec2.NetworkInterface            `json:",omitzero"`
	Instances                    []ec2.Instance                    `json:",omitzero"`
	InstanceAttributes           []ec2.InstanceAttribute           `json:",omitzero"` // user data
	InstanceTypes                []ec2.InstanceTypeInfo            `json:",omitzero"`
	KeyPairs                     []ec2.KeyPair                     `json:",omitzero"`
	Addresses                    []ec2.Address                     `json:",omitzero"`
	InternetGateways             []ec2.InternetGateway             `json:",omitzero"`
	NatGateways                  []ec2.NatGateway                  `json:",omitzero"`
	VpcPeeringConnections        []ec2.VpcPeeringConnection        `json:",omitzero"`
	ManagedPrefixLists           []ec2.ManagedPrefixList           `json:",omitzero"`
	PrefixLists                  []ec2.PrefixList                  `json:",omitzero"`
	VpcBlockPublicAccessOptions  []ec2.VpcBlockPublicAccessOptions `json:",omitzero"` // one an account and region

	Placement Placement `json:",omitzero"`

	// Unenforced holds the lists of EC2 objects that act on packets in EC2 and not in this
	// card (VpcEndpoints, FlowLogs, …), as they were read, so that notices can name them.
	Unenforced map[string][]any `json:"-"`
	// Places tells, by list, where each object was read; nil if no file was read.
	Places Places `json:"-"`
	// Answer tells whether a document of the configuration is an answer of EC2's API.
	Answer bool `json:"-"`
	// Notices tell what reading passed over.
	Notices []Notice `json:"-"`
}

// MarshalJSON writes the configuration under EC2's names, as Parse reads it.
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

// UnmarshalJSON reads what MarshalJSON wrote, and is strict about names.
func (c *Config) UnmarshalJSON(data []byte) error {
	parsed, err := Strict.Parse("configuration", data)
	if err == nil {
		*c = *parsed
	}
	return err
}

// sectionNames are the names of the lists, and "Placement".
var sectionNames = func() (names []string) {
	for field := range fieldsOf(&Config{}) {
		names = append(names, field.Name)
	}
	return names
}()

// fieldsOf yields the lists of a configuration, and Placement.
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

// unenforced are the lists whose objects have an effect on packets in EC2 and none in this
// card. A card has nothing to act on in the other lists of describe-* commands
// (Reservations, AvailabilityZones, …).
var unenforced = []string{
	"CarrierGateways", "ClientVpnEndpoints", "EgressOnlyInternetGateways", "FlowLogs", "LocalGateways", "RouteServers",
	"TrafficMirrorSessions", "TransitGatewayAttachments", "TransitGateways", "TransitGatewayVpcAttachments",
	"VpcBlockPublicAccessExclusions", "VpcEndpoints", "VpnConnections", "VpnGateways",
}

// withoutObjects is a copy without Placement and without the objects that have IDs. A
// list that was there is still there, and empty.
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

// gives tells whether a list is in the configuration, though it may be empty.
func (c *Config) gives(kind string) bool {
	return !reflect.ValueOf(c).Elem().FieldByName(kind).IsNil()
}

// withList is a copy in which a list is there. If the list was not there, it is empty.
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

// sections are the lists without IDs that the configuration has, by name.
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
