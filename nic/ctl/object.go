package ctl

import (
	"encoding"
	"encoding/json"
	"iter"
	"reflect"
	"slices"
	"strings"
)

// object is a JSON object in the making, whose fields are written one after the other.
type object struct {
	p      *chunks
	indent string // of its lines, but for the fields'
	before string // what comes before the next field
}

// object begins an object at an indent.
func (p *chunks) object(indent string) *object { return &object{p, indent, "{"} }

// field begins a field. The caller adds its value.
func (o *object) field(name string) {
	o.p.text(o.before + "\n  " + o.indent)
	o.p.value("", name)
	o.p.text(": ")
	o.before = ","
}

// end ends the object.
func (o *object) end() {
	if o.before == "{" {
		o.p.text("{}")
		return
	}
	o.p.text("\n" + o.indent + "}")
}

// parts adds v as value does, but a struct, list or map in it item by item, so that the card has
// a chunk of a long one. The structs must have "omitzero" at all fields, and no other names.
func (p *chunks) parts(indent string, v reflect.Value) {
	switch k := v.Kind(); {
	case encodesItself(v.Type()), k != reflect.Struct && k != reflect.Map && k != reflect.Slice:
		p.value(indent, v.Interface())
	case k == reflect.Slice:
		elements(p, indent, valuesOf(v), p.parts)
	default:
		o := p.object(indent)
		for name, item := range fieldsOf(v) {
			o.field(name)
			p.parts(indent+"  ", item)
		}
		o.end()
	}
}

// valuesOf are the elements of a list.
func valuesOf(v reflect.Value) iter.Seq[reflect.Value] {
	return func(yield func(reflect.Value) bool) {
		for i := range v.Len() {
			if !yield(v.Index(i)) {
				return
			}
		}
	}
}

// fieldsOf are the fields of a struct that are not zero, or the items of a map by their keys, which
// are strings.
func fieldsOf(v reflect.Value) iter.Seq2[string, reflect.Value] {
	return func(yield func(string, reflect.Value) bool) {
		if v.Kind() == reflect.Map {
			for _, key := range slices.SortedFunc(v.Seq(), func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) }) {
				if !yield(key.String(), v.MapIndex(key)) {
					return
				}
			}
			return
		}
		for i := range v.NumField() {
			if item := v.Field(i); !item.IsZero() && !yield(v.Type().Field(i).Name, item) {
				return
			}
		}
	}
}

// encodesItself tells whether values of a type say how they are written, such as addresses.
func encodesItself(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[json.Marshaler]()) || t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}
