package pcap

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"nitrocard/pmd"
)

// Port is a port that receives a capture and sends into another.
//
// Its link stays up after the last frame. A capture that turns out to be
// damaged, or a disk that is full, takes it down for good.
type Port struct {
	info pmd.Info
	spec spec
	in   *Reader // nil: nothing more to receive
	out  *Writer // nil: what is sent is dropped
	now  func() int64
	bufs [pmd.MaxBurst][]byte

	failed    atomic.Pointer[error]
	closed    bool
	rx, tx    count
	rxMissed  atomic.Uint64
	rxTooLong atomic.Uint64
	mended    atomic.Uint64
	txDropped atomic.Uint64
}

type count struct{ packets, bytes atomic.Uint64 }

func (c *count) add(frame []byte) {
	c.packets.Add(1)
	c.bytes.Add(uint64(len(frame)))
}

// Open opens the port that FILE[,out=FILE][,loop] describes. Frames are sent
// with the time of the machine. An out that is there is made empty.
func Open(text string) (*Port, error) { return openPort(text, CreateWriter) }

// OpenIn is Open for the words of somebody who may not write everywhere: out is a
// new file below a folder, which is "" where none may be written. The port's name tells
// the new file's.
func OpenIn(folder, text string) (*Port, error) {
	return openPort(text, func(name string) (*Writer, error) { return createIn(folder, name) })
}

// openPort opens a port whose out create makes.
func openPort(text string, create func(string) (*Writer, error)) (*Port, error) {
	spec, err := parseSpec(text)
	if err != nil {
		return nil, err
	}
	p := &Port{
		info: pmd.Info{Name: "pcap:" + text, Driver: "pcap", MTU: pmd.MaxMTU},
		spec: spec,
		now:  func() int64 { return time.Now().UnixNano() },
	}
	for i := range p.bufs {
		p.bufs[i] = make([]byte, pmd.Headroom+pmd.MaxFrame)
	}
	if err := p.open(create); err != nil {
		p.Close()
		return nil, fmt.Errorf("pcap:%s: %w", text, err)
	}
	return p, nil
}

func (p *Port) open(create func(string) (*Writer, error)) (err error) {
	if p.spec.in != "" {
		if p.in, err = OpenReader(p.spec.in); err != nil {
			return err
		}
	}
	if p.spec.out != "" {
		if p.out, err = create(p.spec.out); err == nil {
			p.info.Name = strings.Replace(p.info.Name, ",out="+p.spec.out, ",out="+p.spec.out+p.out.ending, 1)
		}
	}
	return err
}

// Rx lends the next frames of the capture. It misses those that the capture
// cut, and loses those that are longer than pmd.MaxFrame.
func (p *Port) Rx(b *pmd.Burst) {
	b.N = 0
	for p.in != nil && b.N < pmd.MaxBurst {
		packet, err := p.in.Next()
		if err == io.EOF && p.spec.loop && p.again() {
			return // not on into the new turn: the file may hold no frame at all
		}
		if err != nil {
			p.end(err)
			return
		}
		frame := packet.Frame
		if len(frame) < packet.Length {
			p.rxMissed.Add(1)
			continue
		}
		if len(frame) > pmd.MaxFrame {
			p.rxTooLong.Add(1)
			continue
		}
		if packet.Mended || packet.Piece == 1 {
			p.mended.Add(1)
		}
		buf := p.bufs[b.N]
		copy(buf[pmd.Headroom:], frame)
		b.Frames[b.N].Lend(buf, pmd.Headroom, len(frame))
		b.N++
		p.rx.add(frame)
	}
}

// again starts the capture anew.
func (p *Port) again() bool {
	p.in.Close()
	in, err := OpenReader(p.spec.in)
	if err != nil {
		p.fail(err)
		return false
	}
	p.in = in
	return true
}

// end is the end of the capture, or of what can be read of it.
func (p *Port) end(err error) {
	p.in.Close()
	p.in = nil
	if err != io.EOF {
		p.fail(err)
	}
}

func (p *Port) fail(err error) {
	err = fmt.Errorf("%w: %w", pmd.ErrGone, err)
	p.failed.CompareAndSwap(nil, &err)
}

// Tx writes the frames, or drops them.
func (p *Port) Tx(frames []*pmd.Frame) int {
	for n, f := range frames {
		if p.Link() != nil {
			p.txDropped.Add(uint64(len(frames) - n))
			break
		}
		p.send(f.Bytes())
	}
	return len(frames)
}

func (p *Port) send(frame []byte) {
	if len(frame) > pmd.MaxFrame {
		p.txDropped.Add(1)
		return
	}
	if p.out != nil {
		if err := p.out.Write(p.now(), frame); err != nil {
			p.fail(err)
			p.txDropped.Add(1)
			return
		}
	}
	p.tx.add(frame)
}

// Info describes the port.
func (p *Port) Info() pmd.Info { return p.info }

// Link is nil, or says which file failed and why.
func (p *Port) Link() error {
	if err := p.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// Stats are the counts since Open.
func (p *Port) Stats() pmd.Stats {
	return pmd.Stats{
		RxPackets: p.rx.packets.Load(), RxBytes: p.rx.bytes.Load(),
		TxPackets: p.tx.packets.Load(), TxBytes: p.tx.bytes.Load(),
		RxMissed: p.rxMissed.Load(), TxDropped: p.txDropped.Load(),
		Mended: p.mended.Load(), RxTooLong: p.rxTooLong.Load(),
	}
}

// Close completes the capture that was sent.
func (p *Port) Close() (err error) {
	if p.closed {
		return nil
	}
	p.closed = true
	if p.in != nil {
		err = p.in.Close()
	}
	if p.out != nil {
		err = errors.Join(err, p.out.Close())
	}
	return err
}
