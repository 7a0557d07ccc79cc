//go:build linux

package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"nitrocard/bench"
	"nitrocard/nic"
	"nitrocard/nic/vpc"
)

// reloads has the card read its configuration again with each SIGHUP until ctx ends, as
// nitrocard run does, from a file that reloads writes before.
func reloads(ctx context.Context, card *nic.Card, path string, log *slog.Logger) error {
	cfg, err := bench.Region{ENIs: enis}.Config()
	if err != nil {
		return err
	}
	text, err := json.Marshal(cfg)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return err
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, unix.SIGHUP)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangups:
			}
			change, err := reload(card, path)
			log.Info("configuration read again", "epoch", change.Epoch, "error", err)
		}
	}()
	return nil
}

// reload puts the configuration of a file in force.
func reload(card *nic.Card, path string) (nic.Change, error) {
	cfg, err := vpc.Load(path)
	if err != nil {
		return nic.Change{}, err
	}
	return card.Apply(cfg)
}

// unread is a log into a pipe that nobody reads: once the pipe is full, lines are lost.
func unread() (*slog.Logger, error) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		return nil, err
	}
	return slog.New(slog.NewTextHandler(deaf(pipe[1]), nil)), nil
}

// deaf is the end of such a pipe.
type deaf int

// Write never fails and never waits.
func (d deaf) Write(line []byte) (int, error) {
	unix.Write(int(d), line)
	return len(line), nil
}
