package controller

import (
	"context"
	"time"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
)

// mostTries is how often a dry run is begun, if others change the region while it is compiled.
const mostTries = 3

// DryRun compiles the change that Apply would make of the newest region that the controller knows, and asks the
// cards that the change concerns what it would do to their connections. rest waits for their answers and adds them
// up; it does not keep the configuration alive.
func (c *Controller) DryRun(ctx context.Context, config *vpc.Config) (rest func(context.Context) (nic.DryRun, error), err error) {
	for range mostTries {
		c.mu.Lock()
		d := c.draft()
		c.mu.Unlock()
		was, p := d.region, &proposal{ctx: ctx, step: func(r *vpc.Region) (*vpc.Region, error) { return becoming(r, config) }}
		if err := d.take(p, c.o.Store.Most()); err != nil {
			return nil, err
		}
		if q := c.poseDryRun(was, d); q != nil {
			change := d.done[p]
			return func(ctx context.Context) (nic.DryRun, error) {
				effect, err := c.effect(ctx, q, was, d.revision)
				return nic.DryRun{Diff: change.Diff, Notices: change.Notices, Effect: effect}, err
			}, nil
		}
	}
	return nil, nic.ErrChangedMeanwhile
}

// Flush has all cards that follow this controller cut the connections that the rules in force would not let
// begin, once they have what the change made of the rules. It tells how many, and which cards did not answer.
func (c *Controller) Flush(ctx context.Context, done *nic.Change) error {
	return c.flushed(ctx, c.poseFlush(), done)
}

// flushed adds up how many connections the cards cut.
func (c *Controller) flushed(ctx context.Context, q *question, done *nic.Change) error {
	var g nic.Gathering
	err := c.gather(ctx, q, func(a answered) {
		if a.err != nil {
			g.Lacks(a.card, a.err.Error())
			return
		}
		g.Flushed(a.card, a.answer.Flushed)
	})
	all := g.Effect()
	done.Flushed, done.Cards = all.Outcomes.Cut, all.Cards
	return err
}

// poseFlush asks all cards to cut connections.
func (c *Controller) poseFlush() *question {
	c.mu.Lock()
	defer c.mu.Unlock()
	var cards []string
	for _, card := range c.region.Cards() {
		cards = append(cards, card.Name)
	}
	return c.pose(nic.AsksFlush, candidate{region: c.region}, cards)
}

// poseDryRun asks the cards that a draft of a region concerns; nil: the region is another one meanwhile.
func (c *Controller) poseDryRun(was *vpc.Region, d *draft) *question {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.region != was {
		return nil
	}
	about, cards := c.candidate(d)
	return c.pose(nic.AsksDryRun, about, cards)
}

// effect adds up what the cards answer beside the region of a revision, which is in force.
func (c *Controller) effect(ctx context.Context, q *question, was *vpc.Region, revision uint64) (*nic.Effect, error) {
	var g nic.Gathering
	began := c.o.Now()
	err := c.gather(ctx, q, func(a answered) {
		switch {
		case a.err != nil:
			g.Lacks(a.card, a.err.Error())
		case a.answer.Effect == nil:
			g.Lacks(a.card, "it tells nothing")
		default:
			g.Add(a.card, a.answer.Effect)
		}
	})
	if err != nil {
		return nil, err
	}
	f := g.EffectIn(was)
	f.Revision, f.At, f.Seconds = revision, began.UTC().Format(time.RFC3339Nano), c.o.Now().Sub(began).Seconds()
	return f, nil
}
