//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"nitrocard/nic/wire"
)

// Names the card gives to what the checks look for.
const (
	groupDrop = "security_group_in"
	spoofMAC  = "spoofed_mac"
	spoofAddr = "spoofed_address"
)

// knock is how long the client tries a port that should be closed: long
// enough for its kernel's first retransmission, 1 s after the first SYN.
const knock = 1500 * time.Millisecond

// countPatience is how long a packet on its way may take to be counted.
const countPatience = 5 * time.Second

// closedPort: the card drops exactly the packets that the client sent to
// port 22, and says which groups it asked.
func (s *story) closedPort(ctx context.Context) (string, error) {
	packets, err := s.refused(ctx, s.client, s.a1, s.a1.public(shellPort))
	if err != nil {
		return "", err
	}
	last, err := s.card(s.a1).lastDrop(ctx, s.a1.ENI, groupDrop)
	if err != nil {
		return "", err
	}
	if len(last.SecurityGroups) == 0 || !strings.HasSuffix(last.Destination, ":22") {
		return "", fmt.Errorf("the card does not say whom it asked: %+v", last)
	}
	return fmt.Sprintf("%d packets from %s to %s, %d dropped as %s at %s; asked %s: %s",
		packets, last.Source, last.Destination, packets, groupDrop, s.a1.ENI, strings.Join(last.SecurityGroups, ", "), last.Sentence), nil
}

// refused has a visitor knock at a place where the guest's groups do not let it
// in, and waits until the card has counted exactly the packets that the
// visitor sent, which it returns.
func (s *story) refused(ctx context.Context, v visitor, m *machine, at netip.AddrPort) (packets int, err error) {
	before, err := s.card(m).dropped(ctx, m.ENI, groupDrop)
	if err != nil {
		return 0, err
	}
	sent, err := v.gate.Watch(v.link, opens(at))
	if err != nil {
		return 0, err
	}
	defer sent.Stop()
	brief, cancel := context.WithTimeout(ctx, knock)
	defer cancel()
	if c, err := v.dial(brief, at); err == nil {
		c.Close()
		return 0, fmt.Errorf("%s let %s in at %s", m.Nick, v.Name, at)
	}
	var after uint64
	soon, cancel := context.WithTimeout(ctx, countPatience)
	defer cancel()
	err = until(soon, "they were equal", func() (bool, error) {
		packets = len(sent.Frames())
		after, err = s.card(m).dropped(ctx, m.ENI, groupDrop)
		return packets > 0 && after-before == uint64(packets), err
	})
	if err != nil {
		err = fmt.Errorf("%s sent %d packets to %s, and the card counts %d as %s: %w", v.Name, packets, at, after-before, groupDrop, err)
	}
	return packets, err
}

// opens likes the frames that ask for a TCP connection to a place.
func opens(at netip.AddrPort) func([]byte) bool {
	return func(frame []byte) bool {
		var h wire.Headers
		return wire.Parse(frame, &h) == wire.NoFault && h.Proto == wire.ProtoTCP &&
			h.Flags&wire.TCPSyn != 0 && endpoint(h.Dst, h.DstPort) == at.String()
	}
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
	if _, err := talk.say("still there?", 10*time.Second); err != nil {
		return "", fmt.Errorf("the open connection was cut when its rule went; EC2 tracks it: %w", err)
	}
	if _, err := s.refused(ctx, s.client, s.a1, s.a1.public(shellPort)); err != nil {
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
	before, err := s.card(s.a1).dropped(ctx, s.a1.ENI, groupDrop)
	if err != nil {
		return "", err
	}
	answer, err := talk.say("still there?", time.Second)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return "", fmt.Errorf("the connection outlived a rule that EC2 does not track: answer %q, error %v", answer, err)
	}
	err = until(ctx, "the card counted a drop", func() (bool, error) {
		after, err := s.card(s.a1).dropped(ctx, s.a1.ENI, groupDrop)
		return after > before, err
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("tcp 22 from %s added: connected; removed: cut at once, for EC2 does not track it beside open egress", everywhere), nil
}

// open adds a rule for port 22 to a1's group, opens a connection through it,
// and removes the rule again.
func (s *story) open(ctx context.Context, source netip.Prefix) (t *talk, err error) {
	restore, err := s.allow(ctx, "sg-web", source)
	if err != nil {
		return nil, fmt.Errorf("adding tcp 22 from %s: %w", source, err)
	}
	t, err = s.client.talk(ctx, s.a1.public(shellPort))
	if err == nil {
		err = t.hello(s.a1.Nick)
	}
	if err != nil {
		err = fmt.Errorf("with a rule for %s: %w", source, err)
	}
	return t, errors.Join(err, restore())
}
