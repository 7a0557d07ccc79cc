//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// virtual: a virtual machine booted with nothing told to it, and asked its card for its
// address, its name and its IDs. The client gets its page, and so much more that it comes in
// full segments.
func (s *story) virtual(ctx context.Context) (string, error) {
	if err := s.client.connection(s.b1.public(webPort)).reads(ctx, s.b1); err != nil {
		return "", err
	}
	sum, err := s.client.connection(s.b1.public(webPort)).noise(ctx)
	if err != nil {
		return "", err
	}
	want, err := s.b1.vm.read(ctx, "/www/noise.md5")
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(want, sum+" ") {
		return "", fmt.Errorf("8 MiB from %s have MD5 %s instead of %s", s.b1.Public, sum, want)
	}
	release, err := s.b1.vm.read(ctx, "/proc/sys/kernel/osrelease")
	if err != nil {
		return "", err
	}
	named, err := s.b1.vm.read(ctx, "/etc/named")
	if err != nil {
		return "", err
	}
	if !strings.Contains(named, s.b1.Addr.Addr().String()) {
		return "", fmt.Errorf("DNS tells b1 of its own name: %s", named)
	}
	hostname, err := s.b1.vm.read(ctx, "/proc/sys/kernel/hostname")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("b1 is Linux %s in QEMU (%s) on a vhost-user port of card %s, and nobody told it a thing: it is %s by DHCP and %s by metadata with a token; its user data serve its page, which came, and 8 MiB with the right checksum",
		release, s.b1.vm.accels[0].name, s.b1.Card, hostname, s.b1.ENI), nil
}

// mortal: a virtual machine is killed and comes back, and its neighbour on
// the same card does not notice.
func (s *story) mortal(ctx context.Context) (string, error) {
	talk, err := s.open(ctx, netip.PrefixFrom(clientAddr.Addr(), 32))
	if err != nil {
		return "", err
	}
	defer talk.Close()
	chat := talk.chat(ctx, s.a1.Nick)
	away, err := s.dieAndReturn(ctx, chat)
	answers, chatErr := chat.end()
	if err := errors.Join(err, chatErr); err != nil {
		return "", err
	}
	if err := s.lostNone(ctx, talk); err != nil {
		return "", err
	}
	return fmt.Sprintf("b1 was killed, and served its page again %.1f s later; an open connection to its neighbour a1 answered %d times meanwhile, and no packet of it was dropped",
		away.Seconds(), answers), nil
}

// dieAndReturn kills the virtual machine and boots it again. The card sees
// both, and the neighbour goes on answering after each.
func (s *story) dieAndReturn(ctx context.Context, neighbour *chat) (away time.Duration, err error) {
	died := time.Now()
	s.b1.vm.kill()
	port := func(state string) func() (bool, error) {
		return func() (bool, error) {
			p, err := s.card(s.b1).Port(ctx, s.b1.ENI)
			return (p.Link == "up") == (state == "up"), err
		}
	}
	if err := until(ctx, "the card saw that b1 is gone", port("down")); err != nil {
		return 0, err
	}
	if err := neighbour.another(ctx); err != nil {
		return 0, err
	}
	if err := s.b1.vm.boot(ctx); err != nil {
		return 0, err
	}
	if err := until(ctx, "the card saw that b1 is back", port("up")); err != nil {
		return 0, err
	}
	err = s.client.connection(s.b1.public(webPort)).reads(ctx, s.b1)
	away = time.Since(died)
	return away, errors.Join(err, neighbour.another(ctx))
}

// lostNone tells whether a card dropped a packet of the client's talk, in
// either direction.
func (s *story) lostNone(ctx context.Context, t *talk) error {
	for _, name := range s.region.cards {
		drops, err := s.cards[name].Drops(ctx)
		if err != nil {
			return err
		}
		for _, d := range drops.Last {
			if d.Source == t.from.String() || d.Destination == t.from.String() {
				return fmt.Errorf("meanwhile card %s dropped a packet from %s to %s: %s", name, d.Source, d.Destination, d.Sentence)
			}
		}
	}
	return nil
}
