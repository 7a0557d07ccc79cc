//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"nitrocard/nic/wire"
	"nitrocard/sim/netlab"
)

// edgesGo: edges keep nothing of connections, so those that went by one go on by the other. First
// the edge is killed that the servers send to: its host's kernel ends the BGP session, and the other
// edge takes the tunnel end over. When it is back, the other one hangs, and answers nobody: BFD tells
// the carrier.
func (s *story) edgesGo(ctx context.Context) (string, error) {
	if err := s.watchedByBFD(ctx); err != nil {
		return "", err
	}
	trips, err := s.overBoth(ctx)
	defer trips.close()
	if err != nil {
		return "", err
	}
	dies, err := s.wayBack(ctx, trips[0])
	if err != nil {
		return "", err
	}
	hangs := edgeNames[1-slices.Index(edgeNames, dies)]
	first, second := s.edgeCards[dies], s.edgeCards[hangs]
	first.kill()
	killed, err := s.moveTo(ctx, trips, hangs)
	if err := errors.Join(err, first.begin(ctx, "edge"), s.converge(ctx)); err != nil {
		return "", fmt.Errorf("%s was killed: %w", dies, err)
	}
	_ = second.cmd.Process.Signal(syscall.SIGSTOP) // the check fails if it has ended
	hung, err := s.moveTo(ctx, trips, dies)
	_ = second.cmd.Process.Signal(syscall.SIGCONT)
	if err := errors.Join(err, s.converge(ctx)); err != nil {
		return "", fmt.Errorf("%s hung: %w", hangs, err)
	}
	return fmt.Sprintf("%d connections to a1 over both edges, with all answers by way of %s: it was killed, its session ended, and all went on by way of %s, after %.1f s in all; when it was back, %s hung, BFD withdrew it, and all went on by way of %s, after %.1f s",
		len(trips), dies, hangs, killed.Seconds(), hangs, dies, hung.Seconds()), nil
}

// wayBack is the edge that the servers send to, as an answer of a1 shows.
func (s *story) wayBack(ctx context.Context, t trip) (edge string, err error) {
	watches := edgeWatches{}
	defer watches.stop()
	for _, h := range s.edges {
		if watches[h.Name], err = h.Watch(uplink, isIP); err != nil {
			delete(watches, h.Name)
			return "", err
		}
	}
	if err := t.hello(ctx, s.a1.Nick); err != nil {
		return "", err
	}
	for name, w := range watches {
		var answer tunneled
		if answer.find(w.Stop(), func(inner wire.Tuple) bool { return destination(inner) == t.from }) {
			edge = name
		}
	}
	if edge == "" {
		err = errors.New("a1 answered by way of no edge")
	}
	return edge, err
}

// watchedByBFD waits until BFD is up on each session of each edge.
func (s *story) watchedByBFD(ctx context.Context) error {
	return until(ctx, "BFD was up on all sessions", func() (bool, error) {
		for _, e := range s.edgeCards {
			view, err := e.BGP(ctx)
			if err != nil {
				return false, err
			}
			for _, n := range view.Neighbors {
				if n.BFD != "up" {
					return false, nil
				}
			}
		}
		return true, nil
	})
}

// trip is an open connection of the client's to a1, and the edge by which its packets came at first.
type trip struct {
	*talk
	by string
}

type trips []trip

func (all trips) close() {
	for _, t := range all {
		t.Close()
	}
}

// overBoth opens connections, until each edge has some. The carrier goes by their ports.
func (s *story) overBoth(ctx context.Context) (all trips, err error) {
	restore, err := s.allow(ctx, "sg-web", netip.PrefixFrom(s.client.addr, 32))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, restore()) }()
	const each = 3
	count := map[string]int{}
	for count[edgeNames[0]] < each || count[edgeNames[1]] < each {
		t, err := s.embark(ctx)
		if err != nil {
			return all, err
		}
		all = append(all, t)
		count[t.by]++
	}
	return all, nil
}

// embark opens a connection to a1.
func (s *story) embark(ctx context.Context) (t trip, err error) {
	c := s.client.connection(s.a1.public(shellPort))
	watches, err := s.atEdges(c)
	defer watches.stop()
	if err != nil {
		return t, err
	}
	if t.talk, err = c.talk(ctx); err != nil {
		return t, err
	}
	if err := t.hello(ctx, s.a1.Nick); err != nil {
		return t, err
	}
	for name, w := range watches {
		if len(w.Stop()) > 0 {
			t.by = name
		}
	}
	return t, nil
}

// edgeWatches are watches on the edges' links to the internet, by edge.
type edgeWatches map[string]*netlab.Watch

func (all edgeWatches) stop() {
	for _, w := range all {
		w.Stop()
	}
}

// atEdges watches a connection's packets from the internet.
func (s *stage) atEdges(c connection) (edgeWatches, error) {
	all := edgeWatches{}
	for _, h := range s.edges {
		w, err := h.Watch(outside, c.sent)
		if err != nil {
			return all, err
		}
		all[h.Name] = w
	}
	return all, nil
}

// moveTo waits until the routers send to no edge but one, and a1 answers on every connection; it
// tells how long this took.
func (s *story) moveTo(ctx context.Context, all trips, edge string) (time.Duration, error) {
	began := time.Now()
	view, err := s.edgeCards[edge].BGP(ctx)
	if err != nil {
		return 0, err
	}
	carrier, only := s.routers[len(s.routers)-1], addressAt(edge, exchange, false).Addr()
	err = until(ctx, "the carrier sent to "+edge+" alone", func() (bool, error) {
		for _, p := range view.Prefixes {
			via, err := carrier.host.NextHops(p)
			if err != nil || len(via) != 1 || p.Addr().Is4() && !slices.Contains(via, only) {
				return false, err
			}
		}
		return true, nil
	})
	if err != nil {
		return 0, err
	}
	for _, t := range all {
		if err := t.hello(ctx, s.a1.Nick); err != nil {
			return 0, fmt.Errorf("the connection from %s, which went by %s: %w", t.from, t.by, err)
		}
	}
	return time.Since(began), nil
}
