package bay

import (
	"errors"
	"maps"
	"slices"

	"nitrocard/pmd"
)

// round is one look at every device. Several goroutines may work on a round: a goroutine
// that meets a device that does not answer stays there, and another goes on.
type round struct {
	left    []*Bay // to look at
	at      int    // goroutines that work on the round
	looks   int    // looks begun so far, in all rounds
	checked int    // looks when BeginRound was called last
}

// BeginRound begins a round, unless one is under way, and tells whether another goroutine
// must call Look: none works on the round, or none has begun a look since the last call of
// BeginRound.
func (b *Bays) BeginRound() bool {
	r := &b.round
	if len(r.left) == 0 {
		r.left = slices.Collect(maps.Values(b.all))
	}
	stuck := r.at == 0 || r.looks == r.checked
	r.checked = r.looks
	return stuck
}

// Look looks at the devices that are left of the round: it logs when a link goes down or
// comes back, opens a port anew whose device was away, and takes up a MAC or MTU that
// somebody else changed. Look calls changed after each such change of a port or device, so
// that the card makes a new setup. The mutex is free while a device is asked.
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

// check looks at the device in a bay, unless another goroutine has the device's turn, and
// tells whether the bay's port or device has changed.
func (b *Bays) check(s *Bay) (changed bool) {
	d := s.device
	if !b.has(s, d) || d == nil || !d.try() {
		return false
	}
	defer d.done()
	var link error
	var info pmd.Info
	var missed uint64
	b.outside(func() { link, info, missed = d.port.Link(), d.port.Info(), d.port.Stats().RxMissed })
	if !b.has(s, d) {
		return false // the device has gone, or is in another bay, meanwhile
	}
	b.tellMissed(s, missed)
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

// quietRounds are the looks, 10 s of them, without a miss that end a burst of misses.
const quietRounds = 40

// tellMissed says when a device begins to miss frames, so many by now. What follows
// is of the same burst, until there is none for quietRounds.
func (b *Bays) tellMissed(s *Bay, missed uint64) {
	d := s.device
	switch {
	case missed <= d.missed:
		d.quiet++
	case d.quiet >= quietRounds || d.missed == 0:
		b.log.Warn("frames came while the port's ring was full; get ports counts them as rx_missed",
			"port", s.Name, "device", d.info.Name, "missed", missed-d.missed, "missed_in_all", missed)
		fallthrough
	default:
		d.quiet = 0
	}
	d.missed = missed
}
