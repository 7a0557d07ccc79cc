package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
)

// mostReadings is how many readings of the configuration may hang, each with a thread.
const mostReadings = 4

// lateReading is how long a reading takes that is worth a line in the log.
const lateReading = 10 * time.Second

// reloader applies the configuration anew with each SIGHUP. Files may be on a pipe or
// a file system that does not answer: such a reading hangs, and nothing else, also not
// the next one.
type reloader struct {
	path  string
	load  func() (*vpc.Config, error)
	apply func(*vpc.Config) (nic.Change, error)
	log   *slog.Logger

	begun, taken int // numbers of readings: the last one that began, and that was applied
	hanging      int // that are under way
	done         chan reading
}

// reading is a configuration that was read.
type reading struct {
	number int
	config *vpc.Config
	err    error
}

// run reloads until ctx ends.
func (r *reloader) run(ctx context.Context, hangups <-chan os.Signal) {
	r.done = make(chan reading, mostReadings)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			r.begin()
		case read := <-r.done:
			r.hanging--
			r.take(read)
		}
	}
}

// begin has a goroutine read.
func (r *reloader) begin() {
	if r.hanging == mostReadings {
		r.log.Error("configuration not read: too many readings of it hang already; the one in force stays", "config", r.path, "hanging", r.hanging)
		return
	}
	r.begun++
	r.hanging++
	number := r.begun
	late := time.AfterFunc(lateReading, func() {
		r.log.Warn("configuration still being read: its file does not answer; the one in force stays meanwhile", "config", r.path, "after", lateReading)
	})
	go func() {
		config, err := r.load()
		late.Stop()
		r.done <- reading{number, config, err}
	}()
}

// take applies what was read, unless a later reading was faster.
func (r *reloader) take(read reading) {
	if read.number < r.taken {
		r.log.Info("configuration was read too late: a later one is in force", "config", r.path)
		return
	}
	var change nic.Change
	err := read.err
	if err == nil {
		change, err = r.apply(read.config)
	}
	if err != nil {
		r.log.Error("configuration not taken; the old one stays in force", "config", r.path, "error", err)
		return
	}
	r.taken = read.number
	r.log.Info("configuration changed", "config", r.path, "epoch", change.Epoch,
		"added", len(change.Added), "changed", len(change.Changed), "removed", len(change.Removed))
	logNotices(r.log, change.Notices)
}
