//go:build linux

package lab

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// allow adds a rule for the shell port to a group on every card, and returns how to take it away again.
func (s *story) allow(ctx context.Context, group string, source netip.Prefix) (restore func() error, err error) {
	old, err := s.card(s.a1).SecurityGroup(ctx, group)
	if err != nil {
		return nil, err
	}
	opened := old
	opened.IpPermissions = append(slices.Clone(old.IpPermissions), shellRule(source))
	if err := s.put(ctx, "SecurityGroups", group, opened); err != nil {
		return nil, err
	}
	return func() error {
		if err := s.put(ctx, "SecurityGroups", group, old); err != nil {
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

// deny adds an entry to a network ACL on every card, before all that it has, and returns how
// to take the entry away again.
func (s *story) deny(ctx context.Context, acl string, entry ec2.NetworkAclEntry) (restore func() error, err error) {
	old, err := s.card(s.a1).NetworkACL(ctx, acl)
	if err != nil {
		return nil, err
	}
	entry.RuleNumber, entry.RuleAction = 1, "deny"
	stricter := old
	stricter.Entries = append(slices.Clone(old.Entries), entry)
	if err := s.put(ctx, "NetworkAcls", acl, stricter); err != nil {
		return nil, err
	}
	return func() error { return s.put(ctx, "NetworkAcls", acl, old) }, nil
}

// put replaces an object on every card: at their controller, or where there is none at each.
func (s *stage) put(ctx context.Context, kind, id string, object any) error {
	if s.controller != nil {
		return s.controller.put(ctx, s.cards, kind, id, object)
	}
	for _, c := range s.cards {
		if _, err := c.Put(ctx, kind, id, object); err != nil {
			return fmt.Errorf("%s: %w", c.process.name, err)
		}
	}
	return nil
}
