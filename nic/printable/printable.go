// Package printable makes text of strangers fit for a terminal.
//
// A name, a description or a file's name may hold anything. ESC and the C1
// controls begin commands of the terminal, which colour, move, rename and worse;
// the marks of bidirectional text reorder what is read; a line's end in a name
// begins a line of the stranger's own. So each way out of the program goes through
// Writer, and what is to be one line or one cell of a table goes through Line
// before.
//
//	ESC [ 3 1 m   becomes   \u001b[31m
//
// The escapes are those of JSON (RFC 8259 section 7), so that JSON which goes
// through Writer means the same afterwards: within its strings, the only place
// where JSON has such characters, they are what stood there.
package printable

import (
	"bytes"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Writer passes text on to w, with an escape for each character that is not
// graphic (letters, marks, numbers, punctuation, symbols, spaces of Unicode) but
// tabs and line ends, and U+FFFD for bytes that are no UTF-8. A character may come
// in pieces; Close passes on what came of one that is never completed.
func Writer(w io.Writer) io.WriteCloser { return &writer{to: w} }

// Line is a text of strangers as one line: line ends and tabs are escaped as well.
func Line(text string) string {
	if plain([]byte(text), "") == len(text) {
		return text
	}
	line, begun := escape(nil, []byte(text), "")
	if len(begun) > 0 {
		line = utf8.AppendRune(line, utf8.RuneError)
	}
	return string(line)
}

// Is tells whether a text holds nothing that Line would change.
func Is(text string) bool { return Line(text) == text }

// controls pass through a Writer.
const controls = "\t\n"

// writer is a Writer. What is plain already is passed on as it is.
type writer struct {
	to      io.Writer
	begun   []byte // the start of a character, whose end has not come yet
	escaped []byte
}

// Write escapes text and passes it on, with one call of the writer behind.
func (w *writer) Write(text []byte) (int, error) {
	if len(w.begun) == 0 && plain(text, controls) == len(text) {
		return w.to.Write(text)
	}
	w.escaped, w.begun = escape(w.escaped[:0], append(w.begun, text...), controls)
	if _, err := w.to.Write(w.escaped); err != nil {
		return 0, err
	}
	return len(text), nil
}

// Close ends the text, and leaves the writer behind open.
func (w *writer) Close() error {
	if len(w.begun) == 0 {
		return nil
	}
	w.begun = nil
	_, err := io.WriteString(w.to, "\ufffd")
	return err
}

// plain is how many bytes at the start of a text are printable ASCII or pass.
func plain(text []byte, pass string) (n int) {
	for n < len(text) && (text[n] >= ' ' && text[n] <= '~' || strings.IndexByte(pass, text[n]) >= 0) {
		n++
	}
	return n
}

// escape appends a text with its escapes. The start of a character at its end is
// left over.
func escape(to, text []byte, pass string) (escaped, begun []byte) {
	for len(text) > 0 {
		n := plain(text, pass)
		to, text = append(to, text[:n]...), text[n:]
		if len(text) == 0 {
			break
		}
		if !utf8.FullRune(text) {
			return to, bytes.Clone(text)
		}
		r, size := utf8.DecodeRune(text)
		to, text = appendRune(to, r), text[size:]
	}
	return to, nil
}

// appendRune appends a character or its escape.
func appendRune(to []byte, r rune) []byte {
	switch {
	case unicode.IsGraphic(r):
		return utf8.AppendRune(to, r)
	case r > 0xffff:
		high, low := utf16.EncodeRune(r)
		return appendEscape(appendEscape(to, high), low)
	}
	return appendEscape(to, r)
}

// appendEscape appends \u and four hexadecimal digits.
func appendEscape(to []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	return append(to, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}
