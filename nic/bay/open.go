package bay

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// outside calls f, which touches a device, while the card's mutex is free. Bays may have
// changed when outside returns, so the caller looks at them again.
func (b *Bays) outside(f func()) {
	b.mu.Unlock()
	defer b.mu.Lock()
	f()
}

// reserve keeps other changes from opening the port of a spec until release is called,
// while the caller opens or closes the port. A port that was attached by hand has no spec,
// and no change opens it.
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

// opened opens a port and asks the device. Call opened outside the mutex.
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

// Opening is the ports that were opened for a change that is not in force yet.
type Opening struct {
	bays  *Bays
	ports map[string]*Device // by ENI
	free  map[string]func()  // releases their specs, by ENI
}

// Opening makes an Opening without ports.
func (b *Bays) Opening() *Opening {
	return &Opening{b, map[string]*Device{}, map[string]func(){}}
}

// Open opens the missing ports. If another change opens or closes one of them, Open
// closes all ports of o, waits for the other change, and returns without opening any: the
// caller computes anew which ports are missing. A change that waits has no port, so no two
// changes wait for each other.
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

// take takes the port that was opened for an ENI and a spec out of o, nil if there is
// none.
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

// has tells whether take would find a port.
func (o *Opening) has(want *Plug) bool {
	d := o.ports[want.ENI]
	return d != nil && d.spec == want.Spec
}

// Close closes the ports that were not taken.
func (o *Opening) Close() {
	left := slices.Collect(maps.Values(o.ports))
	o.bays.outside(func() { o.bays.end(left) })
	for _, release := range o.free {
		release()
	}
	clear(o.ports)
	clear(o.free)
}

// End closes devices that are in no bay any more. Their specs are busy until End returns.
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

// end closes devices. Call end outside the mutex.
func (b *Bays) end(left []*Device) {
	for _, d := range left {
		if err := d.close(); err != nil {
			b.log.Debug("close of a port that is in use no more", "device", d.spec, "error", err)
		}
	}
}
