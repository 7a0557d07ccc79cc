package vpc

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// Put answers a copy of the configuration in which one object, in YAML or JSON,
// takes the place of the one with its ID, or is added. kind names the object's
// list, such as "SecurityGroups"; "Placement" has no ID. An Elastic IP address
// goes by its PublicIp.
func (c *Config) Put(kind string, object []byte) (*Config, error) {
	if kind != "Placement" && !slices.Contains(kinds, kind) {
		return nil, unknownKind(kind)
	}
	next := *c
	field := reflect.ValueOf(&next).Elem().FieldByName(kind)
	p := ec2.Problems{}
	if kind == "Placement" {
		next.Placement = Placement{}
		decode(kind, object, field.Addr().Interface(), &p)
		return sound(&next, &p)
	}
	v := reflect.New(field.Type().Elem()).Elem()
	decode(kind, object, v.Addr().Interface(), &p)
	if p.Err() == nil && idOf(v) == "" {
		p.Add(kind, "%s is missing", v.Type().Field(0).Name)
	}
	next.Places = next.Places.put(kind, indexOf(field, idOf(v)))
	field.Set(replaced(field, v))
	return sound(&next, &p)
}

// decode reads one object that somebody wrote.
func decode(kind string, object []byte, into any, p *ec2.Problems) {
	var unknown ec2.Unknown
	r, err := ec2.UsualBounds.NewReader("", bytes.NewReader(object), p)
	if err == nil {
		r.Collect(&unknown, p)
		if err = r.Decode(kind, into); err == nil {
			err = r.End()
		} else {
			err = r.Explain(err)
		}
	}
	if err != nil {
		p.Add(kind, "%v", err)
		return
	}
	for _, m := range unknown.Members {
		p.Add(m.Path, "%s", m.Reason())
	}
}

func sound(c *Config, p *ec2.Problems) (*Config, error) {
	if err := p.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// Remove answers a copy of the configuration without one object, and without
// what Placement said of it.
func (c *Config) Remove(kind, id string) (*Config, error) {
	if !slices.Contains(kinds, kind) {
		return nil, unknownKind(kind)
	}
	next := *c
	field := reflect.ValueOf(&next).Elem().FieldByName(kind)
	i := indexOf(field, id)
	if i < 0 {
		return nil, notThere(kind, id)
	}
	rest := reflect.MakeSlice(field.Type(), 0, field.Len()-1)
	rest = reflect.AppendSlice(rest, field.Slice(0, i))
	field.Set(reflect.AppendSlice(rest, field.Slice(i+1, field.Len())))
	next.Places = next.Places.without(kind, i)
	next.Placement = c.Placement.without(id)
	if kind == "NetworkInterfaces" {
		next.dropAllowance(c.NetworkInterfaces[i].Attachment)
	}
	return &next, nil
}

// dropAllowance ends the allowance of an instance that lost its last ENI.
func (c *Config) dropAllowance(lost *ec2.NetworkInterfaceAttachment) {
	attached := func(e ec2.NetworkInterface) bool {
		return e.Attachment != nil && e.Attachment.InstanceId == lost.InstanceId
	}
	if lost != nil && !slices.ContainsFunc(c.NetworkInterfaces, attached) {
		c.Placement.Allowances = without(c.Placement.Allowances, lost.InstanceId)
	}
}

// replaced is a copy of a list with v in the place of its like, or at the end.
func replaced(list, v reflect.Value) reflect.Value {
	all := reflect.AppendSlice(reflect.MakeSlice(list.Type(), 0, list.Len()+1), list)
	if i := indexOf(list, idOf(v)); i >= 0 {
		all.Index(i).Set(v)
		return all
	}
	return reflect.Append(all, v)
}

func notThere(kind, id string) error {
	return fmt.Errorf("there is no %q in %s", ec2.Shorten(id), kind)
}

func unknownKind(kind string) error {
	return fmt.Errorf("%q is no kind of object; they are %s", ec2.Shorten(kind), strings.Join(kinds, ", "))
}
