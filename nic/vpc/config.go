package vpc

import (
	"encoding/json"
	"maps"
	"reflect"

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

	Placement Placement `json:",omitzero"`

	// NextToken is where a describe answer was cut off; the card says so.
	NextToken string `json:",omitzero"`
	// Unenforced holds, as they came, the lists of EC2 objects that act on
	// packets in EC2 and not in this card (VpcEndpoints, FlowLogs, …), so that
	// it can name them.
	Unenforced map[string][]any `json:"-"`
	// Places tells, by list, where each of its objects was read; nil: made otherwise.
	Places Places `json:"-"`
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
	parsed, err := Parse("configuration", data)
	if err == nil {
		*c = *parsed
	}
	return err
}

// merge appends each list of more, and takes its Placement and NextToken.
func (c *Config) merge(more *Config, p *ec2.Problems) {
	to, from := reflect.ValueOf(c).Elem(), reflect.ValueOf(more).Elem()
	for i := range to.NumField() {
		if f := from.Field(i); f.Kind() == reflect.Slice && !f.IsNil() {
			joined := reflect.AppendSlice(to.Field(i), f)
			if joined.IsNil() {
				joined = reflect.MakeSlice(f.Type(), 0, 0)
			}
			to.Field(i).Set(joined)
		}
	}
	if !more.Placement.IsZero() {
		if !c.Placement.IsZero() {
			p.Add("Placement", "stands in more than one file")
		}
		c.Placement = more.Placement
	}
	if more.NextToken != "" {
		c.NextToken = more.NextToken
	}
	if c.Unenforced == nil {
		c.Unenforced = map[string][]any{}
	}
	for list, objects := range maps.All(more.Unenforced) {
		c.Unenforced[list] = append(c.Unenforced[list], objects...)
	}
	if c.Places == nil {
		c.Places = Places{}
	}
	for list, places := range maps.All(more.Places) {
		c.Places[list] = append(c.Places[list], places...)
	}
}
