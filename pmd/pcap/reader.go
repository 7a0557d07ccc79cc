package pcap

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// Reader reads a capture of Ethernet frames: pcap with microseconds or
// nanoseconds in either byte order, or pcapng, gzipped or not.
//
// A file of no bytes is a capture of no frames, as a capture is that was
// stopped before its header was written. A file that was cut is an error
// after the last packet that is whole.
type Reader struct {
	name    string
	file    io.Closer
	in      *bufio.Reader
	blocks  *blocks
	packets source // nil: there are none
	number  int    // of the packet read last, from 1
}

// Packet is one packet of a capture.
type Packet struct {
	Time   time.Time // zero where the file does not tell: pcapng's simple packets
	Frame  []byte    // what was captured of it; valid until the next one is read
	Length int       // of all of it, more than Frame holds if the capture cut it
	Mended bool      // checksums in it were unfinished, as on their sender's own link
}

// source is what pcapgo's readers have in common.
type source interface {
	ZeroCopyReadPacketData() ([]byte, gopacket.CaptureInfo, error)
}

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
	r := &Reader{name: name}
	if err := r.open(in); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

func (r *Reader) open(in io.Reader) (err error) {
	defer damaged(&err)
	r.blocks = &blocks{in: in}
	r.in = bufio.NewReaderSize(r.blocks, 1<<18)
	head, err := r.in.Peek(4)
	if bytes.HasPrefix(head, []byte(gzipMagic)) {
		plain, err := gzip.NewReader(r.in)
		if err != nil {
			return err
		}
		return r.open(plain)
	}
	switch {
	case len(head) == 0 && err == io.EOF:
		return nil
	case string(head) == pcapngMagic:
		r.packets, err = pcapgo.NewNgReader(r.in, pcapgo.NgReaderOptions{WantMixedLinkType: true})
		return unreadable(err)
	}
	plain, err := pcapgo.NewReader(r.in)
	if err != nil {
		return unreadable(err)
	}
	plain.SetSnaplen(longest) // writers that cut nothing often state one that is too small
	r.packets = plain
	return ethernet(plain.LinkType())
}

func unreadable(err error) error {
	if err != nil {
		err = fmt.Errorf("a capture in pcap or pcapng format is expected (%w)", err)
	}
	return err
}

func ethernet(l layers.LinkType) error {
	if l != layers.LinkTypeEthernet {
		return fmt.Errorf("a capture of Ethernet frames is expected, not of %v", l)
	}
	return nil
}

// damaged turns a panic of pcapgo, which trusts the lengths it reads, into an
// error.
func damaged(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the file is damaged: %v", p)
	}
}

// Next is the next packet, or io.EOF after the last one. A file ends well only
// where a packet or a block could start.
func (r *Reader) Next() (Packet, error) {
	if r.packets == nil {
		return Packet{}, io.EOF
	}
	if _, err := r.in.Peek(1); err == io.EOF {
		return Packet{}, r.end()
	}
	r.number++
	p, err := r.read()
	switch {
	case err == nil:
		return p, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		if r.blocks.order != nil {
			return Packet{}, r.end()
		}
		err = errors.New("the file ends within it")
	}
	return Packet{}, fmt.Errorf("%s: packet %d: %w", r.name, r.number, err)
}

// end is io.EOF where the file is whole.
func (r *Reader) end() error {
	if err := r.blocks.cut(); err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	return io.EOF
}

func (r *Reader) read() (p Packet, err error) {
	defer damaged(&err)
	frame, info, err := r.packets.ZeroCopyReadPacketData()
	if err == nil && len(info.AncillaryData) > 0 { // each packet of a pcapng has its own link type
		if l, is := info.AncillaryData[0].(layers.LinkType); is {
			err = ethernet(l)
		}
	}
	if err != nil {
		return Packet{}, err
	}
	return Packet{info.Timestamp, frame, info.Length, len(frame) == info.Length && mend(frame)}, nil
}

// Close closes the file that OpenReader opened.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}
