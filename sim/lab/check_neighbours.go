//go:build linux

package lab

import (
	"context"
	"fmt"
)

// neighbours: A's instances reach each other on one card and across two, and
// a group that allows the members of another allows nobody else.
func (s *story) neighbours(ctx context.Context) (string, error) {
	for _, way := range []struct {
		from, to *machine
		port     uint16
	}{
		{s.a1, s.a2, databasePort}, // same card; sg-db allows members of sg-web
		{s.a1, s.a3, webPort},      // the other card, another subnet
		{s.a2, s.a3, webPort},
	} {
		if err := way.from.visitor().connection(way.to.private(way.port)).reads(ctx, way.to); err != nil {
			return "", err
		}
	}
	database := s.a2.private(databasePort)
	dropped, err := s.refused(ctx, s.a3.visitor().connection(database), s.a2)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("a1 to a2 on card %s, a1 and a2 to a3 on card %s and in another subnet; %s is for members of sg-web: a1 got in, %d packets of a3's were dropped",
		s.a1.Card, s.a3.Card, database, len(dropped)), nil
}
