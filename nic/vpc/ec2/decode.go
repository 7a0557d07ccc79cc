package ec2

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"nitrocard/nic/wire"
)

// Decode fills into, a pointer to a shape, to a list of shapes or to a plain
// value, from a tree, and adds each mistake to p. Nothing in the tree leaves into
// as it is; null counts as absent. A number where a string belongs is taken as
// its digits: YAML makes one of an unquoted account number, port or protocol.
func Decode(path string, tree, into any, p *Problems) {
	d := decoder{p}
	d.value(path, tree, reflect.ValueOf(into).Elem())
}

type decoder struct{ *Problems }

func (d decoder) value(path string, tree any, into reflect.Value) {
	if tree == nil {
		return
	}
	if text, is := into.Addr().Interface().(encoding.TextUnmarshaler); is {
		d.text(path, tree, text)
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		d.value(path, tree, into.Elem())
	case reflect.Struct:
		d.object(path, tree, into)
	case reflect.Slice:
		d.list(path, tree, into)
	case reflect.Map:
		d.dictionary(path, tree, into)
	default:
		d.scalar(path, tree, into)
	}
}

func (d decoder) object(path string, tree any, into reflect.Value) {
	members, is := tree.(map[string]any)
	if !is {
		d.Add(path, "an object is expected, not %s", describe(tree))
		return
	}
	shape := into.Type()
	for _, name := range slices.Sorted(maps.Keys(members)) {
		field, ours := shape.FieldByName(name)
		switch {
		case ours && field.Tag.Get("json") != "-":
			d.value(In(path, name), members[name], into.FieldByIndex(field.Index))
		case !Has(shape.Name(), name):
			d.Add(path, "%s", Unknown(name, Members(shape)))
		}
	}
}

// Members lists the names that a shape takes: ours and EC2's.
func Members(shape reflect.Type) []string {
	all := slices.Clone(names[shape.Name()])
	for _, field := range reflect.VisibleFields(shape) {
		if !slices.Contains(all, field.Name) {
			all = append(all, field.Name)
		}
	}
	return all
}

// Unknown is the reason for a name that does not exist.
func Unknown(name string, known []string) string {
	reason := fmt.Sprintf("there is no field %q", Shorten(name))
	if near := Nearest(name, known); near != "" {
		reason += fmt.Sprintf("; the nearest name is %q", near)
	}
	return reason
}

// list labels an element with its ID or name, which is the first field of its shape.
func (d decoder) list(path string, tree any, into reflect.Value) {
	elements, is := tree.([]any)
	if !is {
		d.Add(path, "a list is expected, not %s", describe(tree))
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(elements), len(elements)))
	for i, e := range elements {
		d.value(At(path, i, idOf(e, into.Type().Elem())), e, into.Index(i))
	}
}

func idOf(tree any, shape reflect.Type) string {
	members, is := tree.(map[string]any)
	if !is || shape.Kind() != reflect.Struct {
		return ""
	}
	field := shape.Field(0).Name
	if !strings.HasSuffix(field, "Id") && field != "Name" {
		return ""
	}
	id, _ := members[field].(string)
	return id
}

func (d decoder) dictionary(path string, tree any, into reflect.Value) {
	members, is := tree.(map[string]any)
	if !is {
		d.Add(path, "an object is expected, not %s", describe(tree))
		return
	}
	into.Set(reflect.MakeMapWithSize(into.Type(), len(members)))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		v := reflect.New(into.Type().Elem()).Elem()
		d.value(In(path, Shorten(name)), members[name], v)
		into.SetMapIndex(reflect.ValueOf(name), v)
	}
}

func (d decoder) text(path string, tree any, into encoding.TextUnmarshaler) {
	s, is := tree.(string)
	if is && into.UnmarshalText([]byte(s)) == nil {
		return
	}
	d.Add(path, "%s is no %s", describe(tree), example(into))
}

func example(of encoding.TextUnmarshaler) string {
	switch of.(type) {
	case *netip.Prefix:
		return "CIDR such as 10.0.0.0/16"
	case *netip.Addr:
		return "IP address such as 10.0.1.5"
	case *wire.MAC:
		return "MAC address such as 06:00:00:00:00:01"
	}
	return fmt.Sprintf("%T", of)
}

func (d decoder) scalar(path string, tree any, into reflect.Value) {
	switch into.Kind() {
	case reflect.String:
		if s, is := digits(tree); is {
			into.SetString(s)
			return
		}
		d.Add(path, "a string is expected, not %s", describe(tree))
	case reflect.Bool:
		if b, is := tree.(bool); is {
			into.SetBool(b)
			return
		}
		d.Add(path, "true or false is expected, not %s", describe(tree))
	default:
		d.number(path, tree, into)
	}
}

// digits is a string, or a whole number as it was written.
func digits(tree any) (string, bool) {
	switch v := tree.(type) {
	case string:
		return v, true
	case json.Number:
		_, err := v.Int64()
		return v.String(), err == nil
	}
	return "", false
}

func (d decoder) number(path string, tree any, into reflect.Value) {
	s, is := digits(tree)
	if _, quoted := tree.(string); quoted || !is {
		d.Add(path, "a whole number is expected, not %s", describe(tree))
		return
	}
	if into.CanUint() {
		n, err := strconv.ParseUint(s, 10, into.Type().Bits())
		if err != nil {
			d.Add(path, "%s is out of range: 0 to %d", Shorten(s), uint64(1)<<into.Type().Bits()-1)
		}
		into.SetUint(n)
		return
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		d.Add(path, "%s is out of range", Shorten(s))
	}
	into.SetInt(n)
}

// describe says what stands in the configuration.
func describe(tree any) string {
	switch v := tree.(type) {
	case string:
		return strconv.Quote(Shorten(v))
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	}
	return Shorten(fmt.Sprint(tree))
}
