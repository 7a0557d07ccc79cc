package controller

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// retry is how long a controller waits after its store failed.
const retry = time.Second

// watch takes over what other controllers change.
func (c *Controller) watch(ctx context.Context) error {
	for {
		err := c.o.Store.Watch(ctx, c.Revision(), c.take)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.o.Log.Warn("the store is not followed; asked again", "error", err, "in", retry)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.o.After(retry):
		}
		if errors.Is(err, ErrCompacted) || errors.Is(err, errBatch) {
			if err := c.load(ctx); err != nil {
				c.o.Log.Error("the store was not read", "error", err)
			}
		}
	}
}

// errBatch is the error of a batch that the controller cannot take over: it reads the whole
// region anew.
var errBatch = errors.New("what another controller wrote does not fit")

// take takes over a batch of the store.
func (c *Controller) take(b Batch) error {
	if err := c.follow(b); err != nil {
		return fmt.Errorf("%w: the store's revision %d: %w", errBatch, b.Revision, err)
	}
	return nil
}

// follow is take, with the reason why not.
func (c *Controller) follow(b Batch) error {
	var came contents
	for _, r := range b.Records {
		if err := came.take(r); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if b.Revision <= c.revision {
		return nil // this controller's own
	}
	next, err := c.region.Change(c.region.Possible(came.edits)...)
	if err != nil {
		return err
	}
	c.adopt(b.Revision, came, next)
	return nil
}
