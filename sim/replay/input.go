package replay

import (
	"fmt"
	"io"

	"nitrocard/pmd/pcap"
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

// input reads one file, one packet ahead.
type input struct {
	Input
	file *pcap.Reader
	head packet // the next packet, unless done
	done bool
	err  error // why it was done before the file's end

	read   int // packets
	late   int // of those, packets whose time ran backwards
	short  int // of those, packets that the capture cut
	mended int // of those, packets with checksums that were unfinished
	beyond int // of those, packets of which more was captured than their length
	merged int // of those, packets that were cut
	pieces int // that they were cut into
}

// open opens the file and reads its first packet. A file that is no capture
// is an error; one that is damaged later ends there, with in.err.
func open(i Input) (*input, error) {
	file, err := pcap.OpenReader(i.File)
	if err != nil {
		return nil, fmt.Errorf("--in %s: %w", i.Name, err)
	}
	return start(i, file), nil
}

func start(i Input, file *pcap.Reader) *input {
	in := &input{Input: i, file: file}
	in.next()
	return in
}

// next reads the packet after head.
func (in *input) next() {
	p, err := in.file.Next()
	if err == nil {
		in.count(&p)
		err = in.take(&p)
	}
	if err == nil {
		return
	}
	in.done = true
	in.file.Close()
	if err != io.EOF {
		in.err = err
	}
}

// take puts a packet into the file's order of time.
func (in *input) take(p *pcap.Packet) error {
	head := packet{port: in.Name, frame: p.Frame, time: in.head.clock, clock: in.head.clock}
	if !p.Time.IsZero() {
		if s := p.Time.Unix(); s < 0 || s >= maxSeconds {
			return fmt.Errorf("%s: packet %d: its time lies outside 1970 to 2106, the years of pcap", in.File, in.read)
		}
		head.time = Time(p.Time.UnixNano())
	}
	head.clock = max(head.time, head.clock)
	if head.time < head.clock {
		in.late++
	}
	in.head = head
	return nil
}

// count counts a packet once, however many pieces it was cut into.
func (in *input) count(p *pcap.Packet) {
	if p.Piece > 0 {
		in.pieces++
	}
	if p.Piece > 1 {
		return
	}
	in.read++
	if len(p.Frame) < p.Length {
		in.short++
	}
	if p.Mended {
		in.mended++
	}
	if p.Beyond {
		in.beyond++
	}
	if p.Piece == 1 {
		in.merged++
	}
}
