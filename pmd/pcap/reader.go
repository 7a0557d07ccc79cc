package pcap

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"time"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/pmd/internal/gso"
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

	cut     gso.Cutter // of merged
	merged  Packet
	segment []byte // that was cut last
}

// Packet is one packet of a capture.
type Packet struct {
	Time   time.Time // zero where the file does not tell: pcapng's simple packets
	Frame  []byte    // what was captured of it; valid until the next one is read
	Length int       // of all of it, more than Frame holds if the capture cut it
	Beyond bool      // the file says that it is shorter than what was captured of it
	Mended bool      // checksums in it were unfinished, as on their sender's own link
	Piece  int       // of a merged packet of that link, which the Reader cut: from 1; 0 if it is whole
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

// Next is the next packet, or io.EOF after the last one. A file ends well only
// where a packet or a block could start.
//
// A capture on its sender's own link holds packets as they were before the
// hardware below. They are finished: checksums are completed, and merged
// segments of a stream are cut, each with the time of the whole.
func (r *Reader) Next() (Packet, error) {
	if r.cut.Active() {
		return r.piece(), nil
	}
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
	if len(p.Frame) < p.Length {
		return p, nil
	}
	longest, segment := lengthsOf(p.Frame)
	if r.cut.StartCaptured(p.Frame, longest, segment) {
		r.merged = p
		return r.piece(), nil
	}
	p.Mended = r.cut.Mend(p.Frame)
	return p, nil
}

// piece is the next one of the merged packet.
func (r *Reader) piece() Packet {
	if r.segment == nil {
		r.segment = make([]byte, pmd.MaxFrame)
	}
	r.merged.Piece++
	p := r.merged
	p.Frame = r.segment[:r.cut.Next(r.segment)]
	p.Length = len(p.Frame)
	return p
}

// lengthsOf is how long a frame like this one may be, and how long the frames are that a
// merged one is cut into: a guest's has EC2's MTU at most, a segment's packet the 1500
// bytes that every way carries, and one in a tunnel to a card the tunnel besides.
func lengthsOf(frame []byte) (longest, segment int) {
	const mtu = 1500
	var h wire.Headers
	if wire.Parse(frame, &h) == wire.NoFault && h.Proto == wire.ProtoUDP && h.DstPort == wire.PortVXLAN && len(frame) <= pmd.MaxFrame {
		return pmd.MaxFrame, wire.EthernetLen + wire.OuterLen + mtu
	}
	return wire.EthernetLen + pmd.MaxMTU - wire.OuterLen, wire.EthernetLen + mtu
}

// Close closes the file that OpenReader opened.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}
