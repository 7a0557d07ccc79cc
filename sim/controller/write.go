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

// proposal is a change that somebody asks for.
type proposal struct {
	ctx  context.Context // of who asks; after its end nobody wants the change
	step func(*vpc.Region) (*vpc.Region, error)
	done chan outcome // has room for one
}

// outcome is what became of a proposal.
type outcome struct {
	change nic.Change
	err    error
}

// Change makes edits of the region, all or none. They are durable when Change returns, and
// the cards that they concern are told.
func (c *Controller) Change(ctx context.Context, edits ...vpc.Edit) (nic.Change, error) {
	return c.propose(ctx, func(r *vpc.Region) (*vpc.Region, error) { return r.Change(edits...) })
}

// Edit is Change for edits that edit makes of the region that is to be changed. Another
// controller may be faster: then edit is called again, with the region that it left.
func (c *Controller) Edit(ctx context.Context, edit func(*vpc.Region) ([]vpc.Edit, error)) (nic.Change, error) {
	return c.propose(ctx, func(r *vpc.Region) (*vpc.Region, error) {
		edits, err := edit(r)
		if err != nil {
			return nil, err
		}
		return r.Change(edits...)
	})
}

// Apply makes the region what a whole configuration says. An answer of EC2's API may name
// what it does not hold, and is then refused: a store has objects and not answers.
func (c *Controller) Apply(ctx context.Context, config *vpc.Config) (nic.Change, error) {
	return c.propose(ctx, func(r *vpc.Region) (*vpc.Region, error) { return becoming(r, config) })
}

// becoming is what a whole configuration makes of a region.
func becoming(r *vpc.Region, config *vpc.Config) (*vpc.Region, error) {
	next, err := r.Become(config)
	if err == nil && config.Answer {
		if _, alone := vpc.EmptyRegion().Change(slices.Collect(next.All())...); alone != nil {
			return nil, fmt.Errorf("a controller takes no answer of EC2's API that lacks a part; complete it: %w", alone)
		}
	}
	return next, err
}

// propose waits for what becomes of a change.
func (c *Controller) propose(ctx context.Context, step func(*vpc.Region) (*vpc.Region, error)) (nic.Change, error) {
	p := &proposal{ctx, step, make(chan outcome, 1)}
	if err := c.wait(p); err != nil {
		return nic.Change{}, err
	}
	select {
	case c.proposed <- struct{}{}:
	default:
	}
	select {
	case <-ctx.Done():
		return nic.Change{}, c.withdraw(p)
	case o := <-p.done:
		return o.change, o.err
	}
}

// mostProposals is how many changes wait for a commit: of a fast store some seconds' worth. More are
// refused at once, as those who ask would not wait for them, and each takes memory.
const mostProposals = 8192

// wait adds a proposal to those that wait. Where half of the most wait, an owner of VPCs is refused,
// so that owners leave the other half to the provider.
func (c *Controller) wait(p *proposal) error {
	most := mostProposals
	if ctl.ByOwner(p.ctx) {
		most /= 2
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) >= most {
		return &ctl.Error{Status: http.StatusServiceUnavailable, Message: fmt.Sprintf("%d changes wait already; ask again later", most)}
	}
	c.waiting = append(c.waiting, p)
	return nil
}

// withdraw takes a proposal whose context has ended from those that wait, and is the error that tells
// what may become of the change.
func (c *Controller) withdraw(p *proposal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.waiting, p); i >= 0 {
		c.waiting = slices.Delete(c.waiting, i, i+1)
		return notMade(p)
	}
	return fmt.Errorf("the change may still be made: %w", p.ctx.Err())
}

// notMade is the error of a proposal whose context ended before its turn.
func notMade(p *proposal) error { return fmt.Errorf("the change was not made: %w", p.ctx.Err()) }

// next takes the proposals that wait longest from those that wait, as many as one commit has.
func (c *Controller) next() []*proposal {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(c.waiting), mostTogether)
	together := slices.Clone(c.waiting[:n])
	c.waiting = slices.Delete(c.waiting, 0, n) // which leaves nothing of them
	return together
}

