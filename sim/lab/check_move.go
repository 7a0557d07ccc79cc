//go:build linux

package lab

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"nitrocard/nic/vpc"
)

// movePort is where the client answers who moves.
const movePort = 7002

// moves: b1 goes to the other server, and back, with its link. It has asked the client for two
// connections, whose answers no rule lets in by themselves. Over one of them the client says
// line after line meanwhile. Over the other the client says nothing until b1 is there, and then speaks
// first: without the connection's record the card there would drop it.
func (s *story) moves(ctx context.Context) (string, error) {
	quiet, err := s.calls(ctx)
	if err != nil {
		return "", err
	}
	defer quiet.Close()
	busy, err := s.calls(ctx)
	if err != nil {
		return "", err
	}
	defer busy.Close()
	home, away := s.b1.Card, s.region.cards[0]
	if away == home {
		away = s.region.cards[1]
	}
	lines := busy.begin(ctx)
	for _, to := range []string{away, home} {
		if err := s.moveB1(ctx, to, to != home); err != nil {
			return "", err
		}
		if err := quiet.says(ctx, "b1 is on "+to); err != nil {
			return "", fmt.Errorf("b1 moved to %s, and a connection that was idle ended: %w", to, err)
		}
		if err := lines.another(ctx); err != nil {
			return "", err
		}
	}
	n, err := lines.end()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("b1 went from %s to %s and back; over a connection that it had opened before the client said %d lines meanwhile, and over another, which was idle, the client spoke first, to b1 on %s and on %s",
		home, away, n, away, home), nil
}

// moveB1 takes b1's link to another server, and has the controller know. A server whose card was not
// started with a port for b1 is told of it.
func (s *story) moveB1(ctx context.Context, to string, told bool) error {
	m := s.b1
	if err := m.server.Move(m.Nick, s.servers[to]); err != nil {
		return err
	}
	m.server, m.Card = s.servers[to], to
	place := vpc.ENIPlacement{Card: to}
	if told {
		place.Port = s.region.port(0, m.Nick)
	}
	return s.controller.put(ctx, s.cards, vpc.KindENIPlacement, m.ENI, place)
}

// call is a connection that b1 opened to the client, by both of its ends.
type call struct {
	mine, theirs net.Conn
	in           *bufio.Reader // of mine
}

// calls has b1 open a connection.
func (s *story) calls(ctx context.Context) (*call, error) {
	l, err := listen(s.client.Host, movePort)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	mine, err := s.b1.visitor().connection(netip.AddrPortFrom(s.client.addr, movePort)).dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("b1 asks the client: %w", err)
	}
	theirs, err := l.Accept()
	if err != nil {
		mine.Close()
		return nil, err
	}
	for _, end := range []net.Conn{mine, theirs} {
		_ = end.(*net.TCPConn).SetKeepAlive(false) // b1 would speak first
	}
	return &call{mine, theirs, bufio.NewReader(mine)}, nil
}

// says has the client say a line, which b1 must hear.
func (c *call) says(ctx context.Context, line string) error {
	defer context.AfterFunc(ctx, func() { _ = c.mine.SetDeadline(time.Now()) })()
	if _, err := fmt.Fprintln(c.theirs, line); err != nil {
		return err
	}
	heard, err := c.in.ReadString('\n')
	if err == nil && heard != line+"\n" {
		err = fmt.Errorf("%q instead of %q", heard, line)
	}
	return err
}

// begin has the client say line after line.
func (c *call) begin(ctx context.Context) *chat {
	until, stop := context.WithCancel(ctx)
	lines := &chat{stop: stop, done: make(chan error, 1)}
	go func() {
		for until.Err() == nil {
			n := lines.answers.Load() + 1
			if err := c.says(ctx, fmt.Sprintf("line %d", n)); err != nil {
				lines.done <- fmt.Errorf("the connection over which the client speaks, after %d lines: %w", n-1, err)
				return
			}
			lines.answers.Store(n)
			time.Sleep(pollEvery)
		}
		lines.done <- nil
	}()
	return lines
}

// Close ends the connection.
func (c *call) Close() {
	c.mine.Close()
	c.theirs.Close()
}
