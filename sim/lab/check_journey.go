//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// follow: a packet is followed to a1 and its answer back, one to its drop at the card, and one to
// its drop at the edge.
func (s *story) follow(ctx context.Context) (_ string, err error) {
	if s.journey, err = s.travel(ctx, Question{s.a1.public(webPort)}); err != nil {
		return "", err
	}
	j := s.journey
	if err := s.there(j); err != nil {
		return "", err
	}
	closed, err := s.fallen(ctx, s.a1.public(shellPort), groupDrop)
	if err != nil {
		return "", err
	}
	nobody, err := s.fallen(ctx, netip.AddrPortFrom(unassigned, webPort), "address_unassigned")
	if err != nil {
		return "", err
	}
	w := j.Whereabouts
	return fmt.Sprintf("%d public hops, AS path %s, %s; %s is %s of %s on host %s, rack %s in %s; to a1 and back in %s; one to port %d fell at %s, and one to %s at %s",
		len(addresses(j.Hops)), pathWords(j.Announcements[0].ASPath), j.Edge, w.Address, w.Allocation, w.ENI, w.Host, w.Rack, w.Zone, milliseconds(j.Time),
		shellPort, closed, unassigned, nobody), nil
}

// unassigned is a public address of the region's that no ENI has.
var unassigned = netip.MustParseAddr("35.72.2.77")

// there is an error unless a journey shows the whole way to a1 and back.
func (s *story) there(j *Journey) error {
	w := j.Whereabouts
	switch {
	case j.Drop != nil || !strings.Contains(j.Answer, strings.TrimSpace(page(s.a1.Nick, s.a1.ENI, s.client.addr.String()))):
		return fmt.Errorf("the client got %q", j.Answer)
	case len(j.Announcements) != len(s.routers) || !slices.Equal(j.Announcements[0].ASPath, []uint32{systems["carrier"], systems["edge1"]}):
		return fmt.Errorf("announced: %+v", j.Announcements)
	case w == nil || w.ENI != s.a1.ENI || w.Host != s.a1.Card || w.Allocation == "":
		return fmt.Errorf("whereabouts: %+v", w)
	case j.There == nil || j.There.Outer.Destination.Addr() != w.VTEP || j.There.VNI != w.VNI || j.There.InnerMACs.Destination != w.MAC || j.There.Inner != (Ends{j.From, j.To}):
		return fmt.Errorf("the tunnel there: %+v", j.There)
	case j.Back == nil || j.Back.Inner != (Ends{j.To, j.From}) || j.Back.VNI != w.VNI || j.Edge == "" || j.BackEdge == "":
		return fmt.Errorf("the tunnel back: %+v, by %q and %q", j.Back, j.Edge, j.BackEdge)
	case j.Arrived == nil || *j.Arrived != (Ends{j.From, s.a1.private(j.To.Port())}):
		return fmt.Errorf("at the guest: %+v", j.Arrived)
	case j.Flow == nil || j.Flow.Rule == nil || len(j.In) == 0 || len(j.Out) == 0:
		return errors.New("the card tells no connection, or its stages nothing")
	}
	return nil
}

// fallen follows a packet to the drop of this reason, and tells where it was.
func (s *story) fallen(ctx context.Context, to netip.AddrPort, reason string) (where string, err error) {
	j, err := s.travel(ctx, Question{to})
	if err != nil {
		return "", err
	}
	if j.Drop == nil || j.Drop.Reason != reason || j.Drop.Answer || j.Answer != "" {
		return "", fmt.Errorf("a packet to %s should end as %s: %+v, %q", to, reason, j.Drop, j.Answer)
	}
	return j.Drop.At + " as " + reason, nil
}
