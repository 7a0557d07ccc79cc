package vpc

import (
	"reflect"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// Collectors put answers into objects of their own, by region or account, or EC2's objects
// into lists with names of their own. EC2's objects can be told by their members, whatever
// stands around them. Other AWS services print lists of the same names with other contents,
// so inside a collector's object a name alone proves nothing.

// mostWrapped is how many objects may lie around an answer, such as an account, a region, a
// service and a recording.
const mostWrapped = 6

// wrapped reads the value of a name that EC2 does not have, and tells whether something of
// EC2's is inside.
func (d *document) wrapped(name string, r *ec2.Reader) (found bool, err error) {
	switch r.Kind() {
	case '[':
		return d.told(name, r)
	case '{':
		return d.inner(name, r)
	}
	return false, r.Skip()
}

// told reads a list: EC2's objects, which are told by their members, and answers.
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

// inner reads an object inside the document as a document of its own, which counts only if
// it is an answer.
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
		d.problems = before // without the problems of an object that is not EC2's
	}
	d.problems.File = d.String()
	return answer || part.wraps, err
}

// innerSection reads the value of one name of an object inside a document.
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

// settleEmpty takes lists without an object of EC2's for EC2's empty lists, if an SDK's
// envelope or EC2's objects stand beside them, or nothing else does.
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
