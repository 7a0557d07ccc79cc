package controller

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"nitrocard/nic"
	"nitrocard/nic/ctl"
)

// question is what some cards are asked.
type question struct {
	id, asks string
	candidate

	open    map[string]bool // cards whose answer is missing; false: it came, and is being read
	answers chan answered   // has room for one of each card
}

// answered is what came of asking a card.
type answered struct {
	card   string
	answer nic.Answer
	err    error // why there is no answer
}

// Reasons why a card is not asked, or does not answer.
var (
	errAway    = errors.New("it is not connected to this controller; if it follows another, ask that one, too")
	errDumb    = errors.New("its version answers no questions")
	errHungUp  = errors.New("its connection ended before it was asked")
	errMovedOn = errors.New("others changed what it has before it was asked; ask again")
	errLate    = fmt.Errorf("no answer within %v", answersWithin)
)

// answersWithin is how long a controller waits for answers. A card looks at a million connections in one to two seconds.
const answersWithin = 10 * time.Second

// pose has a question with an ID that nobody can guess wait for some cards. Of those that cannot be asked the answer
// is there at once. The lock is held.
func (c *Controller) pose(asks string, about candidate, cards []string) *question {
	q := &question{id: rand.Text(), asks: asks, candidate: about, open: map[string]bool{}, answers: make(chan answered, len(cards))}
	c.questions[q.id] = q
	for _, card := range cards {
		q.open[card] = true
		switch h := c.hosts[card]; {
		case h == nil || h.feed == nil:
			q.settle(answered{card: card, err: errAway})
		case !h.feed.answers:
			q.settle(answered{card: card, err: errDumb})
		default:
			h.questions = append(h.questions, q)
			h.feed.wake()
		}
	}
	return q
}

// settle takes an answer, once of each card. The controller's lock is held.
func (q *question) settle(a answered) {
	if _, missing := q.open[a.card]; missing {
		delete(q.open, a.card)
		q.answers <- a
	}
}

// refuse gives up questions that a host is yet to be asked. The controller's lock is held.
func (h *host) refuse(card string, why error, which func(*question) bool) {
	h.questions = slices.DeleteFunc(h.questions, func(q *question) bool {
		if which(q) {
			q.settle(answered{card: card, err: why})
		}
		return which(q)
	})
}

// always is true of every question.
func (*question) always() bool { return true }

// isDryRun tells whether the question is of a region that another change leaves behind.
func (q *question) isDryRun() bool { return q.asks == nic.AsksDryRun }

// gather hands what comes of a question to take, card by card. Cards that are late have not answered, and
// nobody waits for them.
func (c *Controller) gather(ctx context.Context, q *question, take func(answered)) error {
	defer c.drop(q)
	late := c.o.After(answersWithin)
	for range cap(q.answers) {
		select {
		case a := <-q.answers:
			take(a)
		case <-late:
			c.drop(q)
			for len(q.answers) > 0 {
				take(<-q.answers)
			}
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// drop ends a question. Who has not answered is late.
func (c *Controller) drop(q *question) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.questions, q.id)
	for card := range q.open {
		if h := c.hosts[card]; h != nil {
			h.questions = slices.DeleteFunc(h.questions, func(other *question) bool { return other == q })
		}
		q.settle(answered{card: card, err: errLate})
	}
}

// nextQuestion takes the next question that the feed's card is to be asked, once it was told all else. The lock is held.
func (f *Feed) nextQuestion() *question {
	if f.told == 0 || len(f.pending) > 0 || len(f.whole) > 0 || len(f.host.questions) == 0 {
		return nil
	}
	q := f.host.questions[0]
	f.host.questions = f.host.questions[1:]
	return q
}

// wide tells whether the feed's next question has whole VPCs. The lock is held.
func (f *Feed) wide() bool {
	return len(f.host.questions) > 0 && len(f.host.questions[0].wider[f.card]) > 0
}

// ExpectsAnswer is an error unless a card is to answer a question.
func (c *Controller) ExpectsAnswer(card, id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.expectedAnswer(card, id)
	return err
}

// expectedAnswer is the question that a card is to answer. The lock is held.
func (c *Controller) expectedAnswer(card, id string) (*question, error) {
	if q := c.questions[id]; q != nil && q.open[card] {
		return q, nil
	}
	return nil, &ctl.Error{Status: http.StatusForbidden, Message: fmt.Sprintf("nobody waits for card %q to answer this question", card)}
}

// claim is the question that a card answers, once: another answer of the card is not read.
func (c *Controller) claim(card, id string) (*question, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	q, err := c.expectedAnswer(card, id)
	if err == nil {
		q.open[card] = false
	}
	return q, err
}

// TakeAnswer takes a card's answer to a question.
func (c *Controller) TakeAnswer(card, id string, text []byte) error {
	q, err := c.claim(card, id)
	if err != nil {
		return err
	}
	answer, err := nic.ReadAnswer(text)
	c.mu.Lock()
	defer c.mu.Unlock()
	why := err
	if err == nil && answer.Error != "" {
		why = errors.New(answer.Error)
	}
	q.settle(answered{card, answer, why})
	return err
}
