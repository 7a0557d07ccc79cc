package vpc

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// source is where a document stands: the n-th JSON or YAML value of a file, or an object
// inside one.
type source struct {
	file   string
	n      int    // from 1
	within string // the names of the objects around the document: "us-east-1.data"
	deep   int    // how many objects are around the document
}

// String names the source as errors do: "all.json (document 2, us-east-1.data)".
func (s source) String() string {
	switch {
	case s.n > 1 && s.deep > 0:
		return fmt.Sprintf("%s (document %d, %s)", s.file, s.n, s.within)
	case s.n > 1:
		return fmt.Sprintf("%s (document %d)", s.file, s.n)
	case s.deep > 0:
		return fmt.Sprintf("%s (%s)", s.file, s.within)
	}
	return s.file
}

// in is the source of the object of that name inside s.
func (s source) in(name string) source {
	if s.within != "" {
		s.within += "."
	}
	s.within += ec2.Shorten(name)
	s.deep++
	return s
}

// document is one answer of EC2's API, or a configuration that people wrote.
type document struct {
	*loader
	source
	config  *Config
	unknown *ec2.Unknown
	yaml    bool

	// What the document has.
	lists    []string              // names of lists
	null     []string              // names of lists that are null
	known    bool                  // something is EC2's
	envelope bool                  // it has a member that only the API puts beside a list
	byHand   bool                  // it has a member that the API never answers
	token    string                // NextToken
	foreign  []string              // names that EC2 does not have
	wrapping []string              // names that EC2 does not have, over objects and answers that are EC2's
	wraps    bool                  // an answer is inside
	taken    instanceENIs          // ENIs that instances tell
	entries  []ec2.PrefixListEntry // of a prefix list, which the document does not hold
	owner    string                // the ID of that list, if the document tells

	// What the document is.
	isAnswer bool     // end judged it to be an answer of EC2's API
	listed   bool     // it is one of a list, and no name has told yet whether it is an answer
	inside   bool     // it is an object inside another, or in a list of objects that are not EC2's
	mixed    bool     // inside: it has more than lists
	empty    []string // inside: its lists that have no object
}

// begin begins a document. From here on, problems and names that EC2 does not have are
// noted in this document.
func (l *loader) begin(r *ec2.Reader, s source) *document {
	l.parts++
	l.problems.File = s.String()
	unknown := &ec2.Unknown{}
	r.Collect(unknown, &l.problems)
	return &document{loader: l, source: s, config: &Config{Unenforced: map[string][]any{}, Places: Places{}}, unknown: unknown, yaml: r.YAML}
}

// document reads one JSON value: an answer, a list of answers, a list of EC2's objects as
// aws --query prints it, or one object of EC2's.
func (l *loader) document(r *ec2.Reader, s source) error {
	switch r.Kind() {
	case '{':
		d := l.begin(r, s)
		err := d.object(r)
		d.end()
		return err
	case '[':
		d, i := l.begin(r, s), 0
		err := d.array(r, &i)
		if d.known || !d.wraps {
			d.end()
		}
		return err
	}
	l.foreign = append(l.foreign, foreign{s, nil})
	return r.Skip()
}

// array reads a list of answers or of objects. Lists inside the list, as aws --query
// Reservations[].Instances prints them, count as one list.
func (d *document) array(r *ec2.Reader, i *int) error {
	return r.Elements(func() error {
		switch r.Kind() {
		case '[':
			return d.array(r, i)
		case '{':
		default:
			return r.Skip()
		}
		raw, err := r.Raw()
		if err != nil {
			return err
		}
		if list := ec2.ListOf(ec2.Names(raw)); list != "" {
			err = d.bare(list, Place{Index: *i}, r.Of(raw))
		} else {
			err = d.oneOf(r.Of(raw))
		}
		*i++
		return err
	})
}

