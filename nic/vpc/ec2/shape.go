package ec2

import (
	"encoding"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// shape is a struct as the decoder needs it, found once for each type: reflection by
// name is slow.
type shape struct {
	name    string
	members map[string]member
	label   int // index of the field that labels an object: its ID or name; -1: none
}

// member is one name that a shape takes.
type member struct {
	name  string
	field int // index; -1: EC2 has it, and the card does not read it
	bit   uint64
	most  int // characters, of a string
}

// mostText is how many characters a string may have unless its field's tag says
// otherwise (most): those of a security group's name or description in EC2.
const mostText = 255

var shapes sync.Map // of reflect.Type to *shape

// shapeOf is the shape of a struct type.
func shapeOf(t reflect.Type) *shape {
	if s, found := shapes.Load(t); found {
		return s.(*shape)
	}
	s := &shape{name: t.Name(), members: map[string]member{}, label: -1}
	for _, name := range Members(t) {
		m := member{name, -1, 1 << (len(s.members) & 63), mostText}
		if field, ours := t.FieldByName(name); ours && field.Tag.Get("json") != "-" {
			m.field = field.Index[0]
			if most, err := strconv.Atoi(field.Tag.Get("most")); err == nil {
				m.most = most
			}
		}
		s.members[name] = m
	}
	if first := t.Field(0); first.Type.Kind() == reflect.String && (strings.HasSuffix(first.Name, "Id") || first.Name == "Name") {
		s.label = 0
	}
	shapes.Store(t, s)
	return s
}

// names are what the shape takes, for an error.
func (s *shape) names() []string {
	var all []string
	for name := range s.members {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// Members lists the names that a shape takes: ours and EC2's.
func Members(t reflect.Type) []string {
	all := slices.Clone(names[t.Name()])
	for _, field := range reflect.VisibleFields(t) {
		if field.Tag.Get("json") != "-" && !slices.Contains(all, field.Name) {
			all = append(all, field.Name)
		}
	}
	return all
}

var unmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

var texts sync.Map // of reflect.Type to whether isText

// isText tells whether a type reads its values from text itself, as an address does. Each
// value of a file asks, so the answers are kept.
func isText(t reflect.Type) bool {
	if is, known := texts.Load(t); known {
		return is.(bool)
	}
	is := reflect.PointerTo(t).Implements(unmarshaler)
	texts.Store(t, is)
	return is
}
