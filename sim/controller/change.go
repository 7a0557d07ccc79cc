package controller

import (
	"slices"
	"time"

	"nitrocard/nic/follow"
	"nitrocard/nic/vpc"
)

// change is what one revision changed, encoded once for all cards.
type change struct {
	revision uint64
	at       time.Time
	edits    []told
	shifted  map[string]bool // cards that may need other VPCs than before
}

// size is how many bytes the change takes as it is sent.
func (ch *change) size() (n int) {
	for i := range ch.edits {
		n += len(ch.edits[i].line)
	}
	return n
}

// told is an edit as it is sent.
type told struct {
	key
	was, is []string // the scopes, such as VPCs, whose cards needed the object before, and need it now
	line    []byte   // as follow.Encode writes it
}

// toldOf is the edit that makes an object of a region what it is in the next one.
func toldOf(k key, was, next *vpc.Region) told {
	after := next.Edit(k.kind, k.id)
	return told{k, scopesOf(was, was.Edit(k.kind, k.id)), scopesOf(next, after), encoded(after)}
}

// to is the line that tells a card with a scope of the edit; nil: none.
func (t *told) to(scope map[string]bool) []byte {
	switch {
	case anyIn(t.is, scope):
		return t.line
	case anyIn(t.was, scope):
		return removal(t.key)
	}
	return nil
}

// anyIn tells whether one of some VPCs is in a scope.
func anyIn(vpcs []string, scope map[string]bool) bool {
	return slices.ContainsFunc(vpcs, func(id string) bool { return scope[id] })
}

// concerns tells whether a card with a scope is told of the edit.
func (t *told) concerns(scope map[string]bool) bool { return anyIn(t.is, scope) || anyIn(t.was, scope) }

// line is an object as it is sent to those who need it for a VPC, or for edgeScope. The lock is
// held.
func (c *Controller) line(k key, id string) []byte {
	e := c.region.Edit(k.kind, k.id)
	if id == edgeScope {
		e = c.region.EdgePart(e)
	}
	return encoded(e)
}

// removal is the edit that removes an object, as it is sent.
func removal(k key) []byte { return encoded(vpc.Edit{Kind: k.kind, ID: k.id}) }

// encoded is an edit as it is sent: Placement says that the card has a part of the region.
func encoded(e vpc.Edit) []byte {
	if p, is := e.Object.(*vpc.Placement); is {
		part := *p
		part.Part = true
		e.Object = &part
	}
	line, err := follow.Encode(e)
	if err != nil {
		panic(err) // what was read from JSON is JSON
	}
	return line
}
