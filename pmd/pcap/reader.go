package pcap

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/gopacket/layers"
)

// Reader reads a capture of Ethernet frames: pcap with microseconds or
// nanoseconds in either byte order, or pcapng, gzipped or not.
//
// A file of no bytes is a capture of no frames, as a capture is that was
// stopped before its header was written. A file that was cut or damaged is an
// error after the last packet before that.
type Reader struct {
	name    string
	file    io.Closer
	packets source // nil: there are none
}

// Packet is one packet of a capture.
type Packet struct {
	Time   time.Time // zero where the file does not tell: pcapng's simple packets
	Frame  []byte    // what was captured of it; valid until the next one is read
	Length int       // of all of it, more than Frame holds if the capture cut it
	Mended bool      // checksums in it were unfinished, as on their sender's own link
}

// source is a format. Frames are valid until the next packet is read; io.EOF is
// after the last one.
type source interface{ read() (Packet, error) }

// longest is how many bytes of one packet are believed. tcpdump writes no
// more, and a damaged length must not cost gigabytes.
const longest = 256 << 10

// What files start with.
const (
	gzipMagic   = "\x1f\x8b"
	pcapngMagic = "\x0a\x0d\x0d\x0a"
)

// OpenReader opens a capture file.
func OpenReader(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := NewReader(path, f)
	if err != nil {
		f.Close()
		return nil, err
	}
	r.file = f
	return r, nil
}

// NewReader reads a capture from in; name is for errors.
func NewReader(name string, in io.Reader) (*Reader, error) {
	packets, err := open(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &Reader{name: name, packets: packets}, nil
}

// open finds out whether in is zipped.
func open(in io.Reader) (source, error) {
	file := bufio.NewReaderSize(in, 1<<18)
	if head, _ := file.Peek(2); string(head) != gzipMagic {
		return format(file)
	}
	plain, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	return format(bufio.NewReaderSize(plain, 1<<18))
}

// format finds out what in is; nil if it is empty.
func format(in *bufio.Reader) (source, error) {
	switch head, err := in.Peek(4); {
	case len(head) == 0 && err == io.EOF:
		return nil, nil
	case string(head) == pcapngMagic:
		return newPcapng(in)
	}
	return newClassic(in)
}

func unreadable(err error) error {
	if err != nil {
		err = fmt.Errorf("a capture in pcap or pcapng format is expected (%w)", err)
	}
	return err
}

// ethernet tells of a capture with another link type.
func ethernet(link uint16) error {
	switch {
	case link == uint16(layers.LinkTypeEthernet):
		return nil
	case link > 0xff:
		return fmt.Errorf("a capture of Ethernet frames is expected, not of link type %d", link)
	}
	return fmt.Errorf("a capture of Ethernet frames is expected, not of %v", layers.LinkType(link))
}

// Next is the next packet, or io.EOF after the last one. A file ends well only
// where a packet or a block could start.
func (r *Reader) Next() (Packet, error) {
	if r.packets == nil {
		return Packet{}, io.EOF
	}
	p, err := r.packets.read()
	switch {
	case err == io.EOF:
		return Packet{}, io.EOF
	case err != nil:
		return Packet{}, fmt.Errorf("%s: %w", r.name, err)
	}
	p.Mended = len(p.Frame) == p.Length && mend(p.Frame)
	return p, nil
}

// Close closes the file that OpenReader opened.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}
