//go:build linux

package lab

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"

	"nitrocard/nic/vpc/ec2"
)

// scanned are the ports that a scan asks for. All guests listen at three of them. nmap waits
// long for many that nobody answers, and these are fewer than a card remembers drops.
var scanned = fmt.Sprintf("20-30,%d,443,%d", webPort, databasePort)

// scans: who scans a guest's ports finds those that the guest's groups and its network ACL let him
// reach, and hears nothing of the others, though the guest listens at more.
func (s *story) scans(ctx context.Context) (string, error) {
	for _, look := range []struct {
		from visitor
		at   netip.Addr
		open []uint16
	}{
		{s.client, s.a1.Public, []uint16{webPort}},
		{s.a1.visitor(), s.a2.Addr.Addr(), []uint16{databasePort}},
		{s.a3.visitor(), s.a2.Addr.Addr(), nil}, // which is no member of sg-web
	} {
		if err := look.from.finds(ctx, look.at, look.open...); err != nil {
			return "", err
		}
	}
	split, err := s.splitScan(ctx)
	if err != nil {
		return "", err
	}
	source := netip.PrefixFrom(s.client.addr, 32)
	restore, err := s.deny(ctx, "acl-a", ec2.NetworkAclEntry{Protocol: "6", CidrBlock: source, PortRange: &ec2.PortRange{From: webPort, To: webPort}})
	if err != nil {
		return "", err
	}
	err = s.client.finds(ctx, s.a1.Public)
	if undone := restore(); err == nil {
		err = undone
	}
	if err != nil {
		return "", fmt.Errorf("with an entry of acl-a that denies tcp %d from %s: %w", webPort, source, err)
	}
	return fmt.Sprintf("nmap asks for ports %s: the client finds %d at %s, and none while acl-a denies it; a1 finds %d at its neighbour a2, and a3 none; nothing answers at any other%s",
		scanned, webPort, s.a1.Public, databasePort, split), nil
}

// splitScan has nmap ask a2 from a1 in fragments: those that split the TCP header are dropped, whatever
// the groups allow, and those that have all of it in the first one bring the answer. With DPDK's
// net_af_packet the card sees no fragments of a guest (see largeDatagram).
func (s *story) splitScan(ctx context.Context) (words string, err error) {
	const reason = "fragment_tiny"
	if s.region.driver == DPDK {
		return "", nil
	}
	at, card := s.a2.Addr.Addr(), s.card(s.a1)
	before, err := card.dropsOf(ctx, reason)
	if err != nil {
		return "", err
	}
	from, port := s.a1.visitor(), strconv.Itoa(databasePort)
	open, err := from.scanFor(ctx, at, port, "-f", "--max-retries", "0")
	if err == nil && len(open) > 0 {
		err = fmt.Errorf("a1 found ports %v of a2 open by fragments of 8 bytes", open)
	}
	if err != nil {
		return "", err
	}
	err = until(ctx, "the card dropped a1's fragments as "+reason, func() (bool, error) {
		after, err := card.dropsOf(ctx, reason)
		return after[s.a1.ENI] > before[s.a1.ENI], err
	})
	if err != nil {
		return "", err
	}
	err = until(ctx, "a1 found a2's port by fragments of 32 bytes", func() (bool, error) {
		open, err := from.scanFor(ctx, at, port, "--mtu", "32", "--data-length", "64")
		return len(open) == 1, err
	})
	return fmt.Sprintf("; in fragments of 8 bytes a1 finds none, dropped as %s, and of 32 bytes %d", reason, databasePort), err
}

// finds is an error unless a scan by the visitor comes to find these ports open, and never another.
func (v visitor) finds(ctx context.Context, at netip.Addr, want ...uint16) error {
	return until(ctx, fmt.Sprintf("%s found ports %v of %s open", v.Name, want, at), func() (bool, error) {
		open, err := v.scan(ctx, at)
		for _, port := range open {
			if !slices.Contains(want, port) {
				return false, fmt.Errorf("%s found port %d of %s open", v.Name, port, at)
			}
		}
		return len(open) == len(want), err
	})
}

// portState is what nmap writes of a port, such as 80/open/tcp.
var portState = regexp.MustCompile(`\b(\d+)/([a-z|]+)/tcp`)

// scan has nmap ask for ports of an address, and returns those that are open. Those of the others
// that answered at all are an error.
func (v visitor) scan(ctx context.Context, at netip.Addr) (open []uint16, err error) {
	return v.scanFor(ctx, at, scanned)
}

// scanFor is scan for other ports, in a way that flags of nmap say.
func (v visitor) scanFor(ctx context.Context, at netip.Addr, ports string, flags ...string) (open []uint16, err error) {
	args := append(flags, "-n", "-Pn", "-sS", "-p", ports, "-g", strconv.Itoa(int(v.ports.next())), "-oG", "-", at.String())
	out, err := nmap.run(ctx, v.Host, args...)
	if err != nil {
		return nil, err
	}
	for _, found := range portState.FindAllStringSubmatch(out, -1) {
		port, _ := strconv.ParseUint(found[1], 10, 16) // digits, by the pattern
		switch state := found[2]; state {
		case "open":
			open = append(open, uint16(port))
		case "filtered":
		default:
			return nil, fmt.Errorf("%s heard that port %d of %s is %s", v.Name, port, at, state)
		}
	}
	return open, nil
}
