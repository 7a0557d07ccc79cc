package follow

import (
	"context"
	"errors"
)

// Question is what a controller asks the card.
type Question struct {
	ID string

	// Answer makes the card's answer, for which it may take a second of a CPU's time. Any goroutine may call Answer.
	// It is nil if too many questions wait for their answers, and this one was not begun.
	Answer func(context.Context) []byte
}

// mostQuestions is how many questions wait for their answers, each of which may hold a compiled policy. The bound is ours.
const mostQuestions = 8

// tooMany is the answer, as a nic.Answer, to a question beyond mostQuestions.
const tooMany = `{"error": "too many questions wait for its answers already; ask again"}`

// errLeads is the error of a question that would change what is in force.
var errLeads = errors.New("a question leads on to no other revision")

// begin has the target begin to answer a question. A question is signed, and comes in order, as what the card is
// told: so the card is asked about the revision that it has. What is wrong with the edits is an answer, too, and none
// of the follower's errors: what is in force stays right.
func (f *Follower) begin(m *Message) error {
	if m.After != m.Revision {
		return errLeads
	}
	if f.unanswered.Load() >= mostQuestions {
		f.questions = append(f.questions, Question{ID: m.Question})
		return nil
	}
	edits, err := m.Edits()
	if err != nil {
		return err
	}
	f.unanswered.Add(1)
	f.questions = append(f.questions, Question{m.Question, f.target.BeginAnswer(m.Asks, f.target.Region().Possible(edits))})
	return nil
}

// Answered tells that nobody holds the answer to a question that was begun any more. Any goroutine may call it.
func (f *Follower) Answered() { f.unanswered.Add(-1) }

// Questions takes the questions that came since. Who takes them calls Answered for each that was begun.
func (f *Follower) Questions() []Question {
	all := f.questions
	f.questions = nil
	return all
}
