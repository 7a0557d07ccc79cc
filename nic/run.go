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

// Run runs the card on the wall clock until ctx ends. Then every worker finishes its
// burst, and the card is closed. While Run runs, seats decide on which CPU every thread of
// the process runs.
func (c *Card) Run(ctx context.Context) error {
	if err := c.begin(); err != nil {
		return err
	}
	var stop atomic.Bool
	var workers, others sync.WaitGroup
	clock, seats := wallClock(), seat.NewSeats(len(c.threads))
	defer seats.End()
	for i, t := range c.threads {
		workers.Go(func() {
			t.seat = seats.Of(i)
			defer t.seat.Leave()
			t.cpu.Store(int32(t.seat.Sit()))
			t.loop(&stop, clock)
		})
	}
	others.Go(func() { c.supervise(ctx) })
	if c.services != nil {
		c.tellClock()
		others.Go(func() { c.services.Run(ctx) })
	}
	<-ctx.Done()
	stop.Store(true)
	c.wake()
	workers.Wait()
	c.gate.Close()
	others.Wait()
	c.end()
	return c.Close()
}

// tellClock tells in the log that guests take no time from the card, if so.
func (c *Card) tellClock() {
	if !c.services.Synchronized() {
		c.log.Info("the host's clock is not synchronized, and NTP tells guests so: they take no time from it until the host's own chrony, ntpd or ptp4l keeps it")
	}
}

// begin marks the card as running and makes the sleepers of its workers. A sleeper takes
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
	c.gate.Open(c.wakeOne)
	return nil
}

// dropSleepers gives the sleepers' descriptors back.
func (c *Card) dropSleepers() {
	for _, t := range c.threads {
		if t.sleeper != nil {
			t.sleeper.Close()
			t.sleeper = nil
		}
	}
}

// end marks the card as not running. The workers have ended.
func (c *Card) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = false
	c.dropSleepers()
}

// wake ends the sleep of every worker, because something changed that a worker must see.
// Workers sleep only while the card runs.
func (c *Card) wake() {
	for i := range c.threads {
		c.wakeOne(i)
	}
}

// wakeOne ends the sleep of one worker.
func (c *Card) wakeOne(worker int) {
	if t := c.threads[worker]; t.sleeper != nil && c.gate.Away(worker) {
		t.sleeper.Wake()
	}
}

// wallClock is a clock that starts at the time of day and never runs back.
func wallClock() func() int64 {
	start := time.Now()
	zero := start.UnixNano()
	return func() int64 { return zero + int64(time.Since(start)) }
}

// superviseEvery is how often supervise looks at the links.
const superviseEvery = 250 * time.Millisecond

// supervise watches the devices: it logs when a link goes down or comes back, opens a
// port anew whose device was away, and takes up a MAC or MTU that somebody else changed.
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

// beginRound has every device looked at once.
func (c *Card) beginRound(looking *sync.WaitGroup) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bays.BeginRound() {
		looking.Go(c.lookAtLinks)
	}
}

// lookAtLinks looks at the devices that are left of a round.
func (c *Card) lookAtLinks() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bays.Look(func() { c.store(c.Policy()) })
}

// Poll runs one turn of every worker, one after the other, at the time now, in
// ns since 1970, and returns how many frames they took: 0 if no port has any. Poll is for
// callers with a thread and a clock of their own, such as replay and benchmarks. The clock
// may jump, so Poll first ends all connections whose time is up. What the services of the
// card answer leaves with the next turn.
func (c *Card) Poll(now int64) int {
	n := c.crew.Poll(now)
	if c.services != nil {
		n += c.services.Turn()
	}
	return n
}

// PollWorker is Poll for worker i alone. Each worker may be polled by a thread of its own.
// Call no other method of the card meanwhile.
func (c *Card) PollWorker(i int, now int64) int { return c.crew.Workers[i].PollAlone(now) }
