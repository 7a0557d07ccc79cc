//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/gopacket/layers"

	"nitrocard/nic"
	"nitrocard/nic/wire"
	"nitrocard/sim/oracle"
)

// trial is a flow to try, and what is to come of it.
type trial struct {
	flow
	fate
}

// key tells which trials prove the same. Of those that arrive, each pair of ends and traffic
// is a case of its own; of those that are dropped, each part of EC2 at each
// ENI and in each family.
func (t trial) key() string {
	if t.arrives() {
		return fmt.Sprint(t.from, t.packet.Src, t.packet.Dst, t.traffic())
	}
	return fmt.Sprint(t.end.Dropped, t.end.At, t.answered, t.family())
}

// mostTries is how many flows of a family that arrive the lab tries, and how many that are dropped.
const mostTries = 40

// pick takes the trials that prove different things, of each pair of ends and each family one
// before a second.
func pick(all []trial) (picked []trial) {
	seen, pairs := map[string]bool{}, map[string]int{}
	rounds := map[int][]trial{}
	most := 0
	for _, t := range all {
		if key := t.key(); seen[key] {
			continue
		} else {
			seen[key] = true
		}
		pair := fmt.Sprint(t.from, t.at, t.arrives(), t.family())
		rounds[pairs[pair]] = append(rounds[pairs[pair]], t)
		most = max(most, pairs[pair])
		pairs[pair]++
	}
	type kind struct {
		arrives bool
		family
	}
	taken := map[kind]int{}
	for round := range most + 1 {
		for _, t := range rounds[round] {
			k := kind{t.arrives(), t.family()}
			if taken[k]++; taken[k] <= mostTries {
				picked = append(picked, t)
			}
		}
	}
	return picked
}

// try sends the flow with real stacks, and says what was seen.
func (s *survey) try(ctx context.Context, t trial) (string, error) {
	c := s.senderOf(t).connection(netip.AddrPortFrom(t.packet.Dst, t.packet.DstPort))
	before, err := s.drops(ctx, t, c)
	if err != nil {
		return "", err
	}
	old := dropTimes{}
	for _, d := range before {
		old.add(d)
	}
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	answer := make(chan reply, 1)
	go func() { answer <- s.reach(ctx, t, c) }()
	var got *reply
	var drops, lost []nic.LastDrop
	err = until(ctx, "the flow was answered or dropped", func() (bool, error) {
		select {
		case r := <-answer:
			got = &r
		default:
		}
		all, err := s.drops(ctx, t, c)
		drops, lost = parted(slices.DeleteFunc(all, old.has)) // the newest come first
		return got != nil || len(drops) > 0, err
	})
	leave()
	if err != nil {
		return "", err
	}
	s.losses.note(lost)
	if got == nil {
		<-answer
		return s.judgeDrop(t, drops[0])
	}
	return s.judgeReply(t, *got)
}

// reply is what a sender got.
type reply struct {
	text string
	err  error
}

// judgeReply is for a flow that had an answer, or an error.
func (s *survey) judgeReply(t trial, r reply) (string, error) {
	switch {
	case r.err != nil && t.arrives():
		return "", fmt.Errorf("EC2 lets it pass, and here: %w", r.err)
	case r.err != nil:
		return "", fmt.Errorf("EC2 drops it silently, by %s; here: %w", t.end.Dropped, r.err)
	case !t.arrives():
		return "", fmt.Errorf("EC2 drops it, by %s, and here it was answered: %q", t.end.Dropped, r.text)
	}
	seen := ""
	if !t.packet.IsICMP() {
		at := slices.IndexFunc(t.seen, func(a netip.Addr) bool { return r.text == page(s.nick(t.at), t.at, a.String()) })
		if at < 0 {
			return "", fmt.Errorf("the answer is %q instead of %s's to %v", r.text, s.nick(t.at), t.seen)
		}
		seen = fmt.Sprintf("; %s saw %s", s.nick(t.at), t.seen[at])
	}
	return "answered" + seen + s.viaWords(t), nil
}

// judgeDrop is for a flow of which a card dropped a packet.
func (s *survey) judgeDrop(t trial, d nic.LastDrop) (string, error) {
	said := fmt.Sprintf("%s at %s, %s", d.Reason, s.nick(d.ENI), d.Sentence)
	switch {
	case t.arrives():
		return "", fmt.Errorf("EC2 lets it pass, and here a card dropped a packet from %s to %s: %s", d.Source, d.Destination, said)
	case !slices.Contains(verdictsOf(t.end.Dropped), d.Reason) || t.end.At != "" && d.ENI != t.end.At:
		return "", fmt.Errorf("EC2 drops it by %s of %s, and here: %s", t.end.Dropped, s.nick(t.end.At), said)
	}
	what := "denied"
	if t.answered {
		what = "arrived, and its answer was denied"
	}
	return fmt.Sprintf("%s: %s at %s%s%s", what, d.Reason, s.nick(d.ENI), asked(d), s.viaWords(t)), nil
}

// verdictsOf are the cards' names for drops of a part of EC2. A route's target that the configuration lacks is gone
// for the oracle, and a peer that it lacks has no address; cards say that they lack the target.
func verdictsOf(p oracle.Part) []string {
	if p == oracle.Blackhole || p == oracle.OutsidePeer {
		return append([]string{"route_not_enforced", "nat_absent"}, p.Verdicts()...)
	}
	return p.Verdicts()
}

