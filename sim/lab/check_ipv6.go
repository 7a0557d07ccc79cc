//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
)

// ipv6: a1's kernel asks for routers and learns the card's; then the client gets a1's page and
// a file over IPv6, and is refused where a1's groups do not let it in.
func (s *story) ipv6(ctx context.Context) (string, error) {
	if !s.a1.Addr6.IsValid() {
		return "", errors.New("a1 has no IPv6 address")
	}
	if err := errors.Join(s.a1.SpeakIPv6("eth0"), s.a1.Address("eth0", netip.PrefixFrom(s.a1.Addr6, 128))); err != nil {
		return "", err
	}
	var router netip.Addr
	err := until(ctx, "a1's kernel learned a router", func() (bool, error) {
		var err error
		router, err = s.a1.AdvertisedRouter()
		return router.IsValid(), err
	})
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
	drops, err := s.refused(ctx, client.connection(netip.AddrPortFrom(s.a1.Addr6, shellPort)), s.a1)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("a1 learned its router, %s, from the card; the client at %s got its page and 8 MiB from %s, checksums equal; %d packets to port %d were dropped as %s",
		router, client.addr, at, len(drops), shellPort, groupDrop), nil
}
