package ctl

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"net/http"
)

// turns is how many listings are worked at at a time. What listings take of CPUs
// and memory then does not grow with how many clients ask.
const turns = 2

// chunks is a JSON answer that is written while it is made: the card has one chunk of it
// at a time. Who makes a chunk has one of the server's turns; who waits for the client to
// read has none.
type chunks struct {
	w       http.ResponseWriter
	context context.Context // the client's
	turns   chan struct{}
	turn    bool
	chunk   bytes.Buffer
	json    *json.Encoder
}

// chunks begins an answer. The caller writes its last chunk.
func (s *server) chunks(w http.ResponseWriter, r *http.Request) *chunks {
	w.Header().Set("Content-Type", "application/json")
	p := &chunks{w: w, context: r.Context(), turns: s.turns}
	p.json = json.NewEncoder(&p.chunk)
	p.take()
	return p
}

// take waits for a turn.
func (p *chunks) take() {
	select {
	case p.turns <- struct{}{}:
		p.turn = true
	case <-p.context.Done():
		panic(http.ErrAbortHandler)
	}
}

// give gives the turn to others.
func (p *chunks) give() {
	if p.turn {
		p.turn = false
		<-p.turns
	}
}

// text adds what is JSON already.
func (p *chunks) text(s string) { p.chunk.WriteString(s) }

// value adds v, and writes once there is a chunk. Its lines but the first begin with
// indent.
func (p *chunks) value(indent string, v any) {
	p.json.SetIndent(indent, "  ")
	if p.json.Encode(v) != nil {
		panic(http.ErrAbortHandler) // the answer has begun: it can only be cut off
	}
	p.chunk.Truncate(p.chunk.Len() - 1) // the encoder ends a line
	if p.chunk.Len() >= chunkSize {
		p.write()
		p.take()
	}
}

// write writes the chunk. An answer that the client does not read is cut off, so that
// nobody takes what came of it for a whole one.
func (p *chunks) write() {
	p.give()
	if _, err := p.w.Write(p.chunk.Bytes()); err != nil {
		panic(http.ErrAbortHandler)
	}
	p.chunk.Reset()
}

// array adds a list of values, at an indent.
func array[T any](p *chunks, indent string, items iter.Seq[T]) {
	elements(p, indent, items, func(indent string, item T) { p.value(indent, item) })
}

// elements adds a list, at an indent, whose elements add adds.
func elements[T any](p *chunks, indent string, items iter.Seq[T], add func(indent string, item T)) {
	before, after := "[", "[]"
	for item := range items {
		p.text(before + "\n  " + indent)
		add("  "+indent, item)
		before, after = ",", "\n"+indent+"]"
	}
	p.text(after)
}
