package oracle

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"nitrocard/nic/vpc"
)

// story is a region and what happens in it.
type story struct {
	config  *vpc.Config
	steps   []step
	watched bool
	kind    string // of disagreement that the story is about; "" is any
}

// fails plays the story, and tells whether it ends in its disagreement, and how many
// steps that takes.
func (s story) fails(t testing.TB) (steps int, fails bool) {
	n, _, err := s.play(t, false)
	var d *disagreement
	return n, errors.As(err, &d) && (s.kind == "" || s.kind == d.kind())
}

// play plays the story to its end or to the first error: a disagreement, or a change that
// the cards refuse.
func (s story) play(t testing.TB, tell bool) (steps int, told []string, err error) {
	p, err := newPlay(t, s.config, s.watched)
	if err != nil {
		return 0, nil, err
	}
	defer p.f.close()
	p.keep = tell
	for i, step := range s.steps {
		if _, err := p.do(step); err != nil {
			return i + 1, append(p.told, p.f.flows()...), err
		}
	}
	return len(s.steps), p.told, nil
}

// shorten is the story without what its disagreement does not need.
func (s story) shorten(t testing.TB) story {
	if n, fails := s.fails(t); fails {
		s.steps = s.steps[:n]
	}
	for size := len(s.steps) / 2; size > 0; size /= 2 {
		for from := 0; from+size <= len(s.steps); {
			less := s
			less.steps = slices.Delete(slices.Clone(s.steps), from, from+size)
			if _, fails := less.fails(t); fails {
				s = less
			} else {
				from += size
			}
		}
	}
	return s.without(t)
}

// without takes objects, rules, entries and routes out of the configuration.
func (s story) without(t testing.TB) story {
	for again := true; again; {
		again = false
		for _, smaller := range smallerThan(s.config) {
			less := s
			less.config = smaller
			if _, fails := less.fails(t); fails {
				s, again = less, true
				break
			}
		}
	}
	return s
}

// smallerThan are the configurations with one element of one list less.
func smallerThan(c *vpc.Config) (all []*vpc.Config) {
	for n := 0; ; n++ {
		data, _ := json.Marshal(c)
		copied := &vpc.Config{}
		if copied.UnmarshalJSON(data) != nil {
			return all
		}
		left := n
		if !cut(reflect.ValueOf(copied).Elem(), &left) {
			return all
		}
		all = append(all, copied)
	}
}

// cut takes the element out that is the n-th of all lists in a value.
func cut(v reflect.Value, n *int) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return !v.IsNil() && cut(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && v.Type().Field(i).Tag.Get("json") != "-" && cut(v.Field(i), n) {
				return true
			}
		}
	case reflect.Slice:
		if v.Len() > *n {
			v.Set(reflect.AppendSlice(v.Slice3(0, *n, *n), v.Slice(*n+1, v.Len())))
			return true
		}
		*n -= v.Len()
		for i := range v.Len() {
			if cut(v.Index(i), n) {
				return true
			}
		}
	}
	return false
}

// String is the story for people.
func (s story) tell(t testing.TB) string {
	var b strings.Builder
	v := reflect.ValueOf(s.config).Elem()
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Tag.Get("json") == "-" || v.Field(i).IsZero() {
			continue
		}
		if v.Field(i).Kind() != reflect.Slice {
			text, _ := json.Marshal(v.Field(i).Interface())
			fmt.Fprintf(&b, "%s %s\n", field.Name, text)
			continue
		}
		for j := range v.Field(i).Len() {
			text, _ := json.Marshal(v.Field(i).Index(j).Interface())
			fmt.Fprintf(&b, "%s %s\n", field.Name, text)
		}
	}
	_, told, err := s.play(t, true)
	fmt.Fprintf(&b, "\n%s\n\n%v", strings.Join(told, "\n"), err)
	return b.String()
}
