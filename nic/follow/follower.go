package follow

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"nitrocard/nic/vpc"
)

// Target is what follows: a card, or a Draft before there is one.
type Target interface {
	Region() *vpc.Region      // what is in force
	Change(...vpc.Edit) error // puts edits in force before it returns, all of them or none

	// Departed are the records of the connections of ENIs that left for another card, by ENI, each ENI once.
	Departed() map[string][]byte
	// Resume takes the records of the connections of an ENI that came from another card.
	Resume(eni string, records []byte)
	// BeginAnswer begins to answer a question, such as nic.AsksDryRun, whose edits are never in force.
	BeginAnswer(asks string, edits []vpc.Edit) func(context.Context) []byte
}

// Draft is a region in the place of a card, for the time before the card is made of it.
type Draft struct{ region *vpc.Region }

// Region is what the draft has.
func (d *Draft) Region() *vpc.Region { return d.region }

// Change changes the draft.
func (d *Draft) Change(edits ...vpc.Edit) error {
	next, err := d.region.Change(edits...)
	if err == nil {
		d.region = next
	}
	return err
}

// Departed is as Target says: a draft has no connections.
func (d *Draft) Departed() map[string][]byte { return nil }

// Resume is as Target says.
func (d *Draft) Resume(string, []byte) {}

// BeginAnswer is as Target says: a draft has no connections, and the empty answer tells nothing.
func (d *Draft) BeginAnswer(string, []vpc.Edit) func(context.Context) []byte {
	return func(context.Context) []byte { return []byte("{}") }
}

// Follower has a card, or an edge, follow a controller's region. It belongs to one goroutine.
type Follower struct {
	card       string
	trust      *Trust
	target     Target
	revision   uint64 // in force; 0: none
	questions  []Question
	unanswered atomic.Int32 // questions that were begun, until Answered
	issued     atomic.Int64 // of the latest message that was taken, in ns since 1970; 0: none was
}

// NewFollower makes a follower for the card of that name, which believes whom trust says. It
// changes a Draft until it is handed the card.
func NewFollower(card string, trust *Trust) *Follower {
	return &Follower{card: card, trust: trust, target: &Draft{vpc.EmptyRegion()}}
}

// Hand has the follower change a card from now on, which has the follower's region in
// force.
func (f *Follower) Hand(target Target) { f.target = target }

// Region is what is in force.
func (f *Follower) Region() *vpc.Region { return f.target.Region() }

// Card is the name of the card.
func (f *Follower) Card() string { return f.card }

// Revision is the revision in force; 0: none is.
func (f *Follower) Revision() uint64 { return f.revision }

// Trusted is the version of the root document by which the card knows who may sign; 0: there is none,
// and the keys never change.
func (f *Follower) Trusted() int64 { return f.trust.Version() }

// Departed are the records of the ENIs that left the card, as Target says.
func (f *Follower) Departed() map[string][]byte { return f.target.Departed() }

// Issued is when the controller last told this card something, or that there is nothing; zero: it
// never did. Any goroutine may ask.
func (f *Follower) Issued() time.Time {
	ns := f.issued.Load()
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}

// Reasons not to take a message that is as it was signed.
var (
	errExpired = errors.New("it has expired")
	errOlder   = errors.New("it is older than what is in force")
)

// GapError is the error of a message that leads on from another revision than the one in
// force. The card must ask its controller anew.
type GapError struct{ Has, After uint64 }

// Error tells both revisions.
func (e *GapError) Error() string {
	return fmt.Sprintf("it leads on from revision %d, and %d is in force", e.After, e.Has)
}

// Take checks a message that came from a connection at the time now, and puts its edits
// in force. If Take is an error nothing has changed.
func (f *Follower) Take(m *Message, now time.Time) error {
	if err := f.trust.valid(now); err != nil {
		return err
	}
	if err := f.believe(m); err != nil {
		return err
	}
	if now.After(m.Expires) {
		return fmt.Errorf("a message of revision %d: %w, at %s", m.Revision, errExpired, m.Expires.Format(time.RFC3339))
	}
	return f.follow(m)
}

// Advance takes the root documents that follow the latest one, as Trust.Advance says. After a key was
// revoked the follower takes a snapshot of any revision: whoever stole the key may have told one that
// no controller will reach (TUF specification, section 5.3.11). What is in force stays until then.
func (f *Follower) Advance(roots [][]byte) (revoked bool, err error) {
	if revoked, err = f.trust.Advance(roots); revoked {
		f.revision = 0
	}
	return revoked, err
}

// Recall is Take for a message of the card's own copy, which may be of any age.
func (f *Follower) Recall(m *Message) error {
	if err := f.believe(m); err != nil {
		return err
	}
	return f.follow(m)
}

// believe is an error unless a controller signed the message for this card.
func (f *Follower) believe(m *Message) error {
	err := f.trust.keys.verify(m)
	if err == nil && m.Card != f.card {
		err = fmt.Errorf("it is for card %q, and this is %q", m.Card, f.card)
	}
	if err != nil {
		return fmt.Errorf("a message of revision %d: %w", m.Revision, err)
	}
	return nil
}

// follow puts a message's edits in force, if they lead on from what is in force. A
// snapshot of the same revision is taken, too: it may hold more than this card needed.
func (f *Follower) follow(m *Message) error {
	var err error
	switch {
	case m.Revision < f.revision:
		err = errOlder
	case !m.Snapshot() && m.After != f.revision:
		err = &GapError{f.revision, m.After}
	case m.Records != "":
		f.target.Resume(m.Records, m.edits)
	case m.Question != "":
		err = f.begin(m)
	case m.Size > 0 || m.Snapshot():
		err = f.apply(m)
	}
	if err != nil {
		return fmt.Errorf("a message of revision %d: %w", m.Revision, err)
	}
	f.revision = m.Revision
	f.issued.Store(max(f.issued.Load(), m.Issued.UnixNano())) // controllers' clocks may differ
	return nil
}

// apply puts a message's edits in force.
func (f *Follower) apply(m *Message) error {
	edits, err := m.Edits()
	if err != nil {
		return err
	}
	region := f.target.Region()
	if m.Snapshot() {
		edits = region.Replacing(edits)
	}
	return f.target.Change(region.Possible(edits)...)
}
