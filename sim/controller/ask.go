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

// inquiry is a question to some cards.
type inquiry struct {
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
func (c *Controller) pose(asks string, about candidate, cards []string) *inquiry {
	q := &inquiry{id: rand.Text(), asks: asks, candidate: about, open: map[string]bool{}, answers: make(chan answered, len(cards))}
	c.asking[q.id] = q
	for _, card := range cards {
		q.open[card] = true
		switch h := c.hosts[card]; {
		case h == nil || h.feed == nil:
			q.answer(answered{card: card, err: errAway})
		case !h.feed.answers:
			q.answer(answered{card: card, err: errDumb})
		default:
			h.questions = append(h.questions, q)
			h.feed.wake()
		}
	}
	return q
}

// answer takes an answer, once of each card. The controller's lock is held.
func (q *inquiry) answer(a answered) {
	if _, missing := q.open[a.card]; missing {
		delete(q.open, a.card)
		q.answers <- a
	}
}

// refuse gives up questions that a host is yet to be asked. The controller's lock is held.
func (h *host) refuse(card string, why error, which func(*inquiry) bool) {
	h.questions = slices.DeleteFunc(h.questions, func(q *inquiry) bool {
		if which(q) {
			q.answer(answered{card: card, err: why})
		}
		return which(q)
	})
}

// any is every question.
func (*inquiry) any() bool { return true }

// isDryRun tells whether the question is of a region that another change leaves behind.
func (q *inquiry) isDryRun() bool { return q.asks == nic.AsksDryRun }

// gather hands what comes of a question to take, card by card. Cards that are late have not answered, and
// nobody waits for them.
func (c *Controller) gather(ctx context.Context, q *inquiry, take func(answered)) error {
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
func (c *Controller) drop(q *inquiry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.asking, q.id)
	for card := range q.open {
		if h := c.hosts[card]; h != nil {
			h.questions = slices.DeleteFunc(h.questions, func(other *inquiry) bool { return other == q })
		}
		q.answer(answered{card: card, err: errLate})
	}
}

// asks takes the next question that the feed's card is to be asked, once it was told all else. The lock is held.
func (f *Feed) asks() *inquiry {
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

// Asked is an error unless a card is to answer a question.
func (c *Controller) Asked(card, question string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.asked(card, question)
	return err
}

// asked is the question that a card is to answer. The lock is held.
func (c *Controller) asked(card, question string) (*inquiry, error) {
	if q := c.asking[question]; q != nil && q.open[card] {
		return q, nil
	}
	return nil, &ctl.Error{Status: http.StatusForbidden, Message: fmt.Sprintf("nobody waits for card %q to answer this question", card)}
}

// claim is the question that a card answers, once: another answer of the card is not read.
func (c *Controller) claim(card, question string) (*inquiry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	q, err := c.asked(card, question)
	if err == nil {
		q.open[card] = false
	}
	return q, err
}

// Answer takes a card's answer to a question.
func (c *Controller) Answer(card, question string, text []byte) error {
	q, err := c.claim(card, question)
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
	q.answer(answered{card, answer, why})
	return err
}
