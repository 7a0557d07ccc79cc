//go:build linux

package lab

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// allow adds a rule for the shell port to a group on every card, as a
// controller would, and returns how to take it away again.
func (s *story) allow(ctx context.Context, group string, source netip.Prefix) (restore func() error, err error) {
	old, err := s.card(s.a1).SecurityGroup(ctx, group)
	if err != nil {
		return nil, err
	}
	opened := old
	opened.IpPermissions = append(slices.Clone(old.IpPermissions), shellRule(source))
	if err := s.cards.put(ctx, opened); err != nil {
		return nil, err
	}
	return func() error {
		if err := s.cards.put(ctx, old); err != nil {
			return fmt.Errorf("taking the rule for %s away: %w", source, err)
		}
		return nil
	}, nil
}

func shellRule(source netip.Prefix) ec2.IpPermission {
	port := shellPort
	return ec2.IpPermission{
		IpProtocol: "tcp",
		FromPort:   &port,
		ToPort:     &port,
		IpRanges:   []ec2.IpRange{{CidrIp: source, Description: "the lab's check"}},
	}
}

// put replaces a group on every card.
func (all cards) put(ctx context.Context, g ec2.SecurityGroup) error {
	for _, c := range all {
		if _, err := c.Put(ctx, "SecurityGroups", g.GroupId, g); err != nil {
			return fmt.Errorf("card %s: %w", c.name, err)
		}
	}
	return nil
}
