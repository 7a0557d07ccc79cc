package follow

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Bounds of what is read before its signature is known to be right.
const (
	mostEnvelope = 8 << 10
	mostEdits    = 1 << 30
)

// envelope is the first line of a message on a stream and in a file; the edits follow it:
//
//	{"Header":"eyJDYXJk…","Key":"1f2e…","Signature":"…"}⏎
//	… as many bytes as the header says, as Encode writes them
type envelope struct {
	Header    []byte // JSON, in base64
	Key       string
	Signature []byte
}

// line is the message's first line.
func (m *Message) line() []byte {
	line, err := json.Marshal(envelope{m.signed, m.key, m.signature})
	if err != nil {
		panic(err) // bytes and a string are always JSON
	}
	return append(line, '\n')
}

// length is how many bytes WriteTo writes.
func (m *Message) length() int64 { return int64(len(m.line()) + len(m.edits)) }

// WriteTo writes the message as Read reads it.
func (m *Message) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(m.line())
	if err != nil {
		return int64(n), err
	}
	k, err := w.Write(m.edits)
	return int64(n + k), err
}

// NewReader makes a reader of messages.
func NewReader(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, mostEnvelope) }

// Read reads a message; nobody has looked at its signature yet. At the end Read is io.EOF,
// and within a message io.ErrUnexpectedEOF.
func Read(r *bufio.Reader) (*Message, error) {
	line, err := r.ReadSlice('\n')
	switch {
	case err == io.EOF && len(line) > 0:
		return nil, io.ErrUnexpectedEOF
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("a message's first line is longer than %d bytes", mostEnvelope)
	case err != nil:
		return nil, err
	}
	var e envelope
	if err := json.Unmarshal(line, &e); err != nil {
		return nil, fmt.Errorf("a message's first line: %w", err)
	}
	m := &Message{signed: e.Header, key: e.Key, signature: e.Signature}
	if err := json.Unmarshal(e.Header, &m.Header); err != nil {
		return nil, fmt.Errorf("a message's header: %w", err)
	}
	if m.Size < 0 || m.Size > mostEdits {
		return nil, fmt.Errorf("a message has %d bytes of edits; %d are the most", m.Size, mostEdits)
	}
	m.edits, err = body(r, int(m.Size))
	return m, err
}

// body reads so many bytes. Its memory grows with what comes, and not by what a header promises.
func body(r io.Reader, size int) ([]byte, error) {
	const first, growth = 1 << 20, 8
	all := make([]byte, 0, min(size, first))
	for len(all) < size {
		if len(all) == cap(all) {
			all = append(make([]byte, 0, min(size, growth*len(all))), all...)
		}
		n, err := io.ReadFull(r, all[len(all):cap(all)])
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		all = all[:len(all)+n]
	}
	return all, nil
}
