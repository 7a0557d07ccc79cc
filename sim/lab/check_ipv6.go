//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
)

// speaksIPv6 has a guest's kernel ask for routers, until the card is one of them.
func (m *machine) speaksIPv6(ctx context.Context) (router netip.Addr, err error) {
	if !m.Addr6.IsValid() {
		return router, fmt.Errorf("%s has no IPv6 address", m.Nick)
	}
	if err := m.beginIPv6(); err != nil {
		return router, err
	}
	return m.learnRouter(ctx)
}

// beginIPv6 has a guest's kernel speak IPv6 and ask for routers, also if it is one itself.
func (m *machine) beginIPv6() (err error) {
	if m.Forwards {
		err = m.Sysctl("net/ipv6/conf/eth0/accept_ra", "2")
	}
	return errors.Join(err, m.SpeakIPv6("eth0"), m.Address("eth0", netip.PrefixFrom(m.Addr6, 128)))
}

// learnRouter waits until the guest's kernel knows a router.
func (m *machine) learnRouter(ctx context.Context) (router netip.Addr, err error) {
	err = until(ctx, m.Nick+"'s kernel learned a router", func() (bool, error) {
		router, err = m.AdvertisedRouter()
		return router.IsValid(), err
	})
	return router, err
}

// ipv6: a1's kernel asks for routers and learns the card's; then the client gets a1's page and
// a file over IPv6, and is refused where a1's groups do not let it in. A large datagram of a1's comes
// back in fragments that both kernels made.
func (s *story) ipv6(ctx context.Context) (string, error) {
	router, err := s.a1.speaksIPv6(ctx)
	if err != nil {
		return "", err
	}
	client := s.client
	client.addr = clientAddr6.Addr()
	at := netip.AddrPortFrom(s.a1.Addr6, webPort)
	if err := client.connection(at).reads(ctx, s.a1); err != nil {
		return "", err
	}
	if err := client.connection(at).download(ctx, aFile); err != nil {
		return "", err
	}
	asker, large := s.a1.visitor(), s.region.largeDatagram().bytes
	asker.addr = s.a1.Addr6
	sent, err := echoed(ctx, asker, client, large) // the first one teaches a1's kernel the path's MTU
	if err != nil {
		return "", err
	}
	drops, err := s.refused(ctx, client.connection(netip.AddrPortFrom(s.a1.Addr6, shellPort)), s.a1)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("a1 learned its router, %s, from the card; the client at %s got its page and 8 MiB from %s, checksums equal; a datagram of %d bytes%s came back in fragments; %d packets to port %d were dropped as %s",
		router, client.addr, at, large, sent.again(), len(drops), shellPort, groupDrop), nil
}
