package follow

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Controller is the connection to a controller, or to one of several.
type Controller interface {
	// Follow asks for what leads a card on from a revision, 0 for a snapshot, and then for
	// every change: messages, as Read reads them, until somebody closes the stream. It tells that the
	// card answers questions.
	Follow(ctx context.Context, card string, revision uint64) (io.ReadCloser, error)

	// Roots asks for the root documents after a version, in order, as many as one answer has.
	Roots(ctx context.Context, card string, after int64) ([][]byte, error)

	// Report tells what a card has in force.
	Report(ctx context.Context, card string, r Report) error

	// HandOver hands over the records of the connections of an ENI that left the card, for the card
	// where it is.
	HandOver(ctx context.Context, card, eni string, records []byte) error

	// SendAnswer answers a question.
	SendAnswer(ctx context.Context, card, question string, answer []byte) error
}

// Report is what a card tells its controller.
type Report struct {
	Revision uint64 `json:"revision"`        // in force
	Error    string `json:"error,omitempty"` // why the next one is not
	Root     int64  `json:"root,omitzero"`   // version of the root document by which it knows who signs; 0: its keys never change
}

// Client follows a controller for one card, from connection to connection.
type Client struct {
	Card       string
	Controller Controller
	Follower   *Follower
	Copy       *Copy // nil: nothing is kept
	Log        *slog.Logger

	Now  func() time.Time
	Wait func(context.Context, time.Duration) // returns early at the context's end

	refused bool // the last message was not taken: a snapshot may be
	failed  int  // connections in a row that brought nothing
	told    bool // the controller of this connection knows what is in force

	answers sync.WaitGroup // that are made
	making  sync.Mutex     // held while one of them is

	rooted time.Time // when root documents were asked for last
}

// rootsEvery is how often a card asks for root documents over one connection. A key that is revoked
// is believed for no longer where a controller answers.
const rootsEvery = 10 * time.Minute

// Bounds of the time between two connections. Every wait is a random part of its bound, so
// that the cards of a controller that died do not come to the next one all at once.
const (
	firstWait = 200 * time.Millisecond
	lastWait  = 15 * time.Second
)

// First follows until the card has a revision in force.
func (c *Client) First(ctx context.Context) error {
	for ctx.Err() == nil && c.Follower.Revision() == 0 {
		c.connect(ctx, func() bool { return c.Follower.Revision() > 0 })
	}
	return ctx.Err()
}

// Run follows until the context ends.
func (c *Client) Run(ctx context.Context) {
	defer c.answers.Wait()
	for ctx.Err() == nil {
		c.connect(ctx, func() bool { return false })
	}
}

// connect follows for one connection, until enough says that the message before was the
// last, and waits after a failure.
func (c *Client) connect(ctx context.Context, enough func() bool) {
	err := c.session(ctx, enough)
	if err == nil || ctx.Err() != nil {
		return
	}
	c.failed++
	wait := c.wait()
	c.Log.Warn("the controller is not followed; what is in force stays", "revision", c.Follower.Revision(), "age", c.age(), "error", err, "again in", wait.Round(time.Millisecond))
	c.Wait(ctx, wait)
}

// age is how long ago the controller last told that what is in force is the newest.
func (c *Client) age() time.Duration {
	if c.Follower.Revision() == 0 {
		return 0
	}
	return c.Now().Sub(c.Follower.Issued()).Round(time.Second)
}

// wait is the time until the next connection.
func (c *Client) wait() time.Duration {
	bound := lastWait
	if c.failed < 8 {
		bound = min(firstWait<<c.failed, lastWait)
	}
	return bound/4 + rand.N(bound*3/4)
}

// session is one connection.
func (c *Client) session(ctx context.Context, enough func() bool) error {
	c.told = false
	c.advance(ctx)
	from := c.Follower.Revision()
	if c.refused || c.Copy != nil && c.Copy.Wanting() {
		from = 0
	}
	stream, err := c.Controller.Follow(ctx, c.Card, from)
	if err != nil {
		return err
	}
	defer stream.Close()
	for r := NewReader(stream); !enough(); {
		m, err := Read(r)
		if err == io.EOF {
			return errors.New("the controller ended the connection")
		}
		if err != nil {
			return err
		}
		if err := c.take(ctx, m); err != nil {
			return err
		}
		if c.Copy != nil && c.Copy.Wanting() && !m.Snapshot() {
			return nil // the next connection asks for a snapshot
		}
		if c.Now().Sub(c.rooted) >= rootsEvery && c.advance(ctx) {
			return nil // so does it under other keys
		}
	}
	return nil
}

