//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/sim/explain"
	"nitrocard/sim/netlab"
)

// traveler makes a journey: a connection that is traced and then opened, while watches stand on the
// links of its way.
type traveler struct {
	*stage
	*Journey
	c       connection
	config  *vpc.Config // the controller's
	guest   *machine    // nil: no host of the lab is at the address
	watches map[place]*netlab.Watch
}

// place is a link of a host, where a watch stands.
type place struct{ host, link string }

// travel makes a journey.
func (s *stage) travel(ctx context.Context, q Question) (*Journey, error) {
	if s.region.foreign {
		return nil, errors.New("this lab has a foreign edge: journeys are of the lab's own region, which `nitrocard lab --keep` builds")
	}
	if !q.To.Addr().Is4() || q.To.Port() == 0 {
		return nil, fmt.Errorf("%s: an IPv4 address and a port of TCP are expected", q.To)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c := s.client.connection(q.To)
	t := &traveler{stage: s, c: c, Journey: &Journey{From: c.from, To: c.to, Hops: []Hop{}, In: []Look{}, Out: []Look{}}, watches: map[place]*netlab.Watch{}}
	defer t.stop()
	for _, step := range []func(context.Context) error{t.announced, t.found, t.traced, t.watch, t.visit, t.gather, t.explain} {
		if err := step(ctx); err != nil {
			return nil, err
		}
		if len(t.Announcements) == 0 {
			break // the packet leaves nobody's network
		}
	}
	return t.Journey, nil
}

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

func (t *traveler) stop() {
	for _, w := range t.watches {
		w.Stop()
	}
}

// announced asks the routers from the client on what they were told of the address.
func (t *traveler) announced(ctx context.Context) error {
	t.Announcements = []Announcement{}
	for _, r := range t.routers {
		route, ok, err := r.lookup(ctx, t.To.Addr())
		if err != nil {
			return err
		}
		if ok {
			t.Announcements = append(t.Announcements, Announcement{r.host.Name, r.daemon(), systems[r.host.Name], route.Prefix, route.Via, route.ASPath})
		}
	}
	return nil
}

// found finds whose the address is, as edges do: in the region that the controller gave them.
func (t *traveler) found(ctx context.Context) (err error) {
	if t.config, err = t.controller.Config(ctx); err != nil {
		return err
	}
	region, err := vpc.NewRegion(t.config)
	if err != nil {
		return err
	}
	if ours := region.PublicPrefixes(); len(t.Announcements) > 0 && !slices.ContainsFunc(ours, func(p netip.Prefix) bool { return p.Contains(t.To.Addr()) }) {
		return fmt.Errorf("%s is another network's: a journey is to an address that the edges announce, which is in one of %v", t.To.Addr(), ours)
	}
	if w, ok := region.Whereabouts(t.To.Addr()); ok {
		t.Whereabouts = &w
		for _, m := range t.guests {
			if m.ENI == w.ENI {
				t.guest = m
			}
		}
	}
	return nil
}

// traced finds the public hops of the connection's way.
func (t *traveler) traced(ctx context.Context) (err error) {
	if t.Hops, err = t.trace(ctx, t.c); err != nil {
		return err
	}
	for i, h := range t.Hops {
		if h.Address.IsValid() {
			if t.Hops[i].Name, err = t.client.nameOf(ctx, h.Address); err != nil {
				return err
			}
		}
	}
	return nil
}

// watch lends eyes on the edges' links, on the underlay and at the guest; the trace's packets are
// past.
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

// visit opens the connection, until it is open or a packet of it was dropped. The trace's packets
// were dropped before, each of them by itself.
func (t *traveler) visit(ctx context.Context) error {
	old, err := t.drops(ctx)
	if err != nil {
		return err
	}
	before := map[int64]bool{} // by their times
	for _, d := range old {
		before[d.LastDrop.Time.UnixNano()] = true
	}
	dialing, leave := context.WithCancel(ctx)
	defer leave()
	type end struct {
		open net.Conn
		took time.Duration
		err  error
	}
	ended := make(chan end, 1)
	began := time.Now()
	go func() {
		open, err := t.c.dial(dialing)
		ended <- end{open, time.Since(began), err}
	}()
	var got *end
	err = until(ctx, "the connection was open or a packet dropped", func() (bool, error) {
		select {
		case e := <-ended:
			got = &e
			return true, nil
		default:
		}
		all, err := t.drops(ctx)
		for i := range all {
			if !before[all[i].LastDrop.Time.UnixNano()] {
				t.Drop = &all[i]
			}
		}
		return t.Drop != nil, err
	})
	switch {
	case err != nil:
		return err
	case got == nil:
		leave()
		if e := <-ended; e.open != nil {
			e.open.Close()
		}
		return nil
	case got.err != nil:
		t.Time, t.Answer = got.took, refusalWords(got.err)
		return nil
	}
	defer got.open.Close()
	t.Time, t.Answer = got.took, "the connection is open"
	err = t.ask(ctx)
	if t.To.Port() == webPort {
		err = errors.Join(err, t.read(ctx, got.open))
	}
	return err
}

// read asks for the guest's page.
func (t *traveler) read(ctx context.Context, open net.Conn) error {
	defer context.AfterFunc(ctx, func() { _ = open.SetDeadline(time.Now()) })()
	if _, err := fmt.Fprintf(open, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		return err
	}
	text := make([]byte, 4<<10)
	n := 0
	for n < len(text) {
		more, err := open.Read(text[n:])
		if n += more; err != nil {
			break // the end, or what came is what there is
		}
	}
	if _, body, ok := strings.Cut(string(text[:n]), "\r\n\r\n"); ok {
		t.Answer += fmt.Sprintf(", and brings %q", strings.TrimSpace(body))
	}
	return nil
}

// refusalWords are how the client was refused.
func refusalWords(err error) string {
	var failed *net.OpError
	if errors.As(err, &failed) {
		err = failed.Err
	}
	return "the connection is refused: " + err.Error()
}

// drops are the packets of the connection that edges and cards dropped.
func (t *traveler) drops(ctx context.Context) (all []Drop, err error) {
	for _, hosts := range []cards{t.edgeCards, t.cards} {
		for name, card := range hosts {
			view, err := card.Drops(ctx)
			if err != nil {
				return nil, err
			}
			for _, d := range view.Last {
				if answer := d.Destination == t.From.String(); answer || d.Source == t.From.String() {
					all = append(all, Drop{name, answer, d})
				}
			}
		}
	}
	return all, nil
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

// ask has the card tell what it keeps of the connection.
func (t *traveler) ask(ctx context.Context) error {
	if t.Whereabouts == nil || t.cards[t.Whereabouts.Host] == nil {
		return nil
	}
	card := t.cards[t.Whereabouts.Host]
	flows, err := card.Flows(ctx, nic.FlowFilter{ENI: t.Whereabouts.ENI})
	for _, f := range flows {
		if f.Remote == t.From.String() {
			t.Flow = &f
		}
	}
	return err
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

// explain asks the stages what they look up for such a packet, by the controller's configuration, and
// holds what they decide against what the running cards did.
func (t *traveler) explain(context.Context) error {
	if t.Whereabouts == nil {
		return nil
	}
	network, err := explain.New(t.config)
	if err != nil {
		return err
	}
	defer network.Close()
	path, err := network.Explain(explain.Question{To: t.Whereabouts.ENI, Packet: explain.Packet{
		Protocol: wire.ProtoTCP, Src: t.From.Addr(), Dst: t.To.Addr(), SrcPort: t.From.Port(), DstPort: t.To.Port(), Flags: wire.TCPSyn, Seq: 1,
	}})
	if err != nil {
		return err
	}
	t.In, t.Out = looks(path.Forward), looks(path.Return)
	if foretold := fateOf(path); foretold != t.fate() {
		return fmt.Errorf("the running cards and their controller's configuration disagree about the packet: %s by these, and %s by that", t.fate(), foretold)
	}
	return nil
}

// fateOf is how a path ended, in a word, as fate.
func fateOf(p *explain.Path) string {
	switch {
	case !p.End.Arrived():
		return p.End.Verdict.String()
	case len(p.Return) > 0 && !p.ReturnEnd.Arrived():
		return p.ReturnEnd.Verdict.String()
	}
	return answered
}

const answered = "answered"

// fate is how the journey ended, in a word.
func (j *Journey) fate() string {
	if j.Drop != nil {
		return j.Drop.Reason
	}
	return answered
}

// looks are what the stages of all cards on a way found.
func looks(hops []explain.Hop) []Look {
	all := []Look{}
	for _, h := range hops {
		for _, p := range h.Passes {
			for _, l := range p.Looks {
				_, found, _ := strings.Cut(l.String(), ": ")
				all = append(all, Look{ENI: h.ENI.ID, Stage: string(l.Stage), Found: found, Denied: l.Denied})
			}
		}
	}
	return all
}
