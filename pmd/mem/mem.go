// Package mem holds ports that need no device.
//
//	mem.go     Port: what tests and replay put in, and take out
//	ring.go    the queue behind a Port
//	source.go  Source: frames without end for benchmarks, and a sink
//	stamp.go   what tells one flow of a Source from the next
//
// Port copies and locks once a burst, so any goroutine may feed it while a
// card polls it. Source does neither: it is to cost a benchmark a few
// nanoseconds a frame.
package mem

import (
	"sync"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// Options describe a port. The zero value is a port called "mem" that takes
// every frame a port may carry, and has no address.
type Options struct {
	Name  string   // what Info says, "mem" if empty
	MAC   wire.MAC // the port's own address
	MTU   int      // bytes after the Ethernet header, pmd.MaxMTU if zero
	Queue int      // frames that wait in each direction, 1024 if zero
}

func (o Options) info() pmd.Info {
	if o.Name == "" {
		o.Name = "mem"
	}
	if o.MTU <= 0 || o.MTU > pmd.MaxMTU {
		o.MTU = pmd.MaxMTU
	}
	return pmd.Info{Name: o.Name, Driver: "mem", MAC: o.MAC, MTU: o.MTU}
}

// Port is a port in memory. All its methods may be called by anyone at any
// time, but frames that Rx lends belong to the caller of Rx.
type Port struct {
	info pmd.Info

	mu     sync.Mutex
	in     ring // injected, not yet lent
	lent   int  // frames at the head of in that the card holds
	out    ring // sent, not yet drained
	link   error
	closed bool
	stats  pmd.Stats
}

// New makes a port whose link is up.
func New(o Options) *Port {
	if o.Queue <= 0 {
		o.Queue = 1024
	}
	return &Port{info: o.info(), in: newRing(o.Queue), out: newRing(o.Queue)}
}

// Inject queues a copy of frame for the next Rx. It is false, and the frame
// counts as missed, if the queue is full, the link is not up or no port
// carries a frame of that length.
func (p *Port) Inject(frame []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.link != nil || len(frame) > pmd.MaxFrame || !p.in.push(frame) {
		p.stats.RxMissed++
		return false
	}
	return true
}

// Rx lends what was injected.
func (p *Port) Rx(b *pmd.Burst) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.in.drop(p.lent)
	p.lent, b.N = 0, 0
	if p.closed || p.link != nil {
		return
	}
	b.N = min(p.in.used, pmd.MaxBurst)
	for i := range b.N {
		mem := p.in.at(i)
		b.Frames[i].Lend(mem, pmd.Headroom, len(mem)-pmd.Headroom)
		p.stats.RxBytes += uint64(len(mem) - pmd.Headroom)
	}
	p.stats.RxPackets += uint64(b.N)
	p.lent = b.N
}

// Tx copies frames to the queue that Drain empties.
func (p *Port) Tx(frames []*pmd.Frame) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for p.link == nil && !p.closed && n < len(frames) && p.send(frames[n].Bytes()) {
		n++
	}
	p.stats.TxFull += uint64(len(frames) - n)
	return n
}

// send is false if there is no room.
func (p *Port) send(frame []byte) bool {
	if len(frame) > p.info.MTU+pmd.MaxFrame-pmd.MaxMTU {
		p.stats.TxDropped++
		return true
	}
	if !p.out.push(frame) {
		return false
	}
	p.stats.TxPackets++
	p.stats.TxBytes += uint64(len(frame))
	return true
}

// Drain passes the frames sent so far to fn, oldest first, each valid until
// fn returns, and forgets them. fn must not call the port.
func (p *Port) Drain(fn func(frame []byte)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.out.used {
		fn(p.out.at(i)[pmd.Headroom:])
	}
	p.out.drop(p.out.used)
}

// Sent returns copies of the frames that Drain would pass, and forgets them.
func (p *Port) Sent() [][]byte {
	var sent [][]byte
	p.Drain(func(frame []byte) { sent = append(sent, append([]byte(nil), frame...)) })
	return sent
}

// SetLink puts the link into a state: nil, pmd.ErrDown or pmd.ErrGone. A
// link that goes down loses what waited in it.
func (p *Port) SetLink(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.link = err
	if err != nil {
		lost := p.in.used - p.lent
		p.in.keep(p.lent)
		p.stats.RxMissed += uint64(lost)
	}
}

// SetDevice gives the port another address and MTU, as an administrator may.
func (p *Port) SetDevice(mac wire.MAC, mtu int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.info.MAC, p.info.MTU = mac, mtu
}

// Info describes the port.
func (p *Port) Info() pmd.Info {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.info
}

// Link is what SetLink put.
func (p *Port) Link() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.link
}

// Stats are the counts since New.
func (p *Port) Stats() pmd.Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// Close ends the port. What was sent can still be drained.
func (p *Port) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return nil
}
