package nic

import (
	"errors"

	"nitrocard/pmd"
)

// gone stands in for a port whose device went away until the device is back:
// it carries nothing, and shows what the port was and what it did.
type gone struct {
	pmd.Port       // which is closed
	why      error // the last that its Link said
}

func (*gone) Rx(b *pmd.Burst)     { b.N = 0 }
func (*gone) Tx([]*pmd.Frame) int { return 0 }
func (g *gone) Link() error       { return g.why }
func (*gone) Close() error        { return nil }

// reopen puts a new port in the place of one whose device went away, if it is
// back. The old one, whose Link says why it went, is closed first: until then
// DPDK has the device.
func (c *Card) reopen(s *slot, why error) {
	if _, closed := s.port.(*gone); !closed {
		c.lose(s, why)
	}
	fresh, err := s.open()
	if err != nil {
		c.log.Debug("port is not back", "port", s.name, "reason", err)
		return // the next look tries again
	}
	if err := c.fits(fresh); err != nil {
		c.log.Warn("port is back and does not fit", "port", s.name, "reason", errors.Join(err, fresh.Close()))
		return
	}
	c.rebind(s.attaching(fresh))
	c.store(c.view.Load().policy)
	c.log.Info("port is back", "port", s.name, "device", fresh.Info().Name)
}

// lose closes a port whose device went away, when no worker has it any more.
func (c *Card) lose(s *slot, why error) {
	old := s.port
	c.rebind(s.attaching(&gone{old, why}))
	if err := old.Close(); err != nil {
		c.log.Debug("close of a port that was gone", "port", s.name, "error", err)
	}
}
