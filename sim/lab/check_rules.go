//go:build linux

package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"nitrocard/nic"
)

// Names the card gives to what the checks look for.
const (
	groupDrop = "security_group_in"
	spoofMAC  = "spoofed_mac"
	spoofAddr = "spoofed_address"
)

// closedPort: the card drops exactly the packets that the client sent to
// port 22, and says which groups it asked.
func (s *story) closedPort(ctx context.Context) (string, error) {
	drops, err := s.refused(ctx, s.client.connection(s.a1.public(shellPort)), s.a1)
	if err != nil {
		return "", err
	}
	last := drops[0]
	if len(last.SecurityGroups) == 0 || !strings.HasSuffix(last.Destination, ":22") {
		return "", fmt.Errorf("the card does not say whom it asked: %+v", last)
	}
	return fmt.Sprintf("%d packets from %s to %s, %d dropped as %s at %s; asked %s: %s",
		len(drops), last.Source, last.Destination, len(drops), groupDrop, s.a1.ENI, strings.Join(last.SecurityGroups, ", "), last.Sentence), nil
}

// knocks is how many packets of a connection that no group lets in the checks
// wait for: the first SYN, and the one that the visitor's kernel tries again
// with, 1 s later.
const knocks = 2

// refused has a visitor knock at a place where the guest's groups do not let it
// in.
func (s *story) refused(ctx context.Context, c connection, m *machine) (drops []nic.LastDrop, err error) {
	return s.refusedAs(ctx, groupDrop, c, m)
}

// refusedAs has a visitor knock in vain until a guest's card has dropped some packets for the
// reason, and returns the drops: exactly the packets that the visitor sent.
func (s *story) refusedAs(ctx context.Context, reason string, c connection, m *machine) (drops []nic.LastDrop, err error) {
	sent, err := c.gate.Watch(c.link, c.sent)
	if err != nil {
		return nil, err
	}
	defer sent.Stop()
	knocking, leave := context.WithCancel(ctx)
	dialed := make(chan error, 1)
	go func() { dialed <- c.knock(knocking) }()
	counted := func() (n int, err error) {
		drops, err = s.card(m).dropped(ctx, m.ENI, reason, c.from.String())
		return len(drops), err
	}
	err = until(ctx, "the card dropped a packet again", func() (bool, error) {
		n, err := counted()
		return n >= knocks || len(dialed) > 0, err
	})
	leave()
	if err := errors.Join(err, <-dialed); err != nil {
		return nil, err
	}
	err = until(ctx, "they were equal", func() (bool, error) {
		n, err := counted()
		return n == len(sent.Frames()), err
	})
	if err != nil {
		err = fmt.Errorf("%s sent %d packets to %s, and the card dropped %d as %s: %w", c.Name, len(sent.Frames()), c.to, len(drops), reason, err)
	}
	return drops, err
}

// knock dials until ctx ends, and expects no answer.
func (c connection) knock(ctx context.Context) error {
	open, err := c.dial(ctx)
	if err == nil {
		open.Close()
		return fmt.Errorf("%s was let in at %s", c.Name, c.to)
	}
	if ctx.Err() == nil {
		return fmt.Errorf("%s knocked at %s and should have got no answer: %w", c.Name, c.to, err)
	}
	return nil
}

// trackedRule: a rule for the client's address opens port 22. When it goes,
// the connection that it let in stays, for EC2 tracks it, and a new one is
// dropped.
func (s *story) trackedRule(ctx context.Context) (string, error) {
	source := netip.PrefixFrom(clientAddr.Addr(), 32)
	talk, err := s.open(ctx, source)
	if err != nil {
		return "", err
	}
	defer talk.Close()
	if _, err := talk.say(ctx, "still there?"); err != nil {
		return "", fmt.Errorf("the open connection was cut when its rule went; EC2 tracks it: %w", err)
	}
	if _, err := s.refused(ctx, s.client.connection(s.a1.public(shellPort)), s.a1); err != nil {
		return "", fmt.Errorf("after the rule went: %w", err)
	}
	return fmt.Sprintf("tcp 22 from %s added: connected; removed: that connection goes on, a new one is dropped", source), nil
}

// untrackedRule: the same with a rule for everyone. Beside open egress EC2
// does not track what it lets in, so the connection ends with the rule.
func (s *story) untrackedRule(ctx context.Context) (string, error) {
	talk, err := s.open(ctx, everywhere)
	if err != nil {
		return "", err
	}
	defer talk.abort()
	if err := s.cut(ctx, talk); err != nil {
		return "", err
	}
	return fmt.Sprintf("tcp 22 from %s added: connected; removed: cut at once, for EC2 does not track it beside open egress", everywhere), nil
}

// cut says something on an open connection to a1, and expects that the card
// drops it, and no answer.
func (s *story) cut(ctx context.Context, t *talk) error {
	listening, leave := context.WithCancel(ctx)
	said := make(chan error, 1)
	go func() {
		_, err := t.say(listening, "still there?")
		said <- err
	}()
	err := until(ctx, "the card dropped a packet of the open connection", func() (bool, error) {
		drops, err := s.card(s.a1).dropped(ctx, s.a1.ENI, groupDrop, t.from.String())
		return len(drops) > 0 || len(said) > 0, err
	})
	leave()
	if outlived := <-said; err == nil && !errors.Is(outlived, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("the connection outlived a rule that EC2 does not track: %w", cmp.Or(outlived, errAnswered))
	}
	return err
}

var errAnswered = errors.New("the guest answered")

// open adds a rule for port 22 to a1's group, opens a connection through it,
// and removes the rule again.
func (s *story) open(ctx context.Context, source netip.Prefix) (t *talk, err error) {
	restore, err := s.allow(ctx, "sg-web", source)
	if err != nil {
		return nil, fmt.Errorf("adding tcp 22 from %s: %w", source, err)
	}
	t, err = s.client.connection(s.a1.public(shellPort)).talk(ctx)
	if err == nil {
		err = t.hello(ctx, s.a1.Nick)
	}
	if err != nil {
		err = fmt.Errorf("with a rule for %s: %w", source, err)
	}
	return t, errors.Join(err, restore())
}
