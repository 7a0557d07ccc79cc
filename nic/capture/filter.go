package capture

import (
	"fmt"

	"nitrocard/nic/printable"
)

// Filter is an expression that chooses packets. nil chooses all.
type Filter struct {
	text  string
	match test
	reach int
}

// test tells whether a packet matches. A test reads zeros beyond the packet's end: Matches refuses such a packet,
// whatever the tests tell.
type test func(*view) bool

// mostText is how long an expression may be, and mostDepth how deep in parentheses.
const mostText, mostDepth = 4096, 64

// Parse reads an expression; nil for "". An error says which word is wrong.
func Parse(text string) (*Filter, error) {
	if text == "" {
		return nil, nil
	}
	f, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("filter %s: %w", printable.Line(shorten(text)), err)
	}
	return f, nil
}

func parse(text string) (*Filter, error) {
	if len(text) > mostText {
		return nil, fmt.Errorf("has %d bytes; %d are read", len(text), mostText)
	}
	w, err := split(text)
	if err != nil {
		return nil, err
	}
	p := &parser{words: w}
	match, err := p.expression()
	switch {
	case err != nil:
		return nil, err
	case p.peek() != "":
		return nil, fmt.Errorf("%q is unexpected", p.peek())
	}
	return &Filter{text, match, max(p.reach, headers)}, nil
}

// headers are as many bytes as those of a packet up to its ports, with all options of IPv4, and more.
const headers = 128

// Reach is how many bytes of a packet's start the filter may ask for.
func (f *Filter) Reach() int {
	if f == nil {
		return 0
	}
	return f.reach
}

// shorten is a text for an error.
func shorten(text string) string {
	if len(text) > 80 {
		return text[:80] + "…"
	}
	return text
}

// String is the expression.
func (f *Filter) String() string {
	if f == nil {
		return ""
	}
	return f.text
}

// Matches tells whether a packet of so many bytes, of which frame was captured, is chosen.
func (f *Filter) Matches(frame []byte, length int) bool {
	if f == nil {
		return true
	}
	v := &view{frame: frame, length: uint64(length)}
	return f.match(v) && !v.beyond
}

func and(a, b test) test { return func(v *view) bool { return a(v) && b(v) } }
func or(a, b test) test  { return func(v *view) bool { return a(v) || b(v) } }
func not(a test) test    { return func(v *view) bool { return !a(v) } }

// anyOf is or of many.
func anyOf(all ...test) test {
	return func(v *view) bool {
		for _, t := range all {
			if t(v) {
				return true
			}
		}
		return false
	}
}
