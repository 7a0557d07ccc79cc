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

// virtual: the client gets the page of a virtual machine, and so much more
// that it comes in full segments.
func (s *story) virtual(ctx context.Context) (string, error) {
	if err := s.visits(ctx, s.b1); err != nil {
		return "", err
	}
	sum, err := s.client.noise(ctx, s.b1.public(webPort))
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
	return fmt.Sprintf("b1 is Linux %s in QEMU (%s) on a vhost-user port of card %s; its page came, and 8 MiB with the right checksum",
		release, s.b1.vm.accels[0].name, s.b1.Card), nil
}

// mortal: a virtual machine is killed and comes back, and its neighbour on
// the same card does not notice.
func (s *story) mortal(ctx context.Context) (string, error) {
	before, err := s.card(s.a1).lost(ctx, s.a1.ENI)
	if err != nil {
		return "", err
	}
	talk, err := s.open(ctx, netip.PrefixFrom(clientAddr.Addr(), 32))
	if err != nil {
		return "", err
	}
	defer talk.Close()
	silence := talk.chat(s.a1.Nick)
	away, err := s.dieAndReturn(ctx)
	answers, slowest, chatErr := silence()
	if err := errors.Join(err, chatErr); err != nil {
		return "", err
	}
	after, err := s.card(s.a1).lost(ctx, s.a1.ENI)
	if err != nil {
		return "", err
	}
	if after != before {
		return "", fmt.Errorf("meanwhile the card dropped %d packets at its neighbour %s", after-before, s.a1.ENI)
	}
	return fmt.Sprintf("b1 was killed, and served its page again %.1f s later; an open connection to its neighbour a1 answered %d times meanwhile, never later than %s; no packet of a1's was dropped",
		away.Seconds(), answers, slowest.Round(time.Millisecond/10)), nil
}

// dieAndReturn kills the virtual machine and boots it again. The card sees
// both.
func (s *story) dieAndReturn(ctx context.Context) (away time.Duration, err error) {
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
	if err := s.b1.vm.boot(ctx); err != nil {
		return 0, err
	}
	if err := until(ctx, "the card saw that b1 is back", port("up")); err != nil {
		return 0, err
	}
	err = s.visits(ctx, s.b1)
	return time.Since(died), err
}

// lost is how many packets an ENI lost so far, for whatever reason.
func (c *card) lost(ctx context.Context, eni string) (packets uint64, err error) {
	drops, err := c.Drops(ctx)
	for _, d := range drops.Reasons {
		packets += d.ENIs[eni]
	}
	return packets, err
}
