package vpc

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// Edit adds an object, puts it in the place of the one with the same ID, or removes it.
type Edit struct {
	Kind   string // the object's list, such as "SecurityGroups"; a section without IDs, such as "Placement"; KindRegionPlacement, KindENIPlacement or KindMappings
	ID     string // of an Elastic IP address its PublicIp
	Object any    // a pointer to the object's shape, such as *ec2.SecurityGroup, or a section's list, not to be changed any more; nil removes
}

// KindENIPlacement is the kind of an edit that says where one ENI is, with an
// *ENIPlacement.
const KindENIPlacement = "ENIPlacements"

// Put makes the edit that adds an object, written in YAML or JSON, or puts it in the place
// of the one with the same ID. kind is as Edit.Kind.
func Put(kind string, data []byte) (Edit, error) {
	var p ec2.Problems
	switch {
	case kind == "Placement", kind == KindRegionPlacement:
		place := new(Placement)
		decode(kind, data, place, &p)
		return Edit{kind, "", place}, p.Err()
	case kind == KindENIPlacement:
		place := new(ENIPlacement)
		decode(kind, data, place, &p)
		return Edit{kind, "", place}, p.Err()
	case isSection(kind):
		return putSection(kind, data)
	case !slices.Contains(kinds, kind):
		return Edit{}, unknownKind(kind)
	}
	v := readObject(kind, data, &p)
	if p.Err() == nil && idOf(v) == "" {
		p.Add(kind, "%s is missing", v.Type().Field(0).Name)
	}
	return Edit{kind, idOf(v), v.Addr().Interface()}, p.Err()
}

// Draft reads an object for Create, written in YAML or JSON: it has no ID yet. The result is a
// pointer to the object's shape.
func Draft(kind string, data []byte) (any, error) {
	var p ec2.Problems
	if idPrefixes[kind] == "" {
		return nil, fmt.Errorf("%q: only %s can be created", ec2.Shorten(kind), strings.Join(slices.Sorted(maps.Keys(idPrefixes)), ", "))
	}
	v := readObject(kind, data, &p)
	if kind != "Addresses" && idOf(v) != "" {
		p.Add(kind, "%s %s: who creates an object gets its ID, and does not give it", v.Type().Field(0).Name, ec2.Shorten(idOf(v)))
	}
	return v.Addr().Interface(), p.Err()
}

// readObject reads an object of a list.
func readObject(kind string, data []byte, p *ec2.Problems) reflect.Value {
	list, _ := section(kind)
	v := reflect.New(list.Type.Elem())
	decode(kind, data, v.Interface(), p)
	return v.Elem()
}

// putSection is Put for a section without IDs.
func putSection(kind string, data []byte) (Edit, error) {
	var p ec2.Problems
	if slices.Contains(unenforced, kind) {
		var objects []any // as a whole configuration's are read
		read(kind, data, &p, func(r *ec2.Reader) error {
			tree, err := r.Tree()
			var is bool
			if objects, is = tree.([]any); !is && err == nil {
				p.Add(kind, "a list is expected")
			}
			return err
		})
		return Edit{kind, "", objects}, p.Err()
	}
	list, _ := section(kind)
	v := reflect.New(list.Type)
	decode(kind, data, v.Interface(), &p)
	return Edit{kind, "", v.Elem().Interface()}, p.Err()
}

// Remove makes the edit that removes an object, and its place in Placement. Remove is an
// error if there is no such object.
func (r *Region) Remove(kind, id string) (Edit, error) {
	switch {
	case !slices.Contains(kinds, kind):
		return Edit{}, unknownKind(kind)
	case !r.has(kind, id):
		return Edit{}, notThere(kind, id)
	}
	return Edit{Kind: kind, ID: id}, nil
}

// decode reads one object that people wrote.
func decode(kind string, object []byte, into any, p *ec2.Problems) {
	read(kind, object, p, func(r *ec2.Reader) error { return r.Decode(kind, into) })
}

// read reads one object that people wrote, as value does.
func read(kind string, object []byte, p *ec2.Problems, value func(*ec2.Reader) error) {
	var unknown ec2.Unknown
	r, err := ec2.UsualBounds.NewReader("", bytes.NewReader(object), p)
	if err == nil {
		r.Collect(&unknown, p)
		if err = value(r); err == nil {
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

// notThere is the error of an ID that a list lacks.
func notThere(kind, id string) error {
	return fmt.Errorf("there is no %q in %s", ec2.Shorten(id), kind)
}

// unknownKind is the error of a kind that does not exist.
func unknownKind(kind string) error {
	return fmt.Errorf("%q is no kind of object; they are %s", ec2.Shorten(kind), strings.Join(kinds, ", "))
}
