package replay

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
)

// Input is a capture file, pcap or pcapng, of what one port received.
type Input struct {
	Name string // "uplink" or an ENI's ID
	File string
}

// packet is one frame of an input.
type packet struct {
	port  string
	frame []byte // valid until the input's next one is read
	time  Time   // its own
	clock Time   // when the card gets it: time, or the latest before it in the file
}

// maxCapture is the longest frame read from a file, tcpdump's own limit.
// Without one, four bytes of a damaged file ask for gigabytes.
const maxCapture = 256 << 10

// input reads one file, one packet ahead.
type input struct {
	Input
	file io.Closer
	buf  *bufio.Reader
	src  source
	head packet // the next packet, unless done
	done bool
	err  error // why it was done before the file's end

	read  int // packets
	late  int // of those, packets whose time ran backwards
	short int // of those, packets that the capture cut
}

// source is what both of gopacket's readers are.
type source interface {
	ZeroCopyReadPacketData() ([]byte, gopacket.CaptureInfo, error)
}

// open opens the file and reads its first packet. A file that is no capture
// is an error; one that is damaged later ends there, with in.err.
func open(i Input) (*input, error) {
	f, err := os.Open(i.File)
	if err != nil {
		return nil, fmt.Errorf("--in %s: %w", i.Name, err)
	}
	return start(i, f)
}

func start(i Input, f io.ReadCloser) (*input, error) {
	in := &input{Input: i, file: f}
	if err := in.detect(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("--in %s: %s: %w", i.Name, i.File, err)
	}
	in.next()
	return in, nil
}

// How files start: a pcapng with the type of its section header, an odd one
// that reads the same in both byte orders.
const (
	startGzip   = "\x1f\x8b"
	startPcapng = "\x0a\x0d\x0d\x0a"
)

// detect finds the file's format by its first bytes. An empty file is a
// capture of nothing.
func (in *input) detect(r io.Reader) (err error) {
	defer mend(&err)
	in.buf = bufio.NewReaderSize(r, 1<<18)
	start, _ := in.buf.Peek(4) // whatever is wrong is told by who reads on
	switch {
	case len(start) == 0:
		return nil
	case bytes.HasPrefix(start, []byte(startGzip)):
		plain, err := gzip.NewReader(in.buf)
		if err != nil {
			return err
		}
		return in.detect(plain)
	case string(start) == startPcapng:
		if in.src, err = pcapgo.NewNgReader(in.buf, pcapgo.NgReaderOptions{WantMixedLinkType: true}); err != nil {
			return fmt.Errorf("is no sound pcapng: %w", err)
		}
		return nil
	}
	old, err := pcapgo.NewReader(in.buf)
	if err != nil {
		return fmt.Errorf("is neither pcap nor pcapng: %w", err)
	}
	if old.LinkType() != layers.LinkTypeEthernet {
		return notEthernet(old.LinkType())
	}
	old.SetSnaplen(maxCapture) // writers that cut nothing often state one that is too small
	in.src = old
	return nil
}

func notEthernet(l layers.LinkType) error {
	return fmt.Errorf("holds frames of link type %d (%s); a port of the card carries Ethernet", int(l), l)
}

// next reads the packet after head.
func (in *input) next() {
	data, ci, err := in.readOne()
	if err == nil {
		in.head, err = in.packet(data, ci)
	}
	if err == nil {
		in.read++
		return
	}
	in.done = true
	in.file.Close()
	if err != errEnd {
		in.err = fmt.Errorf("%s: packet %d: %w", in.File, in.read+1, err)
	}
}

// errEnd is the end of a file where a packet could have begun.
var errEnd = errors.New("end of file")

func (in *input) readOne() (data []byte, ci gopacket.CaptureInfo, err error) {
	defer mend(&err)
	if _, err := in.buf.Peek(1); in.src == nil || errors.Is(err, io.EOF) {
		return nil, ci, errEnd
	}
	data, ci, err = in.src.ZeroCopyReadPacketData()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = in.cut()
	}
	return data, ci, err
}

// cut tells the end of a pcapng, whose last blocks need not be packets, from
// an end within a packet.
func (in *input) cut() error {
	if _, ng := in.src.(*pcapgo.NgReader); ng {
		return errEnd
	}
	return errors.New("the file ends within it")
}

// mend turns a panic of gopacket's readers, which a damaged pcapng brings
// about (an option shorter than its kind, a resolution of 10^-128 s), into an
// error.
func mend(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the file is damaged: %v", r)
	}
}

// packet puts a frame into the file's order of time.
func (in *input) packet(frame []byte, ci gopacket.CaptureInfo) (packet, error) {
	if len(ci.AncillaryData) > 0 { // pcapng has a link type for each packet
		if l, is := ci.AncillaryData[0].(layers.LinkType); is && l != layers.LinkTypeEthernet {
			return packet{}, notEthernet(l)
		}
	}
	p := packet{port: in.Name, frame: frame, time: in.head.clock, clock: in.head.clock}
	if !ci.Timestamp.IsZero() { // a simple packet block has none
		if s := ci.Timestamp.Unix(); s < 0 || s >= maxSeconds {
			return packet{}, errors.New("its time lies outside 1970 to 2106, the years of pcap")
		}
		p.time = Time(ci.Timestamp.UnixNano())
	}
	p.clock = max(p.time, p.clock)
	if p.time < p.clock {
		in.late++
	}
	if ci.CaptureLength < ci.Length {
		in.short++
	}
	return p, nil
}
