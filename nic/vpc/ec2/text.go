package ec2

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Bounds are those of one file.
type Bounds struct {
	JSON, YAML int // bytes, unpacked
	Objects    int // elements of lists count, too
}

// UsualBounds: a region of 20,000 ENIs with 15 addresses each takes about 90 MB
// of JSON; YAML takes many times its size while it is read; an empty object has
// three bytes, and takes hundreds in memory.
var UsualBounds = Bounds{JSON: 512 << 20, YAML: 16 << 20, Objects: 8 << 20}

// Bytes is a size for people.
func Bytes(bytes int64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%d bytes", bytes)
	}
	return fmt.Sprintf("%d MiB", bytes>>20)
}

// ErrEmpty tells of a file in which nothing stands.
var ErrEmpty = errors.New("is empty: did the command that wrote it fail?")

// errPython tells of what print() shows of a dictionary.
var errPython = errors.New("is Python's print of a dictionary, and no JSON: print(json.dumps(answer, default=str)) prints JSON")

// looksLikePython tells whether a text begins with an object whose first name stands
// in single quotes.
func looksLikePython(start []byte) bool {
	start = bytes.TrimLeft(start, "[ \t\r\n")
	rest, object := bytes.CutPrefix(start, []byte("{"))
	return object && bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte("'"))
}

// text makes of what a file holds a stream of JSON values: it unpacks gzip, turns
// UTF-16 with a byte order mark into UTF-8 (Windows PowerShell writes so), and
// YAML into JSON. A name that ends in .json makes YAML an error.
func (bounds Bounds) text(name string, r io.Reader) (_ io.Reader, isYAML bool, err error) {
	b := bufio.NewReaderSize(r, 64<<10)
	if magic, _ := b.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(b)
		if err != nil {
			return nil, false, err
		}
		b = bufio.NewReaderSize(unpacked, 64<<10)
	}
	if mark, _ := b.Peek(3); marked(mark) {
		b = bufio.NewReaderSize(transform.NewReader(b, unicode.BOMOverride(transform.Nop)), 64<<10)
	}
	start, err := b.Peek(4 << 10)
	if err != nil && err != io.EOF {
		return nil, false, err
	}
	switch {
	case len(bytes.TrimSpace(start)) == 0 && len(start) < 4<<10:
		return nil, false, ErrEmpty
	case IsJSON(name) && looksLikePython(start):
		return nil, false, errPython
	case IsJSON(name) || looksLikeJSON(start):
		return &bounded{b, bounds.JSON, bounds.JSON}, false, nil
	}
	python := looksLikePython(start) // start is b's own
	t, err := bounds.yamlText(b)
	if err != nil && python {
		err = errPython
	}
	return t, true, err
}

// marked tells whether a text begins with a byte order mark: of UTF-16, or the
// one that some editors begin UTF-8 with (RFC 8259 section 8.1).
func marked(start []byte) bool {
	return bytes.HasPrefix(start, []byte{0xff, 0xfe}) || bytes.HasPrefix(start, []byte{0xfe, 0xff}) || bytes.Equal(start, []byte{0xef, 0xbb, 0xbf})
}

// looksLikeJSON tells whether a text begins with an object or list of JSON and is
// JSON as far as its start goes. YAML's [a, b] and {a: b} are none.
func looksLikeJSON(start []byte) bool {
	d := jsontext.NewDecoder(bytes.NewReader(start), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if kind := d.PeekKind(); kind != '{' && kind != '[' {
		return false
	}
	for {
		_, err := d.ReadToken()
		if err != nil {
			return errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF
		}
	}
}

// bounded ends with an error where a file is too long.
type bounded struct {
	r         io.Reader
	left, all int
}

// Read passes bytes on up to the bound, and then fails.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p[:min(len(p), b.left+1)])
	if n > b.left {
		b.left = -1 // and again
		return 0, fmt.Errorf("is longer than %s of JSON: save the lists to files of their own, and leave out those that the card does not act on", Bytes(int64(b.all)))
	}
	b.left -= n
	return n, err
}
