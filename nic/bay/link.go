package bay

import (
	"errors"

	"nitrocard/pmd"
)

// CheckLinks looks at every port once: it says when a link goes down or comes
// back, opens a port anew whose device was away, and follows a device that others
// change. It tells whether a port or a device is another now, so that the card
// needs a new view.
func (b *Bays) CheckLinks() (changed bool) {
	for _, s := range b.all {
		if s.Port != nil && b.checkLink(s) {
			changed = true
		}
	}
	return changed
}

func (b *Bays) checkLink(s *Bay) (changed bool) {
	err := s.Port.Link()
	if was := s.setDown(err != nil); was != (err != nil) {
		if err != nil {
			b.log.Warn("link went down", "port", s.Name, "device", s.Port.Info().Name, "reason", err)
		} else {
			b.log.Info("link is back", "port", s.Name, "device", s.Port.Info().Name)
		}
	}
	switch {
	case errors.Is(err, pmd.ErrGone):
		return b.revive(s, err)
	case s.Port.Info() != s.Info:
		b.adapt(s)
		return true
	}
	return false
}

// adapt takes up the MAC or the MTU that a device has now.
func (b *Bays) adapt(s *Bay) {
	was := s.Info
	b.stand(s.attaching(s.Port))
	b.log.Info("device changed", "port", s.Name, "device", s.Info.Name,
		"mtu", s.Info.MTU, "mac", s.Info.MAC, "mtu_was", was.MTU, "mac_was", was.MAC)
}
