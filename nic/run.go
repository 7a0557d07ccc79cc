package nic

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"nitrocard/pmd"
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
	clock, seats := wallClock(), NewSeats(len(c.workers))
	defer seats.End()
	for i, w := range c.workers {
		all.Go(func() {
			w.seat = seats.Of(i)
			defer w.seat.Leave()
			w.cpu.Store(int32(w.seat.Sit()))
			w.loop(&stop, clock)
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
	for _, w := range c.workers {
		s, err := newSleeper()
		if err != nil {
			c.dropSleepers()
			return fmt.Errorf("wake-up pipe: %w", err)
		}
		w.sleeper = s
	}
	c.running = true
	return nil
}

// dropSleepers gives the descriptors back.
func (c *Card) dropSleepers() {
	for _, w := range c.workers {
		if w.sleeper != nil {
			w.sleeper.close()
			w.sleeper = nil
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
	for i, w := range c.workers {
		if w.sleeper != nil && c.gate.workers[i].at.Load() != present {
			w.wake()
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
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.checkLinks()
		}
	}
}

// checkLinks looks at every port once.
func (c *Card) checkLinks() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.slots {
		if s.port != nil {
			c.checkLink(s)
		}
	}
}

func (c *Card) checkLink(s *slot) {
	err := s.port.Link()
	if was := s.setDown(err != nil); was != (err != nil) {
		if err != nil {
			c.log.Warn("link went down", "port", s.name, "device", s.port.Info().Name, "reason", err)
		} else {
			c.log.Info("link is back", "port", s.name, "device", s.port.Info().Name)
		}
	}
	switch {
	case errors.Is(err, pmd.ErrGone):
		c.reopen(s, err)
	case s.port.Info() != s.info:
		c.adapt(s)
	}
}

// adapt takes up the MAC or the MTU that a device has now.
func (c *Card) adapt(s *slot) {
	was := s.info
	c.gate.do(s.attaching(s.port))
	c.store(c.view.Load().policy)
	c.log.Info("device changed", "port", s.name, "device", s.info.Name,
		"mtu", s.info.MTU, "mac", s.info.MAC, "mtu_was", was.MTU, "mac_was", was.MAC)
}
