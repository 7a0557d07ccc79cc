//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"nitrocard/sim/oracle"
)

// served is a trial from the internet that a guest's pages answer, nil if there is none.
func (s *survey) served() *trial {
	for i, t := range s.trials {
		if t.from == "" && t.at != "" && t.arrives() && t.traffic().proto == oracle.TCP {
			return &s.trials[i]
		}
	}
	return nil
}

// foreignEnd: a file goes both ways through the tunnel that the kernel's VXLAN and a card share, in
// segments that the kernels merge as they like; no kernel sees a bad packet.
func (s *survey) foreignEnd(ctx context.Context, t trial) (string, error) {
	before, err := s.counters()
	if err != nil {
		return "", err
	}
	to := netip.AddrPortFrom(t.packet.Dst, t.packet.DstPort)
	err = errors.Join(s.senderOf(t).connection(to).upload(ctx, aFile), s.senderOf(t).connection(to).download(ctx, aFile))
	if err != nil {
		return "", err
	}
	after, err := s.counters()
	if err != nil {
		return "", err
	}
	if bad := badPackets(before, after); bad != "" {
		return "", fmt.Errorf("kernels saw bad packets: %s", bad)
	}
	return fmt.Sprintf("8 MiB to %s at %s and back through the kernel's VXLAN, checksums equal; no kernel saw a bad packet", s.nick(t.at), to), nil
}
