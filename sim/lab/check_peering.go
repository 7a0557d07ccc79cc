//go:build linux

package lab

import (
	"context"
	"fmt"
)

// peering: a1 and c1 reach each other, and so do c1 and d1. a1 does not reach d1 through c1's
// VPC, though routes on both sides lead there.
func (s *story) peering(ctx context.Context) (string, error) {
	for _, way := range [][2]*machine{{s.a1, s.c1}, {s.c1, s.d1}, {s.d1, s.c1}} {
		if err := way[0].visitor().connection(way[1].private(webPort)).reads(ctx, way[1]); err != nil {
			return "", err
		}
	}
	const reason = "outside_peer"
	drops, err := s.refusedAs(ctx, reason, s.a1.visitor().connection(s.d1.private(webPort)), s.a1)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("a1 reaches c1, and c1 and d1 each other, in VPCs that peer; %d packets from a1 to d1 by way of c1's VPC were dropped as %s at %s", len(drops), reason, s.a1.ENI), nil
}

// middlebox: what a3 sends to c1 goes through m1, a Linux host that forwards, for a route of
// a3's subnet says so; what a1 sends does not.
func (s *story) middlebox(ctx context.Context) (string, error) {
	through, past := s.a3.visitor().connection(s.c1.private(webPort)), s.a1.visitor().connection(s.c1.private(webPort))
	seen, err := s.m1.Watch("eth0", func(frame []byte) bool { return through.sent(frame) || past.sent(frame) })
	if err != nil {
		return "", err
	}
	defer seen.Stop()
	for _, c := range []connection{past, through} {
		if err := c.reads(ctx, s.c1); err != nil {
			return "", err
		}
	}
	frames := seen.Stop()
	for _, frame := range frames {
		if past.sent(frame) {
			return "", fmt.Errorf("m1 saw a packet of a1's, which no route sends there")
		}
	}
	if len(frames) == 0 {
		return "", fmt.Errorf("a3 reached c1, and m1 saw nothing of it")
	}
	return fmt.Sprintf("m1, which is Linux and forwards, saw the %d packets that a3 sent to c1, and none of a1's; c1 answered both", len(frames)), nil
}
