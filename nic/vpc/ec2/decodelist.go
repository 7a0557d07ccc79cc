package ec2

import (
	"reflect"

	"github.com/go-json-experiment/json/jsontext"
)

// list appends the elements of a list to a slice.
func (d *decoder) list(kind jsontext.Kind, into reflect.Value) error {
	if kind != jsontext.KindBeginArray {
		return d.mistaken(kind, "a list")
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != jsontext.KindEndArray {
		if err := d.element(into); err != nil {
			return err
		}
	}
	if into.IsNil() { // an empty list is there, and no absent one
		into.Set(reflect.MakeSlice(into.Type(), 0, 0))
	}
	_, err := d.ReadToken()
	return err
}

// element reads the next one of a list. Null is an element, too: an empty one.
func (d *decoder) element(into reflect.Value) error { return d.elementAt(into.Len(), into) }

// elementAt is element where the list that the text has began before into's.
func (d *decoder) elementAt(index int, into reflect.Value) error {
	if err := d.objects.take(); err != nil { // null takes room, too
		return err
	}
	i := into.Len()
	if i == into.Cap() {
		into.Grow(d.room(i))
	}
	into.SetLen(i + 1)
	into.Index(i).SetZero()
	d.push(frame{"", index, reflect.Value{}})
	defer d.pop()
	return d.value(into.Index(i))
}

// room is for how many more elements to make room in a list of n. A long list may be
// most of its file, so that the elements so far tell how many may follow.
func (d *decoder) room(n int) int {
	const long, most = 1 << 12, 8
	if read := d.InputOffset(); n >= long && read < d.size {
		rest := int(float64(n) * float64(d.size-read) / float64(read))
		return min(max(rest+rest/16, n/4), most*n, d.objects.left+1)
	}
	return max(1, n)
}

// dictionary fills a map from an object whose names mean something by themselves, such
// as Placement: Vnis.
func (d *decoder) dictionary(kind jsontext.Kind, into reflect.Value) error {
	if kind != jsontext.KindBeginObject {
		return d.mistaken(kind, "an object")
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	into.Set(reflect.MakeMap(into.Type()))
	for d.PeekKind() == jsontext.KindString {
		raw, err := d.ReadValue()
		if err != nil {
			return err
		}
		name, v := unquote(raw), reflect.New(into.Type().Elem()).Elem()
		d.push(frame{Shorten(name), -1, reflect.Value{}})
		d.bound([]byte(name), mostText)
		err = d.value(v)
		d.pop()
		if err != nil {
			return err
		}
		into.SetMapIndex(reflect.ValueOf(name), v)
	}
	_, err := d.ReadToken()
	return err
}
