//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"nitrocard/nic/wire"
)

// twoCustomers: the client gets A's page and B's, both from 10.0.1.5 on the
// same server, and neither guest sees a packet of the other's visit.
func (s *story) twoCustomers(ctx context.Context) (string, error) {
	for _, visit := range []struct{ host, other *machine }{{s.a1, s.b1}, {s.b1, s.a1}} {
		heard, err := visit.other.listen(ctx)
		if err != nil {
			return "", err
		}
		err = s.visits(ctx, visit.host)
		strangers, lost := heard()
		if err = errors.Join(err, lost); err == nil && strangers > 0 {
			err = fmt.Errorf("%s saw %d packets of a visit to %s", visit.other.Nick, strangers, visit.host.Nick)
		}
		if err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%s answers at %s and %s at %s, both %s on server %s; neither saw a packet of the other",
		s.a1.Nick, s.a1.Public, s.b1.Nick, s.b1.Public, s.a1.Addr.Addr(), s.a1.Card), nil
}

// visits gets a guest's page at its public address as the client.
func (s *story) visits(ctx context.Context, m *machine) error {
	got, err := s.client.get(ctx, m.public(webPort))
	if err != nil {
		return fmt.Errorf("the page at %s: %w", m.Public, err)
	}
	if want := page(m.Nick, m.ENI, clientAddr.Addr().String()); got != want {
		return fmt.Errorf("the page at %s says %q instead of %q", m.Public, got, want)
	}
	return nil
}

// listen counts what reaches the guest until heard is called. Of a virtual
// machine it is every frame, and nobody asks it for its MAC meanwhile.
func (m *machine) listen(ctx context.Context) (heard func() (int, error), err error) {
	if m.vm == nil {
		w, err := m.Watch("eth0", isIPv4)
		return func() (int, error) { return len(w.Stop()), nil }, err
	}
	before, err := m.vm.received(ctx)
	return func() (int, error) {
		after, err := m.vm.received(ctx)
		return after - before, err
	}, err
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
		wg.Go(func() { errs[i] = s.visits(ctx, []*machine{s.a1, s.b1}[i%2]) })
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