// asked is what denied the packet.
func asked(d nic.LastDrop) string {
	switch {
	case d.NetworkACL != nil:
		return fmt.Sprintf("; asked %s", d.NetworkACL)
	case d.Route != nil && d.Route.Target != "":
		return fmt.Sprintf("; asked %s: %s to %s", d.Route.Table, d.Route.Destination, d.Route.Target)
	case d.Route != nil:
		return fmt.Sprintf("; asked %s", d.Route.Table)
	case len(d.SecurityGroups) > 0:
		return "; asked " + strings.Join(d.SecurityGroups, ", ")
	}
	return ""
}

// drops are the drops that the trial caused, newest first: the ends are the connection's, as
// far as no translation hides them.
func (s *survey) drops(ctx context.Context, t trial, c connection) (all []nic.LastDrop, err error) {
	for _, card := range s.cards {
		view, err := card.Drops(ctx)
		if err != nil {
			return nil, err
		}
		for _, d := range view.Last {
			if t.causes(d, c.from.Port()) {
				all = append(all, d)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b nic.LastDrop) int { return b.Time.Compare(a.Time) })
	return all, nil
}

// causes tells whether a drop is of the trial, whose sender has this port.
func (t trial) causes(d nic.LastDrop, port uint16) bool {
	is := func(ends ...string) bool {
		return slices.Contains(ends, d.Source) || slices.Contains(ends, d.Destination)
	}
	sent, last := t.packet, t.end.Packet
	if t.packet.IsICMP() {
		near := t.nat || is(sent.Src.String(), last.Src.String()) // a NAT gateway hides the sender
		ping := d.Protocol == wire.ProtocolName(oracle.ICMP) || d.Protocol == wire.ProtocolName(oracle.ICMPv6)
		return near && ping && is(sent.Dst.String(), t.far().String(), last.Dst.String())
	}
	arrived := last.Dst // at the far end, or nearly
	if t.answered {
		arrived = last.Src
	}
	end := func(a netip.Addr) string { return netip.AddrPortFrom(a, sent.DstPort).String() }
	if t.nat && is(end(sent.Dst), end(t.far()), end(arrived)) {
		return true // a NAT gateway hides the sender's port
	}
	from := fmt.Sprintf(":%d", port)
	return strings.HasSuffix(d.Source, from) || strings.HasSuffix(d.Destination, from)
}

// senderOf is the flow's sender, as a visitor.
func (s *survey) senderOf(t trial) visitor {
	v := s.client
	if t.from != "" {
		v = s.byENI(t.from).visitor()
	}
	if !t.lies(s) {
		v.addr = t.packet.Src
	}
	return v
}

// lies tells whether the flow's source is not the sender's own.
func (t trial) lies(s *survey) bool {
	return t.from != "" && !slices.Contains(s.atlas.own(*s.atlas.ENI(t.from)), t.packet.Src)
}

// reach sends the flow's first packets until there is an answer, or until ctx ends.
func (s *survey) reach(ctx context.Context, t trial, c connection) (r reply) {
	switch {
	case t.lies(s):
		r.err = s.lie(ctx, t, c)
	case t.packet.Proto == oracle.TCP:
		r.text, r.err = c.get(ctx)
	case t.packet.Proto == oracle.UDP:
		r.text, r.err = c.exchange(ctx)
	default:
		_, _, r.err = c.pings(ctx, t.packet.Dst)
	}
	return r
}

// exchange sends datagrams until one is answered, as often as resent does.
func (c connection) exchange(ctx context.Context) (text string, err error) {
	var open net.Conn
	d := net.Dialer{LocalAddr: net.UDPAddrFromAddrPort(c.from)}
	if err := c.Do(func() (err error) { open, err = d.DialContext(ctx, "udp", c.to.String()); return err }); err != nil {
		return "", err
	}
	defer open.Close()
	buf := make([]byte, 1500)
	_, err = resent(ctx, func(wait time.Duration) (bool, error) {
		if _, err := open.Write([]byte("hello")); err != nil {
			return false, err
		}
		_ = open.SetReadDeadline(time.Now().Add(wait))
		defer context.AfterFunc(ctx, func() { _ = open.SetReadDeadline(time.Now()) })()
		n, err := open.Read(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return false, nil
		}
		text = string(buf[:n])
		return err == nil, err
	})
	return text, err
}

// lie sends datagrams with a source that is not the guest's own, past its kernel, until ctx ends.
func (s *survey) lie(ctx context.Context, t trial, c connection) error {
	m := s.byENI(t.from)
	raw, err := m.Raw("eth0")
	if err != nil {
		return err
	}
	defer raw.Close()
	eth := layers.Ethernet{SrcMAC: m.MAC, DstMAC: m.RouterMAC}
	udp := layers.UDP{SrcPort: layers.UDPPort(c.from.Port()), DstPort: layers.UDPPort(c.to.Port())}
	frame := packetOf(&eth, t.packet.Src, t.packet.Dst, &udp, nil)
	for {
		if err := raw.Send(frame); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(probeAgain): // a machine that is busy elsewhere loses a frame
		}
	}
}
