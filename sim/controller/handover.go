package controller

import (
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
// the ENI is. And it may hand over the records of the ENI's connections, once. Each controller
// that the region has keeps its own partings, so records go along if both cards follow the same one.
type parting struct {
	eni, vpc string
	from, to string // cards
	ends     time.Time
	handed   bool   // the records came
	records  []byte // that the other card is yet to be told
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
	all     []*parting          // in order
	byENI   map[string]*parting // the latest
	waiting int                 // bytes of records
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
	switch h := c.hosts[p.from]; {
	case h == nil:
	case h.feed == nil:
		h.anew = true
	case h.feed.told > 0:
		h.feed.shift()
	}
	if h := c.hosts[p.to]; h != nil {
		h.records = slices.DeleteFunc(h.records, func(other *parting) bool { return other == p })
	}
	c.partings.waiting -= len(p.records)
	p.records = nil
}

// HandOver takes the records of the connections of an ENI from the card that it has just left, for the
// card where it is.
func (c *Controller) HandOver(card, eni string, records []byte) error {
	if err := nic.CheckRecords(records); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lapse(c.o.Now())
	p := c.partings.byENI[eni]
	switch {
	case p == nil || p.from != card:
		return &ctl.Error{Status: http.StatusForbidden, Message: fmt.Sprintf("card %q has not just had %q, and tells nothing of its connections", card, eni)}
	case p.handed:
		return &ctl.Error{Status: http.StatusConflict, Message: fmt.Sprintf("the connections of %q were handed over already", eni)}
	case c.partings.waiting+len(records) > mostWaiting:
		return errors.New("too many connections are on their way between cards already")
	}
	p.handed = true
	h := c.hosts[p.to]
	if h == nil {
		return nil // the card went as well
	}
	p.records = records
	c.partings.waiting += len(records)
	h.records = append(h.records, p)
	if h.feed != nil {
		h.feed.wake()
	}
	return nil
}

// handed is the next parting whose records the feed's card is to be told, once it was told all else;
// nil: there is none. The lock is held.
func (f *Feed) handed() *parting {
	if f.told == 0 || len(f.pending) > 0 || len(f.whole) > 0 || len(f.host.records) == 0 {
		return nil
	}
	p := f.host.records[0]
	f.host.records = f.host.records[1:]
	f.c.partings.waiting -= len(p.records)
	return p
}
