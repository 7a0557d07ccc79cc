package bay

import (
	"context"
	"sync/atomic"

	"nitrocard/pmd"
)

// Device is a port that was opened, and what is known of it. It may move from
// bay to bay. A device takes its time to answer, or never does, so nobody asks it
// with the card's mutex held, and one at a time does: who asks has its turn.
type Device struct {
	spec string   // as the port was named; "" if it was attached by hand
	open Opener   // opens the port anew after the device went away, under the card's mutex
	port pmd.Port // changed under the card's mutex, by who has the turn
	info pmd.Info // as workers' queues know the port, under the card's mutex
	down bool     // link, as the device said last, under the card's mutex

	turn   chan struct{} // full while somebody has it
	closed bool          // known to who has the turn
	last   atomic.Pointer[Report]
}

// Report is what a device says of itself.
type Report struct {
	Info   pmd.Info
	Stats  pmd.Stats
	Link   error       // nil: the port carries frames
	Detail *pmd.Detail // nil: the device tells none
}

// newDevice asks a port that was just opened.
func newDevice(spec string, port pmd.Port, open Opener) *Device {
	d := &Device{spec: spec, open: open, port: port, turn: make(chan struct{}, 1)}
	link := port.Link()
	d.info, d.down = port.Info(), link != nil
	d.last.Store(&Report{Info: d.info, Link: link})
	return d
}

// queues are those of the device's port.
func (d *Device) queues() []pmd.Port {
	if d == nil {
		return []pmd.Port{nil}
	}
	return queuesOf(d.port)
}

// queuesOf are the queues of a port.
func queuesOf(p pmd.Port) []pmd.Port {
	if q, ok := p.(*pmd.Queues); ok {
		return q.All
	}
	return []pmd.Port{p}
}

// try takes the turn if nobody has it.
func (d *Device) try() bool {
	select {
	case d.turn <- struct{}{}:
		return true
	default:
		return false
	}
}

// done gives the turn back.
func (d *Device) done() { <-d.turn }

// close closes the port once whoever has the turn is done.
func (d *Device) close() error {
	d.turn <- struct{}{}
	defer d.done()
	d.closed = true
	return d.port.Close()
}

// Report asks the device, and waits for as long as it takes.
func (d *Device) Report() *Report {
	d.turn <- struct{}{}
	defer d.done()
	return d.report()
}

// report asks the device in whose turn the caller is. The first queue speaks for
// the device in detail.
func (d *Device) report() *Report {
	if d.closed {
		return d.Last()
	}
	r := &Report{Info: d.port.Info(), Stats: d.port.Stats(), Link: d.port.Link()}
	if q, ok := queuesOf(d.port)[0].(pmd.Detailed); ok {
		detail := q.Detail()
		r.Detail = &detail
	}
	d.last.Store(r)
	return r
}

// Last is what the device said when it was asked last.
func (d *Device) Last() *Report { return d.last.Load() }

// Ask has a goroutine ask the device, and returns where the answer arrives. A
// device that never answers holds that one goroutine: the next one ends with ctx.
func (d *Device) Ask(ctx context.Context) <-chan *Report {
	answer := make(chan *Report, 1)
	go func() {
		select {
		case d.turn <- struct{}{}:
			defer d.done()
			answer <- d.report()
		case <-ctx.Done():
		}
	}()
	return answer
}
