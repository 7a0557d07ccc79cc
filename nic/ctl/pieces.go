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

// pieces is a JSON answer that is written while it is made: of its length, the card
// has a piece. Who makes a piece has one of the server's turns; who waits for the
// client to read has none.
type pieces struct {
	w       http.ResponseWriter
	context context.Context // the client's
	turns   chan struct{}
	turn    bool
	piece   bytes.Buffer
	json    *json.Encoder
}

// pieces begins an answer, whose end is end.
func (s *server) pieces(w http.ResponseWriter, r *http.Request) *pieces {
	w.Header().Set("Content-Type", "application/json")
	p := &pieces{w: w, context: r.Context(), turns: s.turns}
	p.json = json.NewEncoder(&p.piece)
	p.take()
	return p
}

// take waits for a turn.
func (p *pieces) take() {
	select {
	case p.turns <- struct{}{}:
		p.turn = true
	case <-p.context.Done():
		panic(http.ErrAbortHandler)
	}
}

// give gives the turn to others.
func (p *pieces) give() {
	if p.turn {
		p.turn = false
		<-p.turns
	}
}

// text adds what is JSON already.
func (p *pieces) text(s string) { p.piece.WriteString(s) }

// value adds v, and writes once there is a piece. Its lines but the first begin with
// indent.
func (p *pieces) value(indent string, v any) {
	p.json.SetIndent(indent, "  ")
	if p.json.Encode(v) != nil {
		panic(http.ErrAbortHandler) // the answer has begun: it can only be cut off
	}
	p.piece.Truncate(p.piece.Len() - 1) // the encoder ends a line
	if p.piece.Len() >= pieceSize {
		p.write()
		p.take()
	}
}

// write writes the piece. An answer that the client does not read is cut off, so that
// nobody takes what came of it for a whole one.
func (p *pieces) write() {
	p.give()
	if _, err := p.w.Write(p.piece.Bytes()); err != nil {
		panic(http.ErrAbortHandler)
	}
	p.piece.Reset()
}

// array adds a list of values, at an indent.
func array[T any](p *pieces, indent string, items iter.Seq[T]) {
	elements(p, indent, items, func(indent string, item T) { p.value(indent, item) })
}

// elements adds a list, at an indent, whose elements add adds.
func elements[T any](p *pieces, indent string, items iter.Seq[T], add func(indent string, item T)) {
	before, after := "[", "[]"
	for item := range items {
		p.text(before + "\n  " + indent)
		add("  "+indent, item)
		before, after = ",", "\n"+indent+"]"
	}
	p.text(after)
}
