package controller

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"nitrocard/nic"
	"nitrocard/nic/ctl"
	"nitrocard/nic/vpc"
)

// parting is an ENI that goes from one card to another. For a while the card that it leaves is told of
// the ENI's VPC as before, though it has no other ENI there: it sends on what still comes, to wherever
// the ENI is. And it may hand over the records of the ENI's connections, once. The cards may follow two
// controllers, each of which keeps partings of its own: then the one passes the records on to the other by
// their store.
type parting struct {
	eni, vpc string
	from, to string // cards
	ends     time.Time
	handed   bool // the records came, from the card itself
}

// waiting is records that a card is yet to be told.
type waiting struct {
	*parting
	records []byte
}

// lingers is how long a parting lasts: longer than cards send on.
const lingers = 15 * time.Second

// Bounds of partings, and of the bytes of records that wait for cards.
const (
	mostPartings = 1 << 14
	mostWaiting  = 256 << 20
)

// partings are those that last.
type partings struct {
	all   []*parting          // in order
	byENI map[string]*parting // the latest
	bytes int                 // of records that wait
}

// part notes the ENIs that the edits from a region to another take from one card to another. The lock
// is held.
func (c *Controller) part(edited map[key]bool, was, is *vpc.Region) {
	now := c.o.Now()
	c.lapse(now)
	for k := range edited {
		if k.kind != vpc.KindENIPlacement && k.kind != "NetworkInterfaces" {
			continue
		}
		before, after := was.ENI(k.id), is.ENI(k.id)
		if before == nil || after == nil || before.Subnet.VPC.ID != after.Subnet.VPC.ID || was.CardOf(before) == is.CardOf(after) {
			continue
		}
		p := &parting{eni: k.id, vpc: after.Subnet.VPC.ID, from: was.CardOf(before), to: is.CardOf(after), ends: now.Add(lingers)}
		if latest := c.partings.byENI[k.id]; latest != nil && latest.to == p.to && latest.from == p.from {
			continue // both its object and its place were edited
		}
		add(c.scopes.left, p.from, p.vpc, 1)
		c.partings.all, c.partings.byENI[p.eni] = append(c.partings.all, p), p
		if len(c.partings.all) > mostPartings {
			c.end(c.partings.all[0])
		}
	}
}

// lapse ends the partings whose time is up. The lock is held.
func (c *Controller) lapse(now time.Time) {
	for len(c.partings.all) > 0 && !now.Before(c.partings.all[0].ends) {
		c.end(c.partings.all[0])
	}
}

// end ends a parting, the first.
func (c *Controller) end(p *parting) {
	c.partings.all = c.partings.all[1:]
	if c.partings.byENI[p.eni] == p {
		delete(c.partings.byENI, p.eni)
	}
	add(c.scopes.left, p.from, p.vpc, -1)
	if h := c.hosts[p.from]; h != nil {
		h.lessAt = c.revision
		if h.feed != nil && h.feed.told > 0 {
			h.feed.shift()
		}
	}
	if h := c.hosts[p.to]; h != nil {
		h.records = slices.DeleteFunc(h.records, func(w waiting) bool {
			if w.parting == p {
				c.partings.bytes -= len(w.records)
			}
			return w.parting == p
		})
	}
}

// errWaiting is the error of records for which there is no room.
var errWaiting = errors.New("too many connections are on their way between cards already")

// HandOver takes the records of the connections of an ENI from the card that it has just left, for the
// card where it is.
func (c *Controller) HandOver(ctx context.Context, card, eni string, records []byte) error {
	if err := nic.CheckRecords(records); err != nil {
		return err
	}
	revision, here, err := c.accept(card, eni, records)
	if err != nil || here {
		return err
	}
	for first := true; first || len(records) > 0; first = false {
		n := min(len(records), mostPassed)
		if err := c.o.Store.Pass(ctx, Passed{eni, revision, records[:n]}); err != nil {
			return fmt.Errorf("the connections may not reach the card's controller: %w", err)
		}
		records = records[n:]
	}
	return nil
}

