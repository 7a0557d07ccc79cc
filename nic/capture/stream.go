package capture

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"nitrocard/nic"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/printable"
)

// Snap lengths: how many bytes of a packet a capture keeps, at least, at most, and unless told. The
// most is tcpdump's, and more than any frame has.
const (
	LeastSnap   = 64
	MostSnap    = 256 << 10
	DefaultSnap = MostSnap
)

// round is how often the rings are emptied. A worker of 10 million packets a second then loses some:
// a bound of the rings, and told. tellEvery is how often losses are told, and aliveEvery how often that
// there were none: a client that left is found out when something is written to it.
const (
	round      = 5 * time.Millisecond
	tellEvery  = 250 * time.Millisecond
	aliveEvery = 5 * time.Second
)

// mostComment is how long a comment, or what an interface is called, may be.
const mostComment = 2048

// Options say what a stream has of a card's packets.
type Options struct {
	pipeline.Scope
	Filter *Filter // judges the packet itself, without the underlay's tunnel; nil: all
}

// Stream is a capture under way.
type Stream struct {
	Options
	card    *nic.Card
	capture *nic.Capture
}

// Begin begins a capture. Whoever begins it calls Write.
func Begin(card *nic.Card, o Options) (*Stream, error) {
	scope := o.Scope
	scope.Snap = max(scope.Snap, mostOuter+o.Filter.Reach()) // a worker copies what the filter asks for, even if less is kept
	c, err := card.Capture(scope)
	if err != nil {
		return nil, err
	}
	return &Stream{Options: o, card: card, capture: c}, nil
}

// Write writes the capture as pcapng (draft-ietf-opsawg-pcapng) until ctx ends, and then what the
// workers had laid down. flush is called when nothing more is to come for a moment. An interface is
// written with its first packet.
func (s *Stream) Write(ctx context.Context, to io.Writer, flush func() error) error {
	ended := false
	end := func() {
		if !ended {
			ended = true
			s.capture.End()
		}
	}
	defer end()
	f, err := s.newFile(to, flush)
	if err != nil {
		return err
	}
	tick := time.NewTicker(round)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			end()
			return f.finish()
		case <-tick.C:
			if err := f.turn(); err != nil {
				return err
			}
		}
	}
}

// file is a capture file on its way.
type file struct {
	*Stream
	out        *bufio.Writer
	flush      func() error
	packets    *pcapgo.NgWriter
	interfaces map[string]int
	told       time.Time // when losses were told, or the file began
	lost       uint64    // that were told
	dirty      bool      // something was written since the last flush
}

// newFile begins the file with the uplink, because a file of this writer's begins with an interface.
func (s *Stream) newFile(to io.Writer, flush func() error) (*file, error) {
	f := &file{Stream: s, out: bufio.NewWriterSize(to, 64<<10), flush: flush, interfaces: map[string]int{nic.Uplink: 0}, told: time.Now()}
	section := pcapgo.NgSectionInfo{Hardware: runtime.GOARCH, OS: runtime.GOOS, Application: "nitrocard"}
	var err error
	f.packets, err = pcapgo.NewNgWriterInterface(f.out, s.describe(nic.Uplink), pcapgo.NgWriterOptions{SectionInfo: section})
	if err != nil {
		return nil, err
	}
	f.dirty = true
	return f, f.pass()
}

// describe is an interface for the file.
func (s *Stream) describe(name string) pcapgo.NgInterface {
	i := pcapgo.NgInterface{Name: text(name), LinkType: layers.LinkTypeEthernet, SnapLength: uint32(s.Snap), TimestampResolution: 9, Filter: s.Filter.String()}
	switch e := s.card.Policy().ENI(name); {
	case name == nic.Uplink:
		i.Description = "the card's port to the underlay"
	case name == nic.Internet:
		i.Description = "the edge's port to the internet"
	case e != nil && e.NAT != nil:
		i.Description = text(fmt.Sprintf("%s in %s, %v, a part of the card", e.NAT.ID, e.Subnet.ID, e.MAC))
	case e != nil:
		i.Description = text(fmt.Sprintf("the port of %s in %s, %v", cmp.Or(e.Instance, e.ID), e.Subnet.ID, e.MAC))
	}
	return i
}

// turn writes what the workers laid down.
func (f *file) turn() error {
	if err := f.capture.Take(f.write); err != nil {
		return err
	}
	lost, since := f.capture.Lost(), time.Since(f.told)
	if since > aliveEvery || lost != f.lost && since > tellEvery {
		if err := f.tell(lost); err != nil {
			return err
		}
	}
	return f.pass()
}

// pass hands on what was written.
func (f *file) pass() error {
	if !f.dirty {
		return nil
	}
	f.dirty = false
	if err := f.packets.Flush(); err != nil {
		return err
	}
	return f.flush()
}

// finish ends the file.
func (f *file) finish() error {
	if err := f.capture.Take(f.write); err != nil {
		return err
	}
	if err := f.tell(f.capture.Lost()); err != nil {
		return err
	}
	return f.pass()
}

// tell writes statistics: what found no room.
func (f *file) tell(lost uint64) error {
	at := f.capture.LostAt()
	for name := range at {
		if _, err := f.interfaceOf(name); err != nil {
			return err
		}
	}
	for name, id := range f.interfaces {
		err := f.packets.WriteInterfaceStats(id, pcapgo.NgInterfaceStatistics{LastUpdate: time.Now(), PacketsReceived: pcapgo.NgNoValue64, PacketsDropped: at[name]})
		if err != nil {
			return err
		}
	}
	f.lost, f.told, f.dirty = lost, time.Now(), true
	return nil
}

// interfaceOf is the number of an interface, which is written if it is new.
func (f *file) interfaceOf(name string) (int, error) {
	id, known := f.interfaces[name]
	if known {
		return id, nil
	}
	id, err := f.packets.AddInterface(f.describe(name))
	f.interfaces[name] = id
	return id, err
}

// write writes a packet, if the filter chooses it.
func (f *file) write(c *nic.Captured) error {
	seen, length := c.Data, c.Length
	if c.Interface() == nic.Uplink && !c.Bare {
		seen = inside(c.Data)
		length -= len(c.Data) - len(seen)
	}
	if !f.Filter.Matches(seen, length) {
		return nil
	}
	id, err := f.interfaceOf(c.Interface())
	if err != nil {
		return err
	}
	data := c.Data[:min(len(c.Data), f.Snap)]
	way := pcapgo.NgEpbFlagDirectionInbound
	if c.Out {
		way = pcapgo.NgEpbFlagDirectionOutbound
	}
	f.dirty = true
	return f.packets.WritePacketWithOptions(
		gopacket.CaptureInfo{Timestamp: c.Time, CaptureLength: len(data), Length: c.Length, InterfaceIndex: id}, data,
		pcapgo.NgPacketOptions{Comments: []string{comment(c)}, Flags: &pcapgo.NgEpbFlags{Direction: way}})
}

// comment is what became of a packet, fit for a terminal.
func comment(c *nic.Captured) string { return text(c.Comment()) }

// text is text for the file: fit for a terminal, and not longer than mostComment, because a name in it may
// be as long as whoever configured it liked.
func text(of string) string {
	text := printable.Line(of)
	if len(text) <= mostComment {
		return text
	}
	n := mostComment
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return strings.TrimRight(text[:n], " ") + "…"
}
