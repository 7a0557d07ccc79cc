package bay

import (
	"context"
	"sync/atomic"

	"nitrocard/pmd"
)

// Device is a port that was opened, and may move from bay to bay. A device may take long
// to answer, or never answer. So no goroutine asks a device with the card's mutex held,
// and only the goroutine that has the device's turn asks.
type Device struct {
	// Under the card's mutex. port also needs the turn to be changed.
	spec string   // the port's name; "" if it was attached by hand
	open Opener   // opens the port anew after the device went away
	port pmd.Port // the one that was opened last
	info pmd.Info // as the workers' queues know the port
	down bool     // the link was down when the device was asked last

	missed uint64 // frames that the port had missed when it was asked last
	quiet  int    // looks at the port since then that found none

	turn   chan struct{} // full while a goroutine has the turn
	closed bool          // under the turn
	last   atomic.Pointer[Report]
}

// Report is a device's answers about itself.
type Report struct {
	Info   pmd.Info
	Stats  pmd.Stats
	Link   error       // nil: the port carries frames
	Detail *pmd.Detail // nil: the device tells none
}

// newDevice asks a port that was just opened.
func newDevice(spec string, port pmd.Port, open Opener) *Device {
	d := &Device{spec: spec, open: open, port: port, turn: make(chan struct{}, 1)}
	for _, q := range queuesOf(port) {
		if m, ok := q.(pmd.Merging); ok {
			m.LendMerged(false) // which takes the memory for it; the bay says where tunnels are
		}
	}
	link := port.Link()
	d.info, d.down = port.Info(), link != nil
	d.last.Store(&Report{Info: d.info, Link: link})
	return d
}

// queues are the queues of the device's port; one nil without a device.
func (d *Device) queues() []pmd.Port {
	if d == nil {
		return []pmd.Port{nil}
	}
	return queuesOf(d.port)
}

// queuesOf are the queues of a port, or the port itself if it is one queue.
func queuesOf(p pmd.Port) []pmd.Port {
	if q, ok := p.(*pmd.Queues); ok {
		return q.All
	}
	return []pmd.Port{p}
}

// try takes the turn if no goroutine has it.
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

// close waits for the turn and closes the port.
func (d *Device) close() error {
	d.turn <- struct{}{}
	defer d.done()
	d.closed = true
	return d.port.Close()
}

// Report waits for the turn and asks the device, however long the device takes.
func (d *Device) Report() *Report {
	d.turn <- struct{}{}
	defer d.done()
	return d.report()
}

// report asks the device, whose turn the caller has. Of a device with several queues, the
// first one tells the details.
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

// Last is the last report.
func (d *Device) Last() *Report { return d.last.Load() }

// Probe has a goroutine ask the device, and returns the channel on which the report arrives.
// A device that never answers holds one goroutine for ever; goroutines that wait for the
// turn meanwhile end with ctx.
func (d *Device) Probe(ctx context.Context) <-chan *Report {
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
