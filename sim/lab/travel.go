//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

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
		return fmt.Errorf("the packet ends as %s by the running cards, and as %s by their controller's configuration", t.fate(), foretold)
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
