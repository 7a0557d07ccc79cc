package ec2

import (
	"bytes"
	"io"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Reader reads the JSON values of one text, whatever file holds it.
type Reader struct {
	YAML bool // it is YAML, as people write

	decoder decoder
	lines   *lines
}

// NewReader reads what stands in a file of that name. Mistakes are added to p.
func (bounds Bounds) NewReader(name string, r io.Reader, p *Problems) (*Reader, error) {
	t, isYAML, err := bounds.text(name, r)
	if err != nil {
		return nil, err
	}
	l := &lines{r: t}
	d := decoder{Decoder: newJSON(l), problems: p, unknown: &Unknown{}, objects: &budget{bounds.Objects, bounds.Objects}, recent: new(recent), most: mostText}
	if f, is := r.(interface{ Stat() (fs.FileInfo, error) }); is && !isYAML {
		if info, err := f.Stat(); err == nil {
			d.size = info.Size()
		}
	}
	return &Reader{YAML: isYAML, lines: l, decoder: d}, nil
}

// Collect notes names that EC2 does not have, and mistakes, from here on.
func (r *Reader) Collect(u *Unknown, p *Problems) { r.decoder.unknown, r.decoder.problems = u, p }

// Of reads a value that Raw answered.
func (r *Reader) Of(raw []byte) *Reader {
	sub := *r
	sub.decoder.Decoder = newJSON(bytes.NewReader(raw))
	sub.decoder.stack, sub.decoder.pending, sub.decoder.size = nil, nil, 0
	return &sub
}

// Kind tells what comes next: '{', '[', another value by its first byte, 0 at the end or
// before what is no JSON.
func (r *Reader) Kind() byte { return byte(r.decoder.PeekKind()) }

// End is nil where the text ended as it should.
func (r *Reader) End() error {
	if _, err := r.decoder.ReadToken(); err != io.EOF {
		return r.Explain(err)
	}
	return nil
}

// Explain says what is wrong with the JSON, and in which line.
func (r *Reader) Explain(err error) error { return r.lines.explain(err) }

// Size is how many bytes of JSON were read.
func (r *Reader) Size() int64 { return r.lines.before + int64(len(r.lines.recent)) }

// Skip passes a value over.
func (r *Reader) Skip() error { return r.decoder.SkipValue() }

// Raw is the next value as it stands.
func (r *Reader) Raw() ([]byte, error) {
	raw, err := r.decoder.ReadValue()
	return bytes.Clone(raw), err
}

// Tree is the next value in maps, slices, strings, json.Number, booleans and nil.
func (r *Reader) Tree() (any, error) { return r.decoder.tree() }

// Members calls each with the names of the object that is next. It reads the
// value.
func (r *Reader) Members(each func(name string) error) error {
	d := &r.decoder
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() == jsontext.KindString {
		raw, err := d.ReadValue()
		if err == nil {
			err = each(unquote(raw))
		}
		if err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// Elements calls each for the elements of the list that is next. It reads them.
func (r *Reader) Elements(each func() error) error {
	d := &r.decoder
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != jsontext.KindEndArray {
		if err := each(); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// Decode fills into, a pointer to a shape, a list of them or a plain value, from
// the next value. name is its path. A list gets further elements, and a list that
// was null stays as it is.
func (r *Reader) Decode(name string, into any) error {
	d, v := &r.decoder, reflect.ValueOf(into).Elem()
	d.push(frame{name, -1, reflect.Value{}})
	defer d.pop()
	defer d.settle()
	if v.Kind() != reflect.Slice || d.PeekKind() != jsontext.KindBeginArray {
		return d.value(v)
	}
	if v.IsNil() {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
	return r.Elements(func() error {
		if v.Len() == longList && !d.problems.Full() {
			if err := d.parallel(v); err != nil || d.PeekKind() == jsontext.KindEndArray {
				return err
			}
		}
		if d.problems.Full() {
			d.problems.Pass()
			return r.Skip()
		}
		defer d.settle()
		return d.element(v)
	})
}

// Add decodes one element at the end of a list. i is its index where it stands.
func (r *Reader) Add(name string, i int, list any) error {
	d, v := &r.decoder, reflect.ValueOf(list).Elem()
	if d.problems.Full() {
		d.problems.Pass()
		return r.Skip()
	}
	d.push(frame{name, -1, reflect.Value{}})
	defer d.pop()
	defer d.settle()
	return d.elementAt(i, v)
}

// IsJSON tells by a file's name that it is JSON, packed or not.
func IsJSON(name string) bool {
	name = strings.ToLower(name)
	return filepath.Ext(strings.TrimSuffix(name, ".gz")) == ".json"
}
