package vpc

import (
	"reflect"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// Collectors lay answers into objects of their own, by region or account, or EC2's
// objects into lists with names of their own. The objects tell by their members
// what they are, whatever stands around them. Other services print the same names
// with other contents, so that inside such an object no name alone is believed.

// mostWrapped is how many objects may lie around an answer: an account, a region,
// a service, a recording.
const mostWrapped = 6

// wrapped reads what stands under a name that EC2 does not have, and tells whether
// something of EC2 is in it.
func (d *document) wrapped(name string, r *ec2.Reader) (found bool, err error) {
	switch r.Kind() {
	case '[':
		return d.told(name, r)
	case '{':
		return d.inner(name, r)
	}
	return false, r.Skip()
}

// told reads the objects of a list that are told by their members, and the answers
// in it.
func (d *document) told(name string, r *ec2.Reader) (found bool, err error) {
	i := -1
	err = r.Elements(func() error {
		i++
		if r.Kind() != '{' {
			return r.Skip()
		}
		raw, err := r.Raw()
		if err != nil {
			return err
		}
		if list := ec2.ListOf(ec2.Names(raw)); list != "" {
			found = true
			return d.bare(list, Place{List: ec2.Shorten(name), Index: i}, r.Of(raw))
		}
		in, err := d.inner(name, r.Of(raw))
		found = found || in
		return err
	})
	return found, err
}

// inner reads an object inside the document as a document of its own, which counts
// where it is an answer.
func (d *document) inner(name string, r *ec2.Reader) (bool, error) {
	if d.deep == mostWrapped {
		return false, r.Skip()
	}
	before := d.problems
	part := d.loader.begin(r, d.source.in(name))
	part.yaml, part.inside = d.yaml, true
	err := part.object(r)
	r.Collect(d.unknown, &d.loader.problems)
	part.settleEmpty()
	answer := part.known && part.answer(part.ids())
	if answer || part.wraps {
		d.wraps = true
	}
	if answer {
		part.end()
	} else if !part.wraps {
		d.problems = before // of what is none of EC2's
	}
	d.problems.File = d.String()
	return answer || part.wraps, err
}

// innerSection reads what stands under one name of an object inside a document.
func (d *document) innerSection(name string, r *ec2.Reader) error {
	kind, isList := r.Kind(), ec2.Has(ec2.Lists, name)
	switch {
	case name == "NextToken" && (kind == '"' || kind == 'n'):
		d.envelope = true
		return r.Decode(name, &d.token)
	case slices.Contains(envelopes, name):
		d.envelope = true
		return r.Skip()
	case kind == 'n' && isList:
		d.empty = append(d.empty, name)
		return r.Skip()
	case kind == '[':
		found, err := d.told(name, r)
		switch {
		case !found && isList:
			d.empty = append(d.empty, name)
		case !found:
			d.foreign = append(d.foreign, name)
		}
		return err
	}
	d.mixed = true
	found, err := d.wrapped(name, r)
	if !found && !ec2.Known(name) {
		d.foreign = append(d.foreign, name)
	}
	return err
}

// settleEmpty believes the names of lists in which nothing of EC2 was found, where
// an SDK's envelope or EC2's objects stand beside them, or nothing else.
func (d *document) settleEmpty() {
	if !d.known && !d.envelope && (d.mixed || len(d.foreign) > 0) {
		return
	}
	for _, name := range d.empty {
		d.known = true
		d.lists = append(d.lists, name)
		if field, ours := section(name); ours && field.Type.Kind() == reflect.Slice {
			if list := d.config.list(name); list.IsNil() {
				list.Set(reflect.MakeSlice(list.Type(), 0, 0))
			}
		} else if slices.Contains(unenforced, name) && d.config.Unenforced[name] == nil {
			d.config.Unenforced[name] = []any{}
		}
	}
}
