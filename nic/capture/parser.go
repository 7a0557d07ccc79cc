package capture

import (
	"fmt"
	"slices"
	"strings"
)

// parser reads an expression:
//
//	expression = term { ("and" | "or") term }, from left to right: neither binds more
//	term       = "not" term | "(" expression ")" | primitive
//	primitive  = [protocol] [direction] [kind] ID, or a protocol, or "less" N, or a field
//
// An ID has a direction or a kind before it, or with nothing before it the qualifiers of the primitive
// before: "port 80 or 443".
type parser struct {
	*words
	last  *qualifiers // of the primitive before; nil: there was none
	bare  bool        // within "port (80 or 443)": nothing but IDs
	depth int
	reach int // bytes of a packet that fields ask for, at most
}

// qualifiers say what an ID is, and where it is to be found.
type qualifiers struct {
	protocol  string // "" any
	direction string // "src", "dst", "and", or "" for either
	kind      string // host, net, port, portrange or proto; "": host
}

func (p *parser) expression() (test, error) {
	if p.depth++; p.depth > mostDepth {
		return nil, fmt.Errorf("is more than %d parentheses deep", mostDepth)
	}
	defer func() { p.depth-- }()
	all, err := p.term()
	for err == nil {
		var next test
		switch {
		case p.takes("and", "&&"):
			if next, err = p.term(); err == nil {
				all = and(all, next)
			}
		case p.takes("or", "||"):
			if next, err = p.term(); err == nil {
				all = or(all, next)
			}
		default:
			return all, nil
		}
	}
	return nil, err
}

func (p *parser) term() (test, error) {
	if p.takes("not", "!") {
		if p.depth++; p.depth > mostDepth {
			return nil, fmt.Errorf("has more than %d nots in a row", mostDepth)
		}
		defer func() { p.depth-- }()
		t, err := p.term()
		if err != nil {
			return nil, err
		}
		return not(t), nil
	}
	if p.takes("(") {
		return p.group()
	}
	return p.primitive()
}

// group is what is in parentheses, the first of which is read.
func (p *parser) group() (test, error) {
	t, err := p.expression()
	if err == nil && !p.takes(")") {
		err = fmt.Errorf("%s: a parenthesis is not closed", p.place())
	}
	return t, err
}

// place says where the parser is.
func (p *parser) place() string {
	if p.peek() == "" {
		return "at its end"
	}
	return fmt.Sprintf("at %q", p.peek())
}

var (
	protocols = []string{"ether", "ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6"}
	kinds     = []string{"host", "net", "port", "portrange", "proto"}
)

func (p *parser) primitive() (test, error) {
	switch {
	case p.bare:
	case p.takes("less"):
		p.last = nil
		return p.length("<=")
	case p.takes("greater"):
		p.last = nil
		return p.length(">=")
	case p.takes("len"):
		p.last = nil
		return p.relation(func(v *view) (uint64, bool) { return v.length, true }, false)
	case slices.Contains(protocols, p.peek()) && p.ahead(1) == "[":
		p.last = nil
		return p.field()
	}
	q := p.qualifiers()
	id := p.peek()
	switch {
	case p.bare && (*q != (qualifiers{}) || !isID(id)):
		return nil, fmt.Errorf("%s: behind a qualifier there is one ID or more, and no other primitive", p.place())
	case *q != (qualifiers{}) && p.takes("("):
		p.last, p.bare = q, true
		t, err := p.group()
		p.bare = false
		return t, err
	case q.protocol != "" && q.direction == "" && q.kind == "" && !isID(id):
		p.last = q
		return ofProtocol(q.protocol)
	case !isID(id) && *q == (qualifiers{}):
		return nil, p.unknown()
	case !isID(id):
		return nil, fmt.Errorf("%s: an address, a network, a port or a number is expected", p.place())
	case *q == (qualifiers{}) && p.last != nil:
		q = p.last
	}
	if q.direction == "" && q.kind == "" {
		return nil, fmt.Errorf("%s: host, net, port or the like is expected before it", p.place())
	}
	p.last = q
	t, err := q.primitive(id)
	if err != nil {
		return nil, fmt.Errorf("at %q: %w", id, err)
	}
	p.take()
	return t, nil
}

// qualifiers are those before an ID.
func (p *parser) qualifiers() *qualifiers {
	q := &qualifiers{}
	if slices.Contains(protocols, p.peek()) {
		q.protocol = p.take()
	}
	if d := p.peek(); d == "src" || d == "dst" {
		q.direction = p.take()
		other := map[string]string{"src": "dst", "dst": "src"}[d]
		if how := p.peek(); (how == "or" || how == "and") && p.ahead(1) == other {
			p.take()
			p.take()
			q.direction = map[string]string{"or": "", "and": "and"}[how]
		}
	}
	if slices.Contains(kinds, p.peek()) {
		q.kind = p.take()
	}
	return q
}

// isID tells whether a word is an address, a network, a port, a number or a name's place.
func isID(word string) bool {
	return word != "" && isWord(word[0]) && !slices.Contains([]string{"and", "or", "not"}, word) && !slices.Contains(protocols, word) && !slices.Contains(kinds, word) &&
		(strings.ContainsAny(word, "0123456789") || strings.HasPrefix(word, `\`) || strings.Contains(word, ":"))
}

// unknown is the error of a word that begins no primitive.
func (p *parser) unknown() error {
	return fmt.Errorf("%s: a filter is made of host, net, port, portrange and proto with src and dst, of %s, of less, greater and len, of fields such as tcp[tcpflags], and of and, or, not and parentheses; it knows no names, and nothing else of tcpdump's",
		p.place(), strings.Join(protocols, ", "))
}
