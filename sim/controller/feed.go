package controller

import (
	"context"
	"errors"
	"maps"

	"nitrocard/nic/vpc"
)

// Feed is what one card is told over one connection. A card that is slow delays nobody:
// what it has not been told yet is folded together, object by object.
type Feed struct {
	c    *Controller
	card string
	host *host

	answers bool // questions

	// Guarded by the controller's lock.
	told    uint64          // revision that the card was told, or 0: it is to get a snapshot
	scope   map[string]bool // what the card was told of, and pending
	pending map[key][]byte  // edits that lead on to the region now; the last of each object
	whole   map[string]bool // VPCs of which the card is to get all ENIs
	last    bool            // Placement does not name the host: it was told so, and is told nothing more
	ended   chan struct{}   // closed when the card has opened another feed
	ready   chan struct{}   // has room for one; something is pending
}

// Open begins to tell a card what leads on from a revision that it has; 0: none. A card of an older version answers no
// questions.
func (c *Controller) Open(card string, revision uint64, answers bool) (*Feed, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, err := c.host(card)
	if err == nil && c.revision == 0 {
		err = errors.New("nobody has given this controller a region yet")
	}
	if err != nil {
		return nil, err
	}
	f := &Feed{c: c, card: card, host: h, answers: answers, scope: c.scopes.of(card), pending: map[key][]byte{}, whole: map[string]bool{}, ready: make(chan struct{}, 1), ended: make(chan struct{})}
	if !answers {
		h.refuse(card, errDumb, (*question).always)
	}
	if h.knowsLess(revision); h.lessAt > 0 {
		revision = 0
	}
	f.resume(revision)
	if h.feed != nil {
		close(h.feed.ended)
	}
	h.feed = f
	return f, nil
}

// resume gathers what leads on from a revision. It leaves the feed with a snapshot to
// send if the controller does not remember all of it, or if the card needs VPCs now that
// it did not need then.
func (f *Feed) resume(revision uint64) {
	f.told = 0
	clear(f.pending)
	clear(f.whole)
	first := f.c.revision + 1 // of those remembered
	if len(f.c.recent) > 0 {
		first = f.c.recent[0].revision
	}
	if revision == 0 || revision > f.c.revision || revision+1 < first {
		f.wake()
		return
	}
	for _, ch := range f.c.recent[revision+1-first:] {
		if ch.shifted[f.card] {
			clear(f.pending)
			f.wake()
			return
		}
		f.fold(ch)
	}
	f.told = revision
}

// fold adds what concerns the card of a change.
func (f *Feed) fold(ch *change) {
	for i := range ch.edits {
		if line := ch.edits[i].to(f.scope); line != nil {
			f.pending[ch.edits[i].key] = line
			f.wake()
		}
	}
}

// wake has Next look.
func (f *Feed) wake() {
	select {
	case f.ready <- struct{}{}:
	default:
	}
}

// follow takes over a change that the controller has just made. The lock is held.
func (f *Feed) follow(ch *change) {
	if len(f.host.questions) > 0 && concerned(ch, f.card, f.scope) {
		f.host.refuse(f.card, errMovedOn, (*question).isDryRun)
	}
	if f.told == 0 {
		return // the snapshot will have it
	}
	f.fold(ch)
	if ch.shifted[f.card] {
		f.shift()
	}
}

// fewGone is up to how many objects a card is told one by one that it needs no more.
const fewGone = 32

// shift adds what the card needs of VPCs that it did not need before, and takes away what
// it needs no more: object by object, or by a snapshot if many go, and fewer stay.
func (f *Feed) shift() {
	before := f.scope
	f.scope = f.c.scopes.of(f.card)
	if before[edgeScope] != f.scope[edgeScope] {
		f.resume(0) // an edge has other parts of an object than a card
		return
	}
	gone := maps.Clone(before)
	maps.DeleteFunc(gone, func(id string, _ bool) bool { return f.scope[id] })
	if n := f.c.scopes.size(gone); n > fewGone && n > f.c.scopes.size(f.scope) {
		f.resume(0)
		return
	}
	for id := range gone {
		delete(f.whole, id)
		for k := range f.c.scopes.objects[id] {
			f.drop(k)
		}
	}
	for id := range f.scope {
		if !before[id] {
			f.add(id)
		}
	}
	f.wake()
}

// add adds all objects of a VPC: its ENIs, which may be a million, by the VPC's name.
func (f *Feed) add(id string) {
	f.whole[id] = true
	for k := range f.c.scopes.objects[id] {
		if k.kind != "NetworkInterfaces" && k.kind != vpc.KindENIPlacement {
			f.pending[k] = f.c.line(k, id)
		}
	}
}

// drop takes an object away from the card unless the card needs it for another VPC.
func (f *Feed) drop(k key) {
	if r := f.c.region; !anyIn(scopesOf(r, r.Edit(k.kind, k.id)), f.scope) {
		f.pending[k] = removal(k)
	}
}

// errGone is the error of a feed whose host Placement does not name any more, and which was told.
var errGone = errors.New("Placement does not name the host any more")

// errReplaced is the error of a feed whose card has opened another one.
var errReplaced = errors.New("the card has another connection")

// replaced tells whether the card has opened another feed.
func (f *Feed) replaced() bool {
	select {
	case <-f.ended:
		return true
	default:
		return false
	}
}

// untilReplaced calls stop when the card opens another feed, unless ctx ends before.
func (f *Feed) untilReplaced(ctx context.Context, stop func()) {
	select {
	case <-f.ended:
		stop()
	case <-ctx.Done():
	}
}

// Close ends the feed.
func (f *Feed) Close() {
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	if f.host.feed != f {
		return
	}
	f.host.refuse(f.card, errHungUp, (*question).always)
	if f.host.feed = nil; f.host.gone {
		delete(f.c.hosts, f.card)
	}
}
