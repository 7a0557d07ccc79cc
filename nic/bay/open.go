package bay

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// outside calls f, which touches a device, while the card's mutex is free. What
// the caller knew of bays before, it asks again.
func (b *Bays) outside(f func()) {
	b.mu.Unlock()
	defer b.mu.Lock()
	f()
}

// reserve keeps others from opening the port of a spec until release is called:
// somebody opens or closes it. A port that was attached by hand has no spec, and
// nobody else opens it.
func (b *Bays) reserve(spec string) (release func()) {
	if spec == "" || b.busy[spec] != nil {
		return func() {}
	}
	over := make(chan struct{})
	b.busy[spec] = over
	return func() {
		delete(b.busy, spec)
		close(over)
	}
}

// opened opens a port and asks it. It is called outside.
func (b *Bays) opened(spec string, open Opener) (*Device, error) {
	p, err := open()
	if err != nil {
		return nil, err
	}
	if n := len(queuesOf(p)); n > b.workers {
		return nil, errors.Join(fmt.Errorf("%s has %d queues, and the card %d workers: each queue needs one of its own", p.Info().Name, n, b.workers), p.Close())
	}
	return newDevice(spec, p, open), nil
}

// Attach opens a port by hand for the bay of a name.
func (b *Bays) Attach(name string, open Opener) error {
	s := b.all[name]
	switch {
	case s == nil:
		return fmt.Errorf("%s is no ENI of this card; it has %s", name, b.Names())
	case s.device != nil:
		return fmt.Errorf("%s has port %s already", name, s.device.info.Name)
	case s.taken:
		return fmt.Errorf("%s has a port already, which is being opened", name)
	}
	s.taken = true
	var d *Device
	var err error
	b.outside(func() { d, err = b.opened("", open) })
	s.taken = false
	if err != nil {
		return err
	}
	if b.closed || !b.has(s, nil) {
		b.outside(func() { err = d.close() })
		return errors.Join(fmt.Errorf("%s went, or has another port, since its port was opened", name), err)
	}
	b.change(func() { s.attach(d) })
	return nil
}

// Opening is the ports that were opened for a change that is not in force.
type Opening struct {
	bays  *Bays
	ports map[string]*Device // by ENI
	free  map[string]func()  // releases their specs, by ENI
}

// Opening has no port yet.
func (b *Bays) Opening() *Opening {
	return &Opening{b, map[string]*Device{}, map[string]func(){}}
}

// Open opens ports. Where somebody else opens or closes one of them, it waits
// for that and opens none: the caller asks anew which are missing. Whoever waits
// has no port himself, so no two wait for each other.
func (o *Opening) Open(missing []Plug) (err error) {
	for _, want := range missing {
		if o.ports[want.ENI] != nil { // of another spec: the configuration changed meanwhile
			o.Close()
			return nil
		}
		if over := o.bays.busy[want.Spec]; over != nil {
			o.Close()
			o.bays.outside(func() { <-over })
			return nil
		}
	}
	for _, want := range missing {
		o.free[want.ENI] = o.bays.reserve(want.Spec)
	}
	o.bays.outside(func() {
		for _, want := range missing {
			d, failed := o.bays.opened(want.Spec, want.Open)
			if failed != nil {
				err = fmt.Errorf("port of %s: %w", want.ENI, failed)
				return
			}
			o.ports[want.ENI] = d
		}
	})
	return err
}

// take is the port that was opened for an ENI and spec, nil if none was.
func (o *Opening) take(want *Plug) *Device {
	d := o.ports[want.ENI]
	if d == nil || d.spec != want.Spec {
		return nil
	}
	delete(o.ports, want.ENI)
	o.free[want.ENI]()
	delete(o.free, want.ENI)
	return d
}

// has tells whether there is one to take.
func (o *Opening) has(want *Plug) bool {
	d := o.ports[want.ENI]
	return d != nil && d.spec == want.Spec
}

// Close closes the ports that nobody took.
func (o *Opening) Close() {
	left := slices.Collect(maps.Values(o.ports))
	o.bays.outside(func() { o.bays.end(left) })
	for _, release := range o.free {
		release()
	}
	clear(o.ports)
	clear(o.free)
}

// End closes devices that are in no bay any more. Nobody opens them again before.
func (b *Bays) End(left []*Device) {
	var free []func()
	for _, d := range left {
		free = append(free, b.reserve(d.spec))
	}
	b.outside(func() { b.end(left) })
	for _, release := range free {
		release()
	}
}

// end closes devices, outside.
func (b *Bays) end(left []*Device) {
	for _, d := range left {
		if err := d.close(); err != nil {
			b.log.Debug("close of a port that is in use no more", "device", d.spec, "error", err)
		}
	}
}
