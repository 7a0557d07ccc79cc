package follow

import (
	"context"
	"errors"
)

// Answer makes a card's answer. Answer may take a second of a CPU's time, and other goroutines than the
// follower's may call it.
type Answer func(context.Context) []byte

// Asked is a question of an ID, whose answer is not made yet.
type Asked struct {
	Question string
	Answer   Answer // nil: too many questions wait for their answers, and this one is not begun
}

// mostAsked is how many questions wait for their answers, each of which may hold a compiled policy. The bound is ours.
const mostAsked = 8

// tooMany is the answer, as a nic.Answer, to a question beyond mostAsked.
const tooMany = `{"error": "too many questions wait for its answers already; ask again"}`

// errLeads is the error of a question that would change what is in force.
var errLeads = errors.New("a question leads on to no other revision")

// ask has the target begin to answer a question. A question is signed, and comes in order, as what the card is
// told: so the card is asked about the revision that it has. What is wrong with the edits is an answer, too, and none
// of the follower's errors: what is in force stays right.
func (f *Follower) ask(m *Message) error {
	if m.After != m.Revision {
		return errLeads
	}
	if f.unanswered.Load() >= mostAsked {
		f.asked = append(f.asked, Asked{Question: m.Question})
		return nil
	}
	edits, err := m.Edits()
	if err != nil {
		return err
	}
	f.unanswered.Add(1)
	f.asked = append(f.asked, Asked{m.Question, f.target.Answer(m.Asks, f.target.Region().Possible(edits))})
	return nil
}

// Answered tells that nobody holds the answer to a question that was begun any more. Any goroutine may call it.
func (f *Follower) Answered() { f.unanswered.Add(-1) }

// Asked takes the questions that came since. Who takes them calls Answered for each that was begun.
func (f *Follower) Asked() []Asked {
	all := f.asked
	f.asked = nil
	return all
}
