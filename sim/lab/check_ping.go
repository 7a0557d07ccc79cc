//go:build linux

package lab

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"nitrocard/nic/wire"
)

// ping: a1's group allows ICMP echo, b1's does not.
func (s *story) ping(ctx context.Context) (string, error) {
	trip, err := s.client.ping(s.a1.Public, 10*time.Second)
	if err != nil {
		return "", fmt.Errorf("ping %s: %w", s.a1.Public, err)
	}
	before, err := s.card(s.b1).dropped(ctx, s.b1.ENI, groupDrop)
	if err != nil {
		return "", err
	}
	if _, err := s.client.ping(s.b1.Public, time.Second); !errors.Is(err, os.ErrDeadlineExceeded) {
		return "", fmt.Errorf("ping %s should get no answer, and ended with: %w", s.b1.Public, err)
	}
	after, err := s.card(s.b1).dropped(ctx, s.b1.ENI, groupDrop)
	if err != nil {
		return "", err
	}
	if after != before+1 {
		return "", fmt.Errorf("one ping to %s, and the card counts %d as %s", s.b1.Public, after-before, groupDrop)
	}
	return fmt.Sprintf("%s answers in %s, sg-web allows it; %s does not: %s at %s",
		s.a1.Public, trip.Round(10*time.Microsecond), s.b1.Public, groupDrop, s.b1.ENI), nil
}

// ping sends one echo request (RFC 792) and waits for its reply.
func (v visitor) ping(to netip.Addr, patience time.Duration) (time.Duration, error) {
	var c net.PacketConn
	if err := v.Do(func() (err error) { c, err = net.ListenPacket("ip4:icmp", "0.0.0.0"); return err }); err != nil {
		return 0, err
	}
	defer c.Close()
	request := echo(8)
	began := time.Now()
	if err := c.SetDeadline(began.Add(patience)); err != nil {
		return 0, err
	}
	if _, err := c.WriteTo(request, &net.IPAddr{IP: to.AsSlice()}); err != nil {
		return 0, err
	}
	for buf := make([]byte, 1500); ; {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			return 0, err
		}
		if from.String() == to.String() && bytes.Equal(buf[:n], echo(0)) {
			return time.Since(began), nil
		}
	}
}

// echo is an echo message of the type: 8 asks, 0 answers.
func echo(kind byte) []byte {
	m := append([]byte{kind, 0, 0, 0, 0x4e, 0x43, 0, 1}, "nitrocard"...)
	binary.BigEndian.PutUint16(m[2:], wire.Sum(m, 0))
	return m
}
