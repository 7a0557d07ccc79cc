package controller

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
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
		h.refuse(card, errDumb, (*inquiry).any)
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
		f.host.refuse(f.card, errMovedOn, (*inquiry).isDryRun)
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

// Next waits for something to tell the card, and is the message that tells it. If nothing
// comes for the time of Options.Beat, the message tells so.
func (f *Feed) Next(ctx context.Context) (*follow.Message, error) {
	if f.last {
		return nil, errGone
	}
	beat := f.c.o.After(f.c.o.Beat)
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-f.ended:
		return nil, errReplaced
	case <-f.ready:
	case <-beat:
	}
	leave, err := f.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	if f.replaced() {
		return nil, errReplaced // though something was ready, too
	}
	h, edits, mapped, enis := f.take()
	slices.Sort(enis)
	mappings, err := follow.Encode(slices.Collect(mapped(enis))...)
	if err != nil {
		return nil, err
	}
	return f.c.o.Signer.Sign(h, append(edits, mappings...))
}

// mostWholes is how many snapshots a controller makes at one time. Each may have a million ENIs, and
// after a failure all hosts ask for one.
const mostWholes = 4

// enter waits for room to make a message, until leave: for one with whole VPCs, for which there is not always room.
func (f *Feed) enter(ctx context.Context) (leave func(), err error) {
	f.c.mu.Lock()
	whole := f.told == 0 || f.wide()
	f.c.mu.Unlock()
	if !whole {
		return func() {}, nil
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-f.ended:
		return nil, errReplaced
	case f.c.wholes <- struct{}{}:
		return func() { <-f.c.wholes }, nil
	}
}

// take takes what is pending, as the signed part of a message and its edits, to which some ENIs
// are to be added. They may be a million, and are encoded without the lock.
func (f *Feed) take() (h follow.Header, edits []byte, mapped func([]string) iter.Seq[vpc.Edit], enis []string) {
	c := f.c
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.o.Now()
	c.lapse(now)
	defer func() {
		if len(f.host.records)+len(f.host.questions) > 0 {
			f.wake()
		}
	}()
	if q := f.asks(); q != nil {
		edits, enis = q.to(f.card, f.scope, c.scopes)
		h = follow.Header{Card: f.card, After: f.told, Revision: f.told, Question: q.id, Asks: q.asks, Issued: now, Expires: now.Add(lingers)}
		return h, edits, q.region.Mappings, enis
	}
	if w, is := f.handed(); is {
		h = follow.Header{Card: f.card, After: f.told, Revision: f.told, Records: w.eni, Issued: now, Expires: now.Add(lingers)}
		return h, w.records, c.region.Mappings, nil
	}
	h = follow.Header{Card: f.card, After: f.told, Revision: c.revision, Issued: now, Expires: now.Add(lifetime)}
	if f.told == 0 {
		f.scope = c.scopes.of(f.card)
		for id := range f.scope {
			f.add(id)
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(f.pending), inOrder) {
		edits = append(edits, f.pending[k]...)
	}
	for id := range f.whole {
		for k := range c.scopes.objects[id] {
			if k.kind == "NetworkInterfaces" {
				enis = append(enis, k.id)
			}
		}
	}
	clear(f.pending)
	clear(f.whole)
	mapped = c.region.Mappings
	if f.scope[edgeScope] {
		mapped = c.region.EdgeMappings
	}
	f.told, f.last = c.revision, f.host.gone
	return h, edits, mapped, enis
}

// inOrder compares objects by their place in a message.
func inOrder(a, b key) int {
	return cmp.Or(strings.Compare(a.kind, b.kind), strings.Compare(a.id, b.id))
}

// lifetime is how long a card may take a message over a connection.
const lifetime = 5 * time.Minute

// Close ends the feed.
func (f *Feed) Close() {
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	if f.host.feed != f {
		return
	}
	f.host.refuse(f.card, errHungUp, (*inquiry).any)
	if f.host.feed = nil; f.host.gone {
		delete(f.c.hosts, f.card)
	}
}

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
