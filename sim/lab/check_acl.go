//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"nitrocard/nic/vpc/ec2"
)

// aclDrop is the card's name for what a network ACL lets out of no subnet.
const aclDrop = "network_acl_out"

// cutReplies: a network ACL has no memory, so an entry that denies what goes to the client's
// ports cuts an open connection at a1's next answer. When the entry goes, the connection goes
// on.
func (s *story) cutReplies(ctx context.Context) (string, error) {
	source := netip.PrefixFrom(s.client.addr, 32)
	restore, err := s.allow(ctx, "sg-web", source)
	if err != nil {
		return "", err
	}
	talk, err := s.client.connection(s.a1.public(shellPort)).talk(ctx)
	if err == nil {
		defer talk.Close()
		err = talk.hello(ctx, s.a1.Nick)
	}
	if err := errors.Join(err, restore()); err != nil {
		return "", err
	}
	entry := ec2.NetworkAclEntry{Egress: true, Protocol: "6", CidrBlock: source, PortRange: &ec2.PortRange{From: 1024, To: 65535}}
	if restore, err = s.deny(ctx, "acl-a", entry); err != nil {
		return "", err
	}
	said := make(chan error, 1)
	go func() { said <- talk.hello(ctx, s.a1.Nick) }()
	asked := ""
	err = until(ctx, "the card dropped an answer", func() (bool, error) {
		drops, err := s.card(s.a1).dropped(ctx, s.a1.ENI, aclDrop, talk.from.String())
		if len(drops) > 0 && drops[0].NetworkACL != nil {
			asked = drops[0].NetworkACL.String()
		}
		return len(drops) > 0 || len(said) > 0, err
	})
	if err == nil && len(said) > 0 {
		err = errors.New("a1's answer passed the network ACL")
	}
	if err := errors.Join(err, restore()); err != nil {
		return "", err
	}
	if err := <-said; err != nil {
		return "", fmt.Errorf("the connection does not go on without the entry: %w", err)
	}
	return fmt.Sprintf("tcp 1024-65535 to %s denied outbound: a1 heard the client, and its answer was dropped as %s, asked %s; without that entry, the same connection went on", source, aclDrop, asked), nil
}
