package bay

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

// revive puts a new port in the place of one whose device went away, if it is
// back, and tells whether it is. The old one, whose Link says why it went, is
// closed first: until then DPDK has the device.
func (b *Bays) revive(s *Bay, why error) (back bool) {
	if _, closed := s.Port.(*gone); !closed {
		b.lose(s, why)
	}
	fresh, err := s.Open()
	if err != nil {
		b.log.Debug("port is not back", "port", s.Name, "reason", err)
		return false // the next look tries again
	}
	if err := b.Fits(fresh); err != nil {
		b.log.Warn("port is back and does not fit", "port", s.Name, "reason", errors.Join(err, fresh.Close()))
		return false
	}
	b.change(s.attaching(fresh))
	b.log.Info("port is back", "port", s.Name, "device", fresh.Info().Name)
	return true
}

// lose closes a port whose device went away, when no worker has it any more.
func (b *Bays) lose(s *Bay, why error) {
	old := s.Port
	b.change(s.attaching(&gone{old, why}))
	if err := old.Close(); err != nil {
		b.log.Debug("close of a port that was gone", "port", s.Name, "error", err)
	}
}
