package lab

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
)

// stream yields n bytes of which no two places look alike, so that a lost,
// doubled or swapped piece changes the checksum of the whole. It keeps that
// checksum as it is read.
type stream struct {
	left  int64
	state uint64
	sum   *xxhash.Digest
}

func newStream(n int64) *stream { return &stream{left: n, sum: xxhash.New()} }

// Read fills whole words; the last one may be cut.
func (s *stream) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), s.left)]
	n := 0
	for ; n+8 <= len(p); n += 8 {
		binary.LittleEndian.PutUint64(p[n:], s.next())
	}
	if n < len(p) {
		var last [8]byte
		binary.LittleEndian.PutUint64(last[:], s.next())
		n += copy(p[n:], last[:])
	}
	s.left -= int64(n)
	s.sum.Write(p[:n])
	return n, nil
}

// next is SplitMix64 (Steele, Lea, Flood 2014).
func (s *stream) next() uint64 {
	s.state += 0x9e3779b97f4a7c15
	z := s.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// digest is the checksum of what was read.
func (s *stream) digest() string { return fmt.Sprintf("%016x", s.sum.Sum64()) }

// digest reads to the end and returns the number of bytes and their checksum.
func digest(r io.Reader) (n int64, sum string, err error) {
	d := xxhash.New()
	n, err = io.CopyBuffer(onlyWriter{d}, r, make([]byte, 256<<10))
	return n, fmt.Sprintf("%016x", d.Sum64()), err
}

// onlyWriter hides a writer's other methods, so that the buffer is used.
type onlyWriter struct{ io.Writer }
