package nic

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"nitrocard/pmd"
)

// Run works on the wall clock until ctx ends. Then the burst at hand runs to
// its end and every port is closed.
func (c *Card) Run(ctx context.Context) error {
	w := c.worker
	w.gate.Lock()
	running, closed := w.running, w.closed
	w.running = !closed
	w.gate.Unlock()
	switch {
	case closed:
		return errClosed
	case running:
		return errors.New("the card runs already")
	}

	var stop atomic.Bool
	var both sync.WaitGroup
	both.Go(func() {
		runtime.LockOSThread()
		w.loop(&stop, wallClock())
	})
	both.Go(func() { c.supervise(ctx) })
	<-ctx.Done()
	stop.Store(true)
	w.wake()
	both.Wait()
	return c.Close()
}

// runs tells whether a goroutine runs the loop.
func (w *worker) runs() bool {
	w.gate.Lock()
	defer w.gate.Unlock()
	return w.running
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
// a port anew whose device was away, follows a device that others change, and
// keeps the rules that devices have.
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
	c.offer()
}

func (c *Card) checkLink(s *slot) {
	err := s.port.Link()
	if was := s.down.Swap(err != nil); was != (err != nil) {
		if err != nil {
			c.log.Warn("link went down", "port", s.name, "device", s.port.Info().Name, "reason", err)
		} else {
			c.log.Info("link is back", "port", s.name, "device", s.port.Info().Name)
		}
	}
	switch {
	case errors.Is(err, pmd.ErrGone):
		c.reopen(s)
	case s.port.Info() != s.info:
		c.follow(s)
	}
}

// follow takes up the MAC or the MTU that a device has now.
func (c *Card) follow(s *slot) {
	was := s.info
	c.worker.do(func() { s.attach(s.port) })
	c.store(c.view.Load().policy)
	c.log.Info("device changed", "port", s.name, "device", s.info.Name,
		"mtu", s.info.MTU, "mac", s.info.MAC, "mtu_was", was.MTU, "mac_was", was.MAC)
}

// reopen puts a new port in the place of one whose device went away, if it is
// back.
func (c *Card) reopen(s *slot) {
	fresh, err := s.open()
	if err != nil {
		return // still away; the next look tries again
	}
	old := s.port
	if old == c.offload.port {
		c.offload.retire()
	}
	c.worker.do(func() { s.attach(fresh) })
	if err := old.Close(); err != nil {
		c.log.Debug("close of a port that was gone", "port", s.name, "error", err)
	}
	c.store(c.view.Load().policy)
	c.log.Info("port is back", "port", s.name, "device", fresh.Info().Name)
}
