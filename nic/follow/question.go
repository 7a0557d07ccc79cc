package follow

import (
	"context"
	"errors"

	"nitrocard/nic/vpc"
)

// What a controller may ask of a card.
const (
	AsksDryRun = "dry-run" // what edits would do to the connections that live
	AsksFlush  = "flush"   // to cut what the rules in force would not let begin, and how many that were
)

// Question is what a controller asks of a card. It is signed, and comes in order, as what the card is told:
// so the card is asked about the revision that it has.
type Question struct {
	Asks  string
	Edits []vpc.Edit // of a dry run, which are never in force
}

// Answer makes a card's answer. It may take a second of a CPU's time, and other goroutines than the
// follower's may call it.
type Answer func(context.Context) []byte

// Asked is a question of an ID, whose answer is not made yet.
type Asked struct {
	Question string
	Answer   Answer
}

// mostAsked is how many questions wait for their answers. A controller asks fewer at a time.
const mostAsked = 8

// Errors of questions that are not answered.
var (
	errAsked = errors.New("too many questions wait for their answers already")
	errLeads = errors.New("a question leads on to no other revision")
)

// ask has the target begin to answer a question. What is wrong with the edits is an answer, too, and none
// of the follower's errors: what is in force stays right.
func (f *Follower) ask(m *Message) error {
	if len(f.asked) >= mostAsked {
		return errAsked
	}
	if m.After != m.Revision {
		return errLeads
	}
	edits, err := m.Edits()
	if err != nil {
		return err
	}
	f.asked = append(f.asked, Asked{m.Question, f.target.Answer(&Question{m.Asks, f.target.Region().Possible(edits)})})
	return nil
}

// Asked takes the questions that came since.
func (f *Follower) Asked() []Asked {
	all := f.asked
	f.asked = nil
	return all
}
