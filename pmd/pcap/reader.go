package pcap

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"nitrocard/pmd"
)

// Reader reads the Ethernet frames of a capture: pcap with microseconds or
// nanoseconds in either byte order, gzipped or not, or pcapng.
//
// A file of no bytes is a capture of no frames, as a capture is that was
// stopped before its header was written. A pcapng file that was cut ends
// before the block that is not whole.
type Reader struct {
	name    string
	file    io.Closer
	in      *bufio.Reader
	packets source // nil: there are none
	ng      bool
	number  int // of the packet read last, from 1, skipped ones included
	skipped Skipped
}

// Skipped counts the packets that a Reader passed over.
type Skipped struct {
	Truncated uint64 // the capture holds only the first bytes of them
	TooLong   uint64 // longer than pmd.MaxFrame
}

// source is what pcapgo's readers have in common.
type source interface {
	LinkType() layers.LinkType
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
	if r.packets != nil && r.packets.LinkType() != layers.LinkTypeEthernet {
		return nil, fmt.Errorf("%s: a capture of Ethernet frames is expected, not of %v", name, r.packets.LinkType())
	}
	return r, nil
}

func (r *Reader) open(in io.Reader) (err error) {
	defer damaged(&err)
	r.in = bufio.NewReaderSize(in, 1<<20)
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
		r.ng = true
		ng, err := pcapgo.NewNgReader(r.in, pcapgo.NgReaderOptions{ErrorOnMismatchingLinkType: true})
		if errors.Is(err, io.EOF) {
			return nil // it ends before its first interface
		}
		r.packets = ng
		return err
	}
	plain, err := pcapgo.NewReader(r.in)
	if err != nil {
		return fmt.Errorf("a capture in pcap or pcapng format is expected (%w)", err)
	}
	plain.SetSnaplen(longest) // writers that cut nothing often state one that is too small
	r.packets = plain
	return nil
}

// damaged turns a panic of pcapgo, which trusts the lengths it reads, into an
// error.
func damaged(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the file is damaged: %v", p)
	}
}

// Next is the next frame and its time in nanoseconds since 1970, or io.EOF
// after the last one. The frame is valid until the next call. Packets that
// are not whole or too long are skipped and counted.
func (r *Reader) Next() (ns int64, frame []byte, err error) {
	for {
		info, frame, err := r.packet()
		switch {
		case err != nil:
			return 0, nil, err
		case info.CaptureLength < info.Length:
			r.skipped.Truncated++
		case len(frame) > pmd.MaxFrame:
			r.skipped.TooLong++
		case info.Timestamp.IsZero():
			return 0, frame, nil // pcapng's simple packets have no time
		default:
			return info.Timestamp.UnixNano(), frame, nil
		}
	}
}

// packet is the next packet, whatever it is. A pcap file ends well only where
// a packet could start.
func (r *Reader) packet() (info gopacket.CaptureInfo, frame []byte, err error) {
	if r.packets == nil {
		return info, nil, io.EOF
	}
	if _, err := r.in.Peek(1); err == io.EOF {
		return info, nil, io.EOF
	}
	r.number++
	frame, info, err = r.read()
	switch {
	case err == nil:
		return info, frame, nil
	case r.ng && errors.Is(err, io.EOF):
		return info, nil, io.EOF
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = errors.New("the file ends within it")
	}
	return info, nil, fmt.Errorf("%s: packet %d: %w", r.name, r.number, err)
}

func (r *Reader) read() (frame []byte, info gopacket.CaptureInfo, err error) {
	defer damaged(&err)
	return r.packets.ZeroCopyReadPacketData()
}

// Skipped counts what Next has passed over so far.
func (r *Reader) Skipped() Skipped { return r.skipped }

// Close closes the file that OpenReader opened.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}