// accept is HandOver for cards that follow this controller. It tells whether the card where the ENI is does now,
// and the revision in which the ENI is there.
func (c *Controller) accept(card, eni string, records []byte) (revision uint64, here bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lapse(c.o.Now())
	p, err := c.expected(card, eni)
	if err != nil {
		return 0, false, err
	}
	if err := c.queue(p, records); err != nil {
		return 0, false, err
	}
	p.handed = true
	h := c.hosts[p.to]
	return c.revision, h == nil || h.feed != nil, nil
}

// expected is the parting by which a card may hand over the connections of an ENI. The lock is held.
func (c *Controller) expected(card, eni string) (*parting, error) {
	p := c.partings.byENI[eni]
	switch {
	case p == nil || p.from != card:
		return nil, &ctl.Error{Status: http.StatusForbidden, Message: fmt.Sprintf("card %q has not just had %q, and tells nothing of its connections", card, eni)}
	case p.handed:
		return nil, &ctl.Error{Status: http.StatusConflict, Message: fmt.Sprintf("the connections of %q were handed over already", eni)}
	}
	return p, nil
}

// Expects is the error of a HandOver, as far as it is known before the records come.
func (c *Controller) Expects(card, eni string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lapse(c.o.Now())
	_, err := c.expected(card, eni)
	return err
}

// queue has records wait for the card where their ENI is. The lock is held.
func (c *Controller) queue(p *parting, records []byte) error {
	h := c.hosts[p.to]
	switch {
	case h == nil:
		return nil // the card went as well
	case c.partings.bytes+len(records) > mostWaiting:
		return errWaiting
	}
	c.partings.bytes += len(records)
	h.records = append(h.records, waiting{p, records})
	if h.feed != nil {
		h.feed.wake()
	}
	return nil
}

// listen takes what other controllers pass on, until ctx ends.
func (c *Controller) listen(ctx context.Context) {
	for {
		err := c.o.Store.Listen(ctx, func(p Passed) { c.hear(ctx, p) })
		if ctx.Err() != nil {
			return
		}
		c.o.Log.Warn("what other controllers pass on is not heard; asked again", "error", err, "in", retry)
		select {
		case <-ctx.Done():
			return
		case <-c.o.After(retry):
		}
	}
}

// hear takes records that another controller passes on, once this one knows of the ENI's parting. What
// this controller passes on itself waits here already.
func (c *Controller) hear(ctx context.Context, passed Passed) {
	if nic.CheckRecords(passed.Records) != nil || !c.reaches(ctx, passed.Revision) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lapse(c.o.Now())
	p := c.partings.byENI[passed.ENI]
	if p == nil || p.handed {
		return
	}
	if err := c.queue(p, passed.Records); err != nil {
		c.o.Log.Warn("connections that another controller passed on stay behind", "eni", passed.ENI, "error", err)
	}
}

// behindFor is for how long a controller waits for a revision that another one has told of.
const behindFor = 5 * time.Second

// reaches waits until the controller has a revision, and is false if it does not come.
func (c *Controller) reaches(ctx context.Context, revision uint64) bool {
	late := c.o.After(behindFor)
	for {
		c.mu.Lock()
		now, moved := c.revision, c.moved
		c.mu.Unlock()
		if now >= revision {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-late:
			return false
		case <-moved:
		}
	}
}

// handed is the next records that the feed's card is to be told, once it was told all else. The lock is
// held.
func (f *Feed) handed() (w waiting, is bool) {
	if f.told == 0 || len(f.pending) > 0 || len(f.whole) > 0 || len(f.host.records) == 0 {
		return w, false
	}
	w, f.host.records = f.host.records[0], f.host.records[1:]
	f.c.partings.bytes -= len(w.records)
	return w, true
}