// mostTogether is how many changes one commit has. One commit costs the store the same
// for many changes as for one: it waits for the disk.
const mostTogether = 256

// write makes the changes that are asked for, until ctx ends.
func (c *Controller) write(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.proposed:
		}
		for ctx.Err() == nil {
			together := c.next()
			if len(together) == 0 {
				break
			}
			for len(together) > 0 && ctx.Err() == nil {
				together = c.commit(ctx, together)
			}
		}
	}
}

// commit makes changes in one commit, and is those that are left: for another commit, or
// because another controller was faster.
func (c *Controller) commit(ctx context.Context, together []*proposal) (left []*proposal) {
	c.mu.Lock()
	d := c.draft()
	c.mu.Unlock()
	var taken []*proposal
	refused := map[*proposal]error{}
	for i, p := range together {
		if p.ctx.Err() != nil {
			p.done <- outcome{err: notMade(p)}
			continue
		}
		err := d.take(p, c.o.Store.Most())
		if err == errFull {
			left = together[i:]
			break
		}
		taken = append(taken, p)
		if err != nil {
			refused[p] = err
		}
	}
	switch err := c.store(ctx, d, len(refused) > 0); {
	case err == nil:
		for p, err := range refused {
			p.done <- outcome{err: err}
		}
		d.answer()
		return left
	case errors.Is(err, ErrBehind) && c.caughtUp(ctx, d.revision):
		return append(taken, left...)
	case errors.Is(err, ErrRefused) && len(taken) > 1: // of one change, which is to fail alone
		half := len(taken) / 2
		return slices.Concat(c.commit(ctx, taken[:half]), taken[half:], left)
	case errors.Is(err, ErrRefused):
		taken[0].done <- outcome{err: &ctl.Error{Status: http.StatusRequestEntityTooLarge, Message: err.Error()}}
		return left
	default:
		for _, p := range taken {
			p.done <- outcome{err: &ctl.Error{Status: http.StatusServiceUnavailable, Message: fmt.Sprintf("the store did not answer as it should; whether the change was made, it will tell: %v", err)}}
		}
		return left
	}
}

// store writes a draft. What was refused was refused of the region now only if no other
// controller has changed it meanwhile, which ErrBehind tells.
func (c *Controller) store(ctx context.Context, d *draft, refused bool) error {
	if len(d.edits) == 0 {
		now := d.revision
		var err error
		if refused {
			now, err = c.o.Store.Revision(ctx)
		}
		if err == nil && now != d.revision {
			err = ErrBehind
		}
		return err
	}
	records, err := d.records()
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, storePatience)
		defer cancel()
		err = c.o.Store.Commit(ctx, d.revision, records)
	}
	if err == nil {
		c.committed(d)
	}
	return err
}

// caughtUp waits for what another controller changed after a revision. It is false if
// nothing comes.
func (c *Controller) caughtUp(ctx context.Context, revision uint64) bool {
	ctx, cancel := context.WithTimeout(ctx, storePatience)
	defer cancel()
	return c.Sync(ctx) == nil && c.Revision() > revision
}

// storePatience is how long a controller waits for its store before it tells those who
// asked.
const storePatience = 30 * time.Second

// Sync waits until the controller knows all that any controller has told anybody of
// before.
func (c *Controller) Sync(ctx context.Context) error {
	revision, err := c.o.Store.Revision(ctx)
	for err == nil {
		c.mu.Lock()
		now, moved := c.revision, c.moved
		c.mu.Unlock()
		if now >= revision {
			break
		}
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-moved: // the watch brings what the others changed
		}
	}
	return err
}

// committed takes over what this controller has committed, unless the watch was faster.
func (c *Controller) committed(d *draft) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.revision != d.revision {
		return
	}
	made := contents{lastVNI: d.lastVNI}
	for _, k := range d.order {
		made.edits = append(made.edits, d.edits[k])
	}
	c.adopt(d.revision+1, made, d.region)
}
