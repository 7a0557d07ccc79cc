package oracle

import "fmt"

// extension is an extension header of IPv6, in front of what the packet carries (RFC 8200 section 4).
type extension struct {
	number uint8
	units  uint8 // of 8 bytes, how long it is
	left   uint8 // segments, of a routing header
}

// Numbers of extension headers. AH and ESP, which have numbers as well, are protocols to EC2's rules: Ours.
const (
	hopByHop    = 0
	routing     = 43
	destination = 60
)

// mostExtensions is how many extension headers a packet may have. Ours, for AWS documents nothing: "Each extension header
// should occur at most once, except for the Destination Options header, which should occur at most twice" (RFC 8200
// section 4.1), and a few more pass.
const mostExtensions = 8

// headers are a packet's extension headers, the first n of the list.
type headers struct {
	list [mostExtensions + 2]extension
	n    int
}

// all are the headers in their order.
func (h headers) all() []extension { return h.list[:h.n] }

// with are the headers and one more behind them.
func (h headers) with(e extension) headers {
	h.list[h.n] = e
	h.n++
	return h
}

// len is how many bytes the headers take.
func (h headers) len() (n int) {
	for _, e := range h.all() {
		n += int(e.units) * 8
	}
	return n
}

// travels tells whether the packet has further stops to visit, by a routing header.
func (h headers) travels() bool {
	for _, e := range h.all() {
		if e.number == routing && e.left > 0 {
			return true
		}
	}
	return false
}

// String is the headers in words, "" if there is none.
func (h headers) String() (words string) {
	for _, e := range h.all() {
		words += fmt.Sprintf(" header %d of %d bytes", e.number, int(e.units)*8)
		if e.left > 0 {
			words += fmt.Sprintf(" with %d segments left", e.left)
		}
	}
	return words
}

// bare takes the headers and options from a packet that goes into the other family: "ignored (i.e., there is no
// attempt to translate)" (RFC 7915 section 5.1). Not ok is what has further stops: "the packet MUST NOT be translated".
func (p *Packet) bare() (ok bool) {
	ok = !p.Headers.travels()
	if p.Len > 0 {
		p.Len -= p.Headers.len() + len(p.Options)
	}
	p.Headers, p.Options = headers{}, ""
	return ok
}

// optionWords are options of IPv4 in words, "" if there is none.
func optionWords(options string) string {
	if options == "" {
		return ""
	}
	return fmt.Sprintf(" with options % x", options)
}
