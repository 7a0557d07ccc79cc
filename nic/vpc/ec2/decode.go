package ec2

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// decoder reads JSON values into shapes. A mistake is noted and passed over, so
// that all are found; an error is what ends the text.
type decoder struct {
	*jsontext.Decoder
	problems *Problems
	unknown  *Unknown
	stack    []frame
	pending  []pending
	objects  *budget
	recent   *recent
	most     int   // characters of a string at hand
	size     int64 // of the text; 0: unknown
}

// recent are strings that were read before, so that a subnet's ID which a million
// ENIs name is in memory once. A string is in the place of its last byte and length.
type recent [1 << 10]string

// get is the text as a string.
func (r *recent) get(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	n := len(text)
	place := &r[(uint(text[n-1])^uint(text[n/2])<<3^uint(n)<<7)%uint(len(r))]
	if *place != string(text) {
		*place = string(text)
	}
	return *place
}

// budget is how many objects a text may still have.
type budget struct{ left, all int }

// take counts one object. The error ends the text, since what follows would fill the
// memory.
func (b *budget) take() error {
	if b.left--; b.left < 0 {
		return fmt.Errorf("has more than %d objects: leave out those that the card does not act on", b.all)
	}
	return nil
}

// value fills into; null counts as absent, and so does what has a wrong type.
func (d *decoder) value(into reflect.Value) error {
	kind := d.PeekKind()
	switch {
	case kind == jsontext.KindNull:
		return d.SkipValue()
	case into.Kind() == reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		return d.value(into.Elem())
	case into.Kind() == reflect.Slice:
		return d.list(kind, into)
	case into.Kind() == reflect.Map:
		return d.dictionary(kind, into)
	case into.Type().PkgPath() != "" && into.CanAddr() && isText(into.Type()):
		return d.text(kind, into)
	case into.Kind() == reflect.Struct:
		return d.object(kind, into)
	}
	return d.scalar(kind, into)
}

// mistaken notes a value of a wrong type and passes it over.
func (d *decoder) mistaken(kind jsontext.Kind, expected string) error {
	switch kind {
	case jsontext.KindBeginObject, jsontext.KindBeginArray:
		d.wrong("%s is expected, not %s", expected, map[bool]string{true: "an object", false: "a list"}[kind == jsontext.KindBeginObject])
		return d.SkipValue()
	}
	v, err := d.ReadValue()
	if err == nil {
		d.wrong("%s is expected, not %s", expected, described(v))
	}
	return err
}

// object fills a struct from an object.
func (d *decoder) object(kind jsontext.Kind, into reflect.Value) error {
	if kind != jsontext.KindBeginObject {
		return d.mistaken(kind, "an object")
	}
	if err := d.objects.take(); err != nil {
		return err
	}
	if len(d.stack) > 0 {
		d.stack[len(d.stack)-1].object = into
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	s, seen, first := shapeOf(into.Type()), uint64(0), len(d.unknown.Members)
	for d.PeekKind() == jsontext.KindString {
		raw, err := d.ReadValue()
		if err != nil {
			return err
		}
		m, known := s.members[string(raw[1:len(raw)-1])]
		if !known {
			if err := d.unknownMember(s, unquote(raw)); err != nil {
				return err
			}
			continue
		}
		seen |= m.bit
		if m.field < 0 {
			d.unknown.Extra = true
			err = d.SkipValue()
		} else {
			err = d.member(into, m)
		}
		if err != nil {
			return err
		}
	}
	d.unknown.judge(first, s, seen)
	_, err := d.ReadToken()
	return err
}

// member fills one field of a struct.
func (d *decoder) member(into reflect.Value, m member) error {
	d.push(frame{m.name, -1, reflect.Value{}})
	defer d.pop()
	around := d.most
	d.most = m.most
	err := d.value(into.Field(m.field))
	d.most = around
	return err
}

// bound notes a text of too many characters.
func (d *decoder) bound(text []byte, most int) {
	if len(text) > most && utf8.RuneCount(text) > most {
		d.wrong("it has %d characters; %d are the most", utf8.RuneCount(text), most)
	}
}

// unknownMember notes a name that the shape does not have.
func (d *decoder) unknownMember(s *shape, name string) error {
	if err := d.SkipValue(); err != nil {
		return err
	}
	i := d.unknown.add(s.name, name, s.names())
	if i < 0 {
		return nil
	}
	d.note(func(path, _ string) { d.unknown.Members[i].Path = path }, "")
	return nil
}

// tree reads a value as it is, for what has no shape.
func (d *decoder) tree() (tree any, err error) {
	raw, err := d.ReadValue()
	if err != nil {
		return nil, err
	}
	return tree, unmarshal(raw, &tree)
}

// unmarshal reads a value into maps and slices. Numbers stay text: an account number
// is no float.
func unmarshal(raw []byte, tree *any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(tree)
}
