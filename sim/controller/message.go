package controller

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"nitrocard/nic/follow"
	"nitrocard/nic/vpc"
)

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
	u := f.take()
	slices.Sort(u.enis)
	mappings, err := follow.Encode(slices.Collect(u.mapped(u.enis))...)
	if err != nil {
		return nil, err
	}
	return f.c.o.Signer.Sign(u.Header, append(u.edits, mappings...))
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

// unsigned is a message that is yet to be signed.
type unsigned struct {
	follow.Header
	edits  []byte
	enis   []string                               // to be added to the edits; they may be a million, and are encoded without the lock
	mapped func(enis []string) iter.Seq[vpc.Edit] // what adds them
}

// take takes what is pending.
func (f *Feed) take() unsigned {
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	now := f.c.o.Now()
	f.c.lapse(now)
	u := f.next(now)
	if len(f.host.records)+len(f.host.questions) > 0 {
		f.wake()
	}
	return u
}

// next is a question, the records of connections, or else the pending edits. The lock is held.
func (f *Feed) next(now time.Time) unsigned {
	c := f.c
	u := unsigned{Header: follow.Header{Card: f.card, After: f.told, Revision: f.told, Issued: now, Expires: now.Add(lingers)}, mapped: c.region.Mappings}
	if q := f.nextQuestion(); q != nil {
		u.Question, u.Asks, u.mapped = q.id, q.asks, q.region.Mappings
		u.edits, u.enis = q.to(f.card, f.scope, c.scopes)
		return u
	}
	if w, is := f.handed(); is {
		u.Records, u.edits = w.eni, w.records
		return u
	}
	u.Revision, u.Expires = c.revision, now.Add(lifetime)
	if f.told == 0 {
		f.scope = c.scopes.of(f.card)
		for id := range f.scope {
			f.add(id)
		}
	}
	if f.scope[edgeScope] {
		u.mapped = c.region.EdgeMappings
	}
	u.edits, u.enis = f.pendingEdits()
	f.told, f.last = c.revision, f.host.gone
	return u
}

// pendingEdits takes the pending edits, and the ENIs of the VPCs that the card is to get as a whole.
func (f *Feed) pendingEdits() (edits []byte, enis []string) {
	for _, k := range slices.SortedFunc(maps.Keys(f.pending), inOrder) {
		edits = append(edits, f.pending[k]...)
	}
	for id := range f.whole {
		for k := range f.c.scopes.objects[id] {
			if k.kind == "NetworkInterfaces" {
				enis = append(enis, k.id)
			}
		}
	}
	clear(f.pending)
	clear(f.whole)
	return edits, enis
}

// inOrder compares objects by their place in a message.
func inOrder(a, b key) int {
	return cmp.Or(strings.Compare(a.kind, b.kind), strings.Compare(a.id, b.id))
}

// lifetime is how long a card may take a message over a connection.
const lifetime = 5 * time.Minute
