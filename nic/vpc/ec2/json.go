package ec2

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// newJSON reads JSON values. A name that stands twice in an object is an error:
// which of the two counted would be a matter of luck.
func newJSON(r io.Reader) *jsontext.Decoder {
	return jsontext.NewDecoder(r, jsontext.AllowInvalidUTF8(true))
}

// lines counts the lines of what passes through it, so that an error can name its
// own without the file being kept.
type lines struct {
	r      io.Reader
	recent []byte // what came last
	before int64  // bytes before recent
	count  int    // lines before recent
}

// mostRecent is many times what a decoder reads ahead of an element of a usual list.
const mostRecent = 256 << 10

// Read passes bytes on, and keeps the last ones for line.
func (l *lines) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.recent = append(l.recent, p[:n]...); len(l.recent) > mostRecent {
		old := l.recent[:len(l.recent)/2]
		l.count += bytes.Count(old, []byte("\n"))
		l.before += int64(len(old))
		l.recent = append(l.recent[:0], l.recent[len(old):]...)
	}
	return n, err
}

// line is that of an offset in bytes, from 1.
func (l *lines) line(offset int64) int {
	in := min(max(offset-l.before, 0), int64(len(l.recent)))
	return 1 + l.count + bytes.Count(l.recent[:in], []byte("\n"))
}

// explain says what is wrong with the JSON and in which line.
func (l *lines) explain(err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case !errors.As(err, &syntax):
		return cmp.Or(errors.Unwrap(err), err) // that of the file is what the decoder wraps
	case errors.Is(err, jsontext.ErrDuplicateName):
		return fmt.Errorf("line %d: %q stands twice in one object", l.line(syntax.ByteOffset), Shorten(syntax.JSONPointer.LastToken()))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON ends before it is complete")
	}
	return fmt.Errorf("line %d: %s", l.line(syntax.ByteOffset), strings.TrimPrefix(syntax.Err.Error(), "jsontext: "))
}
