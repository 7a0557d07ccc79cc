//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"nitrocard/bench"
	"nitrocard/nic/ctl"
	"nitrocard/nic/seat"
)

// The card's own, which packets meet: the objects that are applied are beside
// them.
const (
	enis  = 16
	flows = 200_000
)

// card is the process whose worker is measured.
func (g *gaps) card(ctx context.Context) error {
	b, err := connected()
	if err != nil {
		return err
	}
	if err := b.Requests(false); err != nil {
		return err
	}
	return g.serve(ctx, b, func() error {
		if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
			return err
		}
		running, end := context.WithTimeout(ctx, g.duration)
		defer end()
		if err := b.Card.Run(running); err != nil {
			return err
		}
		w := b.Card.Workers()[0]
		if w.Packets == 0 || len(b.Card.Drops().Reasons) > 0 {
			return fmt.Errorf("%d packets, and some were dropped: %+v", w.Packets, b.Card.Drops().Reasons)
		}
		ns := func(us float64) int64 { return int64(us * 1e3) }
		fmt.Println(w.CPU, ns(w.Gaps.P50), ns(w.Gaps.P99), ns(w.Gaps.P999), ns(w.Gaps.P9999), ns(w.Gaps.Max))
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	})
}

// quiet is a card that gets no packets and keeps off the worker's CPU, until
// its input ends.
func (g *gaps) quiet(ctx context.Context) error {
	seats := seat.NewSeats(1)
	defer seats.End()
	b, err := connected()
	if err != nil {
		return err
	}
	defer b.Card.Close()
	return g.serve(ctx, b, func() error {
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	})
}

// connected makes a card with all its connections.
func connected() (*bench.Bench, error) {
	b, err := bench.Region{ENIs: enis}.New(flows, 2*flows)
	if err != nil {
		return nil, err
	}
	return b, b.Connect(time.Now().UnixNano())
}

// serve answers at the card's socket for as long as work works.
func (g *gaps) serve(ctx context.Context, b *bench.Bench, work func() error) error {
	log, err := unread()
	if err != nil {
		return err
	}
	serving, end := context.WithCancel(ctx)
	defer end()
	if err := reloads(serving, b.Card, g.socket+".yaml", log); err != nil {
		return err
	}
	socket, err := ctl.Listen(g.socket)
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- ctl.Serve(serving, ctl.Options{Listener: socket, Card: b.Card, Log: log}) }()
	fmt.Println("ready")
	err = work()
	end()
	return errors.Join(err, <-served)
}