// oneOf reads an answer in a list of answers.
func (d *document) oneOf(r *ec2.Reader) error {
	part := d.loader.begin(r, d.source)
	part.listed = true
	part.yaml = false // people write no lists of answers: --output yaml-stream does
	err := part.object(r)
	part.settleEmpty()
	if !part.known && !part.wraps {
		d.foreign = append(d.foreign, part.foreign...)
		return err
	}
	d.wraps = true
	part.end()
	return err
}

// member is a member that object has read, before it is clear whether the member is an
// answer's or an object's.
type member struct {
	name string
	raw  []byte
}

// mostHeld is the most bytes that object holds back; no object of EC2 has as many.
const mostHeld = 4 << 20

// object reads an answer, or one of EC2's objects alone. The names of the members tell
// which of the two it is, mostly the first name already; until then object holds the
// members back.
func (d *document) object(r *ec2.Reader) error {
	var held []member
	size, answer := 0, false
	err := r.Members(func(name string) error {
		answer = answer || len(held) == 0 && beginsAnswer(name) || size > mostHeld
		d.listed = d.listed && len(held) == 0
		if d.listed && !answer && !ec2.Known(name) {
			d.inside = true
		}
		if kind := r.Kind(); answer || (kind == '{' || kind == '[') && !ec2.Known(name) {
			return d.section(name, r)
		}
		raw, err := r.Raw()
		held, size = append(held, member{name, raw}), size+len(raw)
		return err
	})
	if err != nil {
		return err
	}
	return d.held(held, r)
}

// held reads the members that object has held back, of one of EC2's objects or of an
// answer.
func (d *document) held(held []member, r *ec2.Reader) error {
	names, text := []string{}, []byte("{")
	for i, m := range held {
		if i > 0 {
			text = append(text, ',')
		}
		names = append(names, m.name)
		name, _ := json.Marshal(m.name)
		text = append(append(append(text, name...), ':'), m.raw...)
	}
	if list := ec2.ListOf(names); list != "" {
		return d.bare(list, Place{}, r.Of(append(text, '}')))
	}
	for _, m := range held {
		if err := d.section(m.name, r.Of(m.raw)); err != nil {
			return err
		}
	}
	return nil
}

// beginsAnswer tells whether answers, and no objects, begin with a member of that name.
func beginsAnswer(name string) bool {
	_, ours := section(name)
	return ours || slices.Contains(unenforced, name) || slices.Contains(envelopes, name) || name == "Reservations"
}

// envelopes are the members that the SDKs for Python, Go and JavaScript put beside an
// answer's list.
var envelopes = []string{"ResponseMetadata", "ResultMetadata", "$metadata"}

// section reads the value of one name of an answer.
func (d *document) section(name string, r *ec2.Reader) error {
	field, ours := section(name)
	switch {
	case d.inside:
		return d.innerSection(name, r)
	case name == "Placement":
		d.byHand, d.known = true, true
		return r.Decode(name, &d.config.Placement)
	case name == "PrefixLists" && r.Kind() == '[':
		return d.prefixLists(r)
	case ours && r.Kind() == '{' && field.Type == reflect.TypeFor[[]ec2.VpcBlockPublicAccessOptions]():
		return d.bare(name, Place{}, r)
	case name == "Reservations" || name == "Instances":
		return d.reservations(name, r)
	case ours:
		return d.list(name, r)
	case slices.Contains(unenforced, name):
		return d.unread(name, r)
	case name == "Entries" && r.Kind() == '[':
		d.known = true
		return r.Decode(name, &d.entries)
	case name == "PrefixListId":
		return r.Decode(name, &d.owner)
	case name == "NextToken":
		d.envelope = true
		return r.Decode(name, &d.token)
	case slices.Contains(envelopes, name):
		d.envelope = true
	case ec2.Has(ec2.Lists, name):
		d.known, d.lists = true, append(d.lists, name)
	case ec2.Has(ec2.Answers, name):
		d.known = true
	default:
		found, err := d.wrapped(name, r)
		if found {
			d.wrapping = append(d.wrapping, name)
		} else {
			d.foreign = append(d.foreign, name)
		}
		return err
	}
	return r.Skip()
}
