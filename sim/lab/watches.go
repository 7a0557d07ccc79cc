//go:build linux

package lab

import (
	"context"
	"net/netip"

	"nitrocard/nic/wire"
	"nitrocard/sim/netlab"
)

// place is a link of a host, where a watch stands.
type place struct{ host, link string }

// concerns tells whether a frame is of the connection, on its own or in a tunnel.
func (t *traveler) concerns(frame []byte) bool {
	var h wire.Headers
	if wire.Parse(frame, &h) != wire.NoFault {
		return false
	}
	var in tunneled
	if in.read(frame) {
		h.Tuple = in.inner
	}
	return source(h.Tuple) == t.From || destination(h.Tuple) == t.From
}

// stop ends the watches.
func (t *traveler) stop() {
	for _, w := range t.watches {
		w.Stop()
	}
}

// watch watches the edges' links, the underlay and the guest's link, which the trace's packets have passed by then.
func (t *traveler) watch(context.Context) error {
	at := []place{}
	for _, e := range t.edges {
		at = append(at, place{e.Name, outside}, place{e.Name, uplink})
	}
	if t.Whereabouts != nil {
		at = append(at, place{t.Whereabouts.Host, uplink}, place{"underlay", t.Whereabouts.Host})
	}
	if t.guest != nil && t.guest.Host != nil {
		at = append(at, place{t.guest.Name, "eth0"})
	}
	for _, p := range at {
		w, err := t.named(p.host).Watch(p.link, t.concerns)
		if err != nil {
			return err
		}
		t.watches[p] = w
	}
	return nil
}

// gather reads what the links saw.
func (t *traveler) gather(context.Context) error {
	for _, e := range t.edges {
		if seesFrom(t.watches[place{e.Name, outside}], t.From) {
			t.Edge = e.Name
		}
	}
	if t.Whereabouts == nil {
		return nil
	}
	host := t.Whereabouts.Host
	t.There = tunnelOn(t.watches[place{host, uplink}], func(inner wire.Tuple) bool { return source(inner) == t.From })
	t.Back = tunnelOn(t.watches[place{"underlay", host}], func(inner wire.Tuple) bool { return destination(inner) == t.From })
	for _, e := range t.edges {
		if back := tunnelOn(t.watches[place{e.Name, uplink}], func(inner wire.Tuple) bool { return destination(inner) == t.From }); back != nil {
			t.BackEdge = e.Name
		}
	}
	if t.guest != nil && t.guest.Host != nil {
		t.arrive(t.watches[place{t.guest.Name, "eth0"}])
	}
	return nil
}

// arrive takes the first packet of the connection at the guest.
func (t *traveler) arrive(w *netlab.Watch) {
	for _, frame := range w.Frames() {
		var h wire.Headers
		if wire.Parse(frame, &h) == wire.NoFault && source(h.Tuple) == t.From {
			t.Guest, t.Arrived = t.guest.Nick, &Ends{source(h.Tuple), destination(h.Tuple)}
			return
		}
	}
}

// seesFrom tells whether a watch saw a packet of a source.
func seesFrom(w *netlab.Watch, from netip.AddrPort) bool {
	for _, frame := range w.Frames() {
		var h wire.Headers
		if wire.Parse(frame, &h) == wire.NoFault && source(h.Tuple) == from {
			return true
		}
	}
	return false
}

// tunnelOn is the first such packet on the underlay that a watch saw, nil if it saw none.
func tunnelOn(w *netlab.Watch, such func(inner wire.Tuple) bool) *Tunnel {
	for _, frame := range w.Frames() {
		var t tunneled
		if t.read(frame) && such(t.inner) {
			return t.tunnel(frame)
		}
	}
	return nil
}
