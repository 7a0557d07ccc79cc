//go:build linux

package lab

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"nitrocard/nic"
	"nitrocard/nic/wire"
)

// ping: a1's group allows ICMP echo, b1's does not.
func (s *story) ping(ctx context.Context) (string, error) {
	trip, asked, err := s.client.pings(ctx, s.a1.Public)
	if err != nil {
		return "", fmt.Errorf("ping %s: %w", s.a1.Public, err)
	}
	pinging, leave := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		_, _, err := s.client.pings(pinging, s.b1.Public)
		ended <- err
	}()
	var drops []nic.LastDrop
	err = until(ctx, "the card dropped a ping", func() (bool, error) {
		drops, err = s.card(s.b1).dropped(ctx, s.b1.ENI, groupDrop, s.client.addr.String())
		return len(drops) > 0 || len(ended) > 0, err
	})
	leave()
	if answered := <-ended; err == nil && !errors.Is(answered, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("ping %s should get no answer: %w", s.b1.Public, cmp.Or(answered, errAnswered))
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s answers in %s%s, sg-web allows it; %s does not: %s at %s",
		s.a1.Public, trip.Round(10*time.Microsecond), asked, s.b1.Public, groupDrop, s.b1.ENI), nil
}

// pings asks until there is a reply, as often as resent does, or until ctx ends.
func (v visitor) pings(ctx context.Context, to netip.Addr) (trip time.Duration, asked times, err error) {
	asked, err = resent(ctx, func(wait time.Duration) (answered bool, err error) {
		once, stop := context.WithTimeout(ctx, wait)
		defer stop()
		if trip, err = v.ping(once, to); errors.Is(err, os.ErrDeadlineExceeded) {
			return false, nil
		}
		return err == nil, err
	})
	return trip, asked, err
}

// ping sends one echo request (RFC 792, RFC 4443) and waits for its reply, or until ctx
// ends: os.ErrDeadlineExceeded.
func (v visitor) ping(ctx context.Context, to netip.Addr) (time.Duration, error) {
	network, question, answer := "ip4:icmp", echo(wire.ICMPEcho), echo(wire.ICMPEchoReply)
	if to.Is6() {
		network, question, answer = "ip6:ipv6-icmp", echo(wire.ICMPv6Echo), echo(wire.ICMPv6EchoReply)
	}
	var c net.PacketConn
	if err := v.Do(func() (err error) { c, err = net.ListenPacket(network, v.addr.String()); return err }); err != nil {
		return 0, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Now()) })()
	began := time.Now()
	if _, err := c.WriteTo(question, &net.IPAddr{IP: to.AsSlice()}); err != nil {
		return 0, err
	}
	for buf := make([]byte, 1500); ; {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			return 0, err
		}
		if to.Is6() {
			copy(buf[2:4], answer[2:4]) // the checksum, which the kernel has judged (RFC 3542 section 3.1)
		}
		if from.String() == to.String() && bytes.Equal(buf[:n], answer) {
			return time.Since(began), nil
		}
	}
}

// echo is an echo message of the type. Its checksum is IPv4's; the kernel makes
// that of IPv6.
func echo(kind byte) []byte {
	m := append([]byte{kind, 0, 0, 0, 0x4e, 0x43, 0, 1}, "nitrocard"...)
	binary.BigEndian.PutUint16(m[2:], wire.Sum(m, 0))
	return m
}
