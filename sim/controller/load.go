package controller

import (
	"context"
	"encoding/json"
	"fmt"

	"nitrocard/nic/vpc"
)

// load takes over all that the store has, in the place of what the controller has.
func (c *Controller) load(ctx context.Context) error {
	var came contents
	revision, err := c.o.Store.Load(ctx, came.take)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if revision < c.revision {
		return nil // the controller was faster
	}
	was := vpc.EmptyRegion()
	next, err := was.Change(came.edits...)
	if err != nil {
		return fmt.Errorf("the store's region of revision %d: %w", revision, err)
	}
	c.scopes, c.recent, c.recalled, c.partings = newScopes(), nil, 0, partings{byENI: map[string]*parting{}}
	edited := map[key]bool{}
	for e := range next.All() {
		k := key{e.Kind, e.ID}
		edited[k] = true
		c.scopes.move(k, nil, scopesOf(next, e))
	}
	for p := range edgeParts(edited, was, next) {
		c.scopes.move(p.key, nil, []string{edgeScope})
	}
	c.scopes.follow(edited, was, next)
	c.become(revision, next, came.lastVNI)
	c.keepHosts()
	for name, h := range c.hosts {
		h.records = nil
		h.refuse(name, errMovedOn, (*question).isDryRun)
		if h.feed != nil {
			h.feed.resume(0)
		}
	}
	return nil
}

// contents are records as they are read: edits, and what was given out last.
type contents struct {
	edits   []vpc.Edit
	lastVNI uint32
}

// take reads a record.
func (c *contents) take(r Record) error {
	if r.Kind == kindNumbers {
		var n numbers
		err := json.Unmarshal(r.Value, &n)
		c.lastVNI = max(c.lastVNI, n.Vni)
		return err
	}
	e := vpc.Edit{Kind: r.Kind, ID: r.ID}
	if r.Value != nil {
		put, err := vpc.Put(r.Kind, r.Value)
		if err != nil {
			return fmt.Errorf("the store's %s %s: %w", r.Kind, r.ID, err)
		}
		e.Object = put.Object
	}
	c.edits = append(c.edits, e)
	return nil
}
