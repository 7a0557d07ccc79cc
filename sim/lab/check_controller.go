//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
)

// controllerGone: cards need no controller for what is in force. While it is gone, a connection
// goes on, a3's card dies and comes back with its copy of what the controller said, and
// neighbours find each other over both cards. The controller comes back with its data, and a
// change reaches both cards.
func (s *story) controllerGone(ctx context.Context) (_ string, err error) {
	talk, err := s.open(ctx, netip.PrefixFrom(s.client.addr, 32))
	if err != nil {
		return "", err
	}
	defer talk.Close()
	s.controller.kill()
	back := false
	defer func() {
		if !back {
			err = errors.Join(err, s.controller.begin(ctx))
		}
	}()
	if err := talk.hello(ctx, s.a1.Nick); err != nil {
		return "", fmt.Errorf("a connection ended with the controller: %w", err)
	}
	card := s.card(s.a3)
	if s.region.driver != DPDK { // a DPDK process that was killed leaves its port to nobody
		card.kill()
		if err := card.begin(ctx, "card"); err != nil {
			return "", fmt.Errorf("without a controller: %w", err)
		}
	}
	visit := func() error { return s.a1.visitor().connection(s.a3.private(webPort)).reads(ctx, s.a3) }
	if err := visit(); err != nil {
		return "", fmt.Errorf("without a controller: %w", err)
	}
	back = true
	if err := s.controller.begin(ctx); err != nil {
		return "", err
	}
	restore, err := s.allow(ctx, "sg-web", everywhere)
	if err != nil {
		return "", err
	}
	if err := errors.Join(restore(), talk.hello(ctx, s.a1.Nick), visit()); err != nil {
		return "", err
	}
	return fmt.Sprintf("killed: an open connection to a1 went on, and a1 read from a3, whose card was killed, too, and came back with its copy; after the controller's start a change was in force on cards %s and %s",
		s.a1.Card, s.a3.Card), nil
}