// advance asks for root documents until there are no more, and tells whether a key was revoked by
// them. What cannot be taken keeps nobody from following under the keys that are known, until their
// document expires: whoever stands before the controller could withhold it as well.
func (c *Client) advance(ctx context.Context) (revoked bool) {
	c.rooted = c.Now()
	for c.Follower.Trusted() > 0 {
		before := c.Follower.Trusted()
		roots, err := c.Controller.Roots(ctx, c.Card, before)
		if err == nil {
			var gone bool
			gone, err = c.Follower.Advance(roots)
			revoked = revoked || gone
		}
		now := c.Follower.Trusted()
		if now > before {
			c.told = false
			c.Log.Info("root documents followed", "version", now, "a key was revoked", revoked)
		}
		if err != nil {
			c.Log.Warn("root documents are not followed as they should be; the keys that are known stay", "version", now, "error", err)
		}
		if err != nil || now == before {
			break
		}
	}
	return revoked
}

// take has the follower take a message, keeps it, and reports.
func (c *Client) take(ctx context.Context, m *Message) error {
	before := c.Follower.Revision()
	err := c.Follower.Take(m, c.Now())
	if c.refused = err != nil; err != nil {
		c.report(ctx, Report{Revision: before, Error: err.Error()})
		return err
	}
	c.failed = 0
	if c.Copy != nil {
		if err := c.Copy.Keep(m); err != nil {
			c.Log.Error("the copy of what the controller said is not written; the next start will be with an older one", "error", err)
		}
	}
	now := c.Follower.Revision()
	if now != before {
		c.Log.Info("controller followed", "revision", now)
	}
	if now != before || !c.told {
		c.told = true
		c.report(ctx, Report{Revision: now})
	}
	c.handOver(ctx)
	for _, q := range c.Follower.Questions() {
		if q.Answer == nil {
			c.declineOne(ctx, q)
			continue
		}
		c.answers.Go(func() { c.answerOne(ctx, q) })
	}
	return nil
}

// answering is how long a card may take to answer a question. Nobody waits for the answer afterwards.
const answering = 30 * time.Second

// answerOne answers a question, one at a time, beside what the card is told meanwhile.
func (c *Client) answerOne(ctx context.Context, q Question) {
	defer c.Follower.Answered()
	ctx, cancel := context.WithTimeout(ctx, answering)
	defer cancel()
	c.making.Lock()
	answer := q.Answer(ctx)
	c.making.Unlock()
	c.bring(ctx, q.ID, answer)
}

// declining is how long an answer that there are too many questions may take to the controller, which tells the
// card nothing meanwhile.
const declining = time.Second

// declineOne answers a question that was not begun, before the next message is read: so no such answers pile up.
func (c *Client) declineOne(ctx context.Context, q Question) {
	ctx, cancel := context.WithTimeout(ctx, declining)
	defer cancel()
	c.bring(ctx, q.ID, []byte(tooMany))
}

// bring brings an answer to the controller.
func (c *Client) bring(ctx context.Context, question string, answer []byte) {
	if err := c.Controller.SendAnswer(ctx, c.Card, question, answer); err != nil {
		c.Log.Warn("the controller did not take the answer to what it asked", "error", err)
	}
}

// allGoAlong is how long the connections of all ENIs that left with one message may take to go along:
// less than the controller waits for them, and so short that what it has to tell the card does not wait.
const allGoAlong = 10 * time.Second

// handOver has the connections of ENIs that left go along. Connections whose records do not arrive are
// for the other card such as it has never seen. A controller that does not answer for one ENI is not asked
// for the others.
func (c *Client) handOver(ctx context.Context) {
	departed := c.Follower.Departed()
	if len(departed) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, allGoAlong)
	defer cancel()
	for _, eni := range slices.Sorted(maps.Keys(departed)) {
		err := c.Controller.HandOver(ctx, c.Card, eni, departed[eni])
		if err != nil {
			c.Log.Warn("the connections of an ENI that left stay behind", "eni", eni, "error", err)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			break
		}
	}
}

// report tells the controller. A report that does not arrive is made good by the next one.
func (c *Client) report(ctx context.Context, r Report) {
	r.Root = c.Follower.Trusted()
	if err := c.Controller.Report(ctx, c.Card, r); err != nil {
		c.Log.Debug("no report to the controller", "error", err)
	}
}
