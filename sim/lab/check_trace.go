//go:build linux

package lab

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// dark: who traces the way to a1 sees the routers as far as the edge, where the provider takes
// over, and nothing behind it, while a1 answers. The edge itself answers ping.
func (s *story) dark(ctx context.Context) (string, error) {
	c := s.client.connection(s.a1.public(webPort))
	hops, err := s.trace(ctx, c)
	if err != nil {
		return "", err
	}
	last := hops[len(hops)-1]
	edge := last.Edge
	if err := s.namesOf(ctx, hops); err != nil {
		return "", err
	}
	if seen, want := addresses(hops), publicHops(edge); !slices.Equal(seen, want) {
		return "", fmt.Errorf("a trace sees %v instead of %v", seen, want)
	}
	if err := s.client.connection(s.a1.public(webPort)).reads(ctx, s.a1); err != nil {
		return "", fmt.Errorf("after a trace: %w", err)
	}
	handover := addressAt(edge, exchange, false).Addr()
	trip, asked, err := s.client.pings(ctx, handover)
	if err != nil {
		return "", fmt.Errorf("ping %s: %w", handover, err)
	}
	agrees, err := s.traceroute(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("the client sees %s, and nobody behind: %s dropped the next packet as %s, and a1 answers; %s answers ping in %s%s and alone of them has no name%s",
		words(addresses(hops)), edge, last.Reason, handover, trip.Round(10*time.Microsecond), asked, agrees), nil
}

// namesOf is an error unless all routers but the edge have names.
func (s *story) namesOf(ctx context.Context, hops []Hop) error {
	seen := addresses(hops)
	for i, a := range seen {
		name, err := s.client.nameOf(ctx, a)
		if err != nil {
			return err
		}
		if last := i == len(seen)-1; (name == "") != last {
			return fmt.Errorf("the name of %s is %q", a, name)
		}
	}
	return nil
}

// addresses are those of the hops that told of themselves.
func addresses(hops []Hop) (all []netip.Addr) {
	for _, h := range hops {
		if h.Address.IsValid() {
			all = append(all, h.Address)
		}
	}
	return all
}

func words(addresses []netip.Addr) string {
	var all []string
	for _, a := range addresses {
		all = append(all, a.String())
	}
	return strings.Join(all, ", ")
}

// publicHops are the routers from the client to an edge, each by its address towards the client.
func publicHops(edge string) (all []netip.Addr) {
	before := "client"
	for _, name := range []string{"gateway", "isp1", "isp2", "carrier", edge} {
		all = append(all, neighborAt(before, name, false))
		before = name
	}
	return all
}

// traceroute has the client run traceroute(8), where the machine has it. Its probes have a port
// each, and so one may pass one edge, and the next the other.
func (s *story) traceroute(ctx context.Context) (words string, err error) {
	if _, err := traceroute.path(); err != nil {
		return "", nil
	}
	var out string
	err = until(ctx, "traceroute saw every public hop and no other", func() (bool, error) {
		out, err = traceroute.run(ctx, s.client.Host, "-n", "-q", "1", "-w", "2", "-m", "8", s.a1.Public.String())
		seen := tracerouteHops(out)
		return slices.ContainsFunc(edgeNames, func(edge string) bool { return slices.Equal(seen, publicHops(edge)) }), err
	})
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return "; traceroute agrees", nil
}

// tracerouteHops are the hops that traceroute(8) saw, from lines such as " 2  198.51.100.1  0.1 ms".
func tracerouteHops(out string) (all []netip.Addr) {
	for line := range strings.Lines(out) {
		if fields := strings.Fields(line); len(fields) > 1 {
			if a, err := netip.ParseAddr(fields[1]); err == nil {
				all = append(all, a)
			}
		}
	}
	return all
}
