package ctl

import (
	"io"
	"net/http"

	"nitrocard/nic/printable"
)

// clean sends a handler's answers through printable.Writer, because curl shows them on a
// terminal.
func clean(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := printable.Writer(w)
		defer text.Close()
		h.ServeHTTP(answer{w, text}, r)
	})
}

// answer is an answer on its way through printable.Writer.
type answer struct {
	http.ResponseWriter
	text io.Writer
}

// Write writes JSON.
func (a answer) Write(p []byte) (int, error) { return a.text.Write(p) }
