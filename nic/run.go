package nic

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"nitrocard/nic/seat"
)

// Run works on the wall clock until ctx ends. Then the burst at hand runs to
// its end and every port is closed. Each worker has a seat, which decides where
// all threads of the process run meanwhile.
func (c *Card) Run(ctx context.Context) error {
	if err := c.begin(); err != nil {
		return err
	}
	var stop atomic.Bool
	var all sync.WaitGroup
	clock, seats := wallClock(), seat.NewSeats(len(c.threads))
	defer seats.End()
	for i, t := range c.threads {
		all.Go(func() {
			t.seat = seats.Of(i)
			defer t.seat.Leave()
			t.cpu.Store(int32(t.seat.Sit()))
			t.loop(&stop, clock)
		})
	}
	all.Go(func() { c.supervise(ctx) })
	<-ctx.Done()
	stop.Store(true)
	c.wake()
	all.Wait()
	c.end()
	return c.Close()
}

// begin makes the card one that runs. What its workers sleep on takes
// descriptors, which a card that is polled never needs.
func (c *Card) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return errClosed
	case c.running:
		return errors.New("the card runs already")
	}
	for _, t := range c.threads {
		s, err := seat.NewSleeper()
		if err != nil {
			c.dropSleepers()
			return fmt.Errorf("wake-up pipe: %w", err)
		}
		t.sleeper = s
	}
	c.running = true
	return nil
}

// dropSleepers gives the descriptors back.
func (c *Card) dropSleepers() {
	for _, t := range c.threads {
		if t.sleeper != nil {
			t.sleeper.Close()
			t.sleeper = nil
		}
	}
}

// end makes it one that does not. Its workers have ended.
func (c *Card) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = false
	c.dropSleepers()
}

// runs tells whether Run works.
func (c *Card) runs() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running
}

// wake ends the sleep of every worker, for what changed under it. None sleeps
// but while the card runs.
func (c *Card) wake() {
	for _, t := range c.threads {
		if t.sleeper != nil && c.gate.Away(t.number) {
			t.sleeper.Wake()
		}
	}
}

// wallClock is a clock that starts at the time of day and never runs back.
func wallClock() func() int64 {
	start := time.Now()
	zero := start.UnixNano()
	return func() int64 { return zero + int64(time.Since(start)) }
}

// superviseEvery is how soon a link that goes or comes is noticed.
const superviseEvery = 250 * time.Millisecond

// supervise watches the links: it says when one goes down or comes back, opens
// a port anew whose device was away, and follows a device that others change.
func (c *Card) supervise(ctx context.Context) {
	tick := time.NewTicker(superviseEvery)
	defer tick.Stop()
	var looking sync.WaitGroup // a goroutine, and one more for each device that does not answer
	defer looking.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.beginRound(&looking)
		}
	}
}

// beginRound has every port looked at once.
func (c *Card) beginRound(looking *sync.WaitGroup) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bays.BeginRound() {
		looking.Go(c.lookAtLinks)
	}
}

// lookAtLinks looks at the ports that are left of a round.
func (c *Card) lookAtLinks() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bays.Look(func() { c.store(c.Policy()) })
}

// Poll runs one turn of every worker, one after the other, at the time now, in
// ns since 1970, and returns how many frames they took: 0 if no port has any. It
// is for callers with a thread and a clock of their own: replay and benchmarks.
// Their clock may jump, so what ends by now ends first, however much it is.
func (c *Card) Poll(now int64) int { return c.crew.Poll(now) }

// PollWorker is Poll for one worker of several, each of which may have a thread
// of its own. Nobody else may call the card's methods meanwhile.
func (c *Card) PollWorker(i int, now int64) int { return c.crew.Workers[i].PollAlone(now) }
