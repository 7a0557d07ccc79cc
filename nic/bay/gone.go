package bay

import "nitrocard/pmd"

// gone stands in for a port whose device went away, until the device is back. It carries
// no frames; Info and Stats are the closed port's.
type gone struct {
	pmd.Port       // the closed port
	why      error // the port's last Link
}

// Rx has no frames.
func (*gone) Rx(b *pmd.Burst) { b.N = 0 }

// Tx takes no frames.
func (*gone) Tx([]*pmd.Frame) int { return 0 }

// Link is the port's last.
func (g *gone) Link() error { return g.why }

// Close does nothing, because lose closes the port.
func (*gone) Close() error { return nil }

// revive opens a device anew that went away, if the device is back, and tells whether the
// bay's port is another one now. why is the link of the old port, which revive closes
// first, because DPDK keeps the device until then. The caller has the device's turn.
func (b *Bays) revive(s *Bay, d *Device, why error) (changed bool) {
	if _, closed := d.port.(*gone); !closed {
		b.lose(s, d, why)
		changed = true
	}
	var fresh *Device
	var err error
	open, release := d.open, b.reserve(d.spec)
	b.outside(func() { fresh, err = b.opened(d.spec, open) })
	release()
	switch {
	case err != nil:
		b.log.Debug("port is not back", "port", s.Name, "reason", err)
		return changed // the next look tries again
	case !b.has(s, d):
		b.outside(func() { fresh.port.Close() }) // the bay has got another device meanwhile, or is gone
		return changed
	}
	b.change(func() {
		d.port, d.info, d.down = fresh.port, fresh.info, fresh.down
		s.attach(d)
	})
	d.last.Store(fresh.Last())
	b.log.Info("port is back", "port", s.Name, "device", d.info.Name)
	return true
}

// lose takes a port whose device went away from the workers, and then closes the port.
func (b *Bays) lose(s *Bay, d *Device, why error) {
	old := d.port
	b.change(func() {
		d.port, d.down = &gone{old, why}, true
		s.attach(d)
	})
	b.outside(func() {
		if err := old.Close(); err != nil {
			b.log.Debug("close of a port that was gone", "port", s.Name, "error", err)
		}
	})
}
