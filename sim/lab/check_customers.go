//go:build linux

package lab

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"nitrocard/nic/wire"
	"nitrocard/sim/netlab"
)

// twoCustomers: the client gets A's page and B's, both from 10.0.1.5 on the
// same server, and neither guest sees a packet of the other's visit. They are
// visited in turn, twice: when a guest has seen its second visit, the packets of
// every visit before have been where they went.
func (s *story) twoCustomers(ctx context.Context) (string, error) {
	customers := []*machine{s.a1, s.b1}
	ears := make([]*ear, len(customers))
	for i, m := range customers {
		var err error
		if ears[i], err = s.listen(m); err != nil {
			return "", err
		}
		defer ears[i].Stop()
	}
	var visits []connection
	for i := range 2 * len(customers) {
		m := customers[i%len(customers)]
		c := s.client.connection(m.public(webPort))
		if err := c.reads(ctx, m); err != nil {
			return "", err
		}
		visits = append(visits, c)
	}
	for i, e := range ears {
		if err := e.heardOnlyItsOwn(ctx, visits[:len(customers)+i+1]); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%s answers at %s and %s at %s, both %s on server %s; neither saw a packet of the other",
		s.a1.Nick, s.a1.Public, s.b1.Nick, s.b1.Public, s.a1.Addr.Addr(), s.a1.Card), nil
}

// ear hears what reaches a guest.
type ear struct {
	*netlab.Watch
	guest *machine
	of    func(c connection, frame []byte) bool // whether a frame tells of a connection
}

// listen lends an ear at the guest's link. A virtual machine has none where
// others could listen, but answers every segment of TCP, if only with a reset:
// the ear is on the underlay then, and hears its answers.
func (s *story) listen(m *machine) (*ear, error) {
	e := &ear{guest: m, of: connection.sent}
	host, link := m.Host, "eth0"
	if m.vm != nil {
		e.of = func(c connection, frame []byte) bool { return c.answered(frame, m.VNI) }
		host, link = s.underlay, m.Card
	}
	var err error
	e.Watch, err = host.Watch(link, isIPv4)
	return e, err
}

// heardOnlyItsOwn waits until the ear has heard of the last of these visits,
// which is the guest's own, and tells of one before that was another's.
func (e *ear) heardOnlyItsOwn(ctx context.Context, visits []connection) error {
	last := visits[len(visits)-1]
	err := until(ctx, e.guest.Nick+"'s own visit was heard of", func() (bool, error) { return e.hears(last), nil })
	if err != nil {
		return err
	}
	for _, c := range visits {
		if c.to != last.to && e.hears(c) {
			return fmt.Errorf("%s saw a packet of the visit from %s to %s", e.guest.Nick, c.from, c.to)
		}
	}
	return nil
}

func (e *ear) hears(c connection) bool {
	return slices.ContainsFunc(e.Frames(), func(frame []byte) bool { return e.of(c, frame) })
}

func isIPv4(frame []byte) bool {
	return len(frame) > 14 && wire.Ethernet(frame).EtherType() == wire.EtherTypeIPv4
}

// hundred: a hundred connections at once, every other one to B.
func (s *story) hundred(ctx context.Context) (string, error) {
	const visitors = 100
	errs := make([]error, visitors)
	var wg sync.WaitGroup
	for i := range visitors {
		m := []*machine{s.a1, s.b1}[i%2]
		c := s.client.connection(m.public(webPort))
		wg.Go(func() { errs[i] = c.reads(ctx, m) })
	}
	wg.Wait()
	failed, first := 0, error(nil)
	for _, err := range errs {
		if err != nil {
			failed++
			first = err
		}
	}
	if failed > 0 {
		return "", fmt.Errorf("%d of %d connections failed, one with: %w", failed, visitors, first)
	}
	return fmt.Sprintf("%d connections, half to %s and half to %s, each answered by the right one", visitors, s.a1.Public, s.b1.Public), nil
}
