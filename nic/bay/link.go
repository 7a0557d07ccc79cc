package bay

import (
	"errors"
	"maps"
	"slices"

	"nitrocard/pmd"
)

// round is one look at every device. Several goroutines may work on one: who
// meets a device that does not answer stays with it, and another goes on.
type round struct {
	left    []*Bay // to look at
	at      int    // goroutines that work on it
	looks   int    // begun so far
	checked int    // looks when BeginRound was called last
}

// BeginRound begins a round, unless one is under way, and tells whether it needs
// a goroutine more to call Look: nobody is at it, or no look began since
// BeginRound was called before.
func (b *Bays) BeginRound() bool {
	r := &b.round
	if len(r.left) == 0 {
		r.left = slices.Collect(maps.Values(b.all))
	}
	stuck := r.at == 0 || r.looks == r.checked
	r.checked = r.looks
	return stuck
}

// Look looks at the devices that are left of the round: it says when a link goes
// down or comes back, opens a port anew whose device was away, and follows a device
// that others change. changed is called for each port or device that is another one
// now, so that the card makes a new view. The mutex is free while a device is asked.
func (b *Bays) Look(changed func()) {
	r := &b.round
	r.at++
	defer func() { r.at-- }()
	for len(r.left) > 0 {
		s := r.left[0]
		r.left = r.left[1:]
		r.looks++
		if b.check(s) {
			changed()
		}
	}
}

// check looks at the device in a bay, unless somebody else is at it.
func (b *Bays) check(s *Bay) (changed bool) {
	d := s.device
	if !b.has(s, d) || d == nil || !d.try() {
		return false
	}
	defer d.done()
	var link error
	var info pmd.Info
	b.outside(func() { link, info = d.port.Link(), d.port.Info() })
	if !b.has(s, d) {
		return false // the device went, or is in another bay, meanwhile
	}
	if was := s.setDown(link != nil); was != (link != nil) {
		if link != nil {
			b.log.Warn("link went down", "port", s.Name, "device", info.Name, "reason", link)
		} else {
			b.log.Info("link is back", "port", s.Name, "device", info.Name)
		}
	}
	switch {
	case errors.Is(link, pmd.ErrGone):
		return b.revive(s, d, link)
	case info != d.info:
		b.adapt(s, info)
		return true
	}
	return false
}

// adapt takes up the MAC or the MTU that a device has now.
func (b *Bays) adapt(s *Bay, info pmd.Info) {
	was := s.device.info
	b.stand(func() {
		s.device.info = info
		s.attach(s.device)
	})
	b.log.Info("device changed", "port", s.Name, "device", info.Name,
		"mtu", info.MTU, "mac", info.MAC, "mtu_was", was.MTU, "mac_was", was.MAC)
}
