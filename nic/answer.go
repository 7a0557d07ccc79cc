package nic

import (
	"context"
	"encoding/json"
	"fmt"

	"nitrocard/nic/vpc"
)

// What a controller may ask of a card.
const (
	AsksDryRun = "dry-run" // what edits would do to the connections that live
	AsksFlush  = "flush"   // to cut what the rules in force would not let begin, and how many that were
)

// Answer is what a card answers to a question of its controller's.
type Answer struct {
	Foreseen *Foreseen `json:"foreseen,omitempty"` // to a dry run
	Flushed  uint64    `json:"flushed,omitzero"`   // connections that Card.Flush cut
	Error    string    `json:"error,omitempty"`    // why there is neither
}

// Answer begins to answer a question, as follow.Target says. What a dry run's edits make of the
// configuration is compiled at once, beside the one that is in force; the answer looks at the connections.
func (c *Card) Answer(asks string, edits []vpc.Edit) func(context.Context) []byte {
	answer := func(context.Context) (Answer, error) {
		return Answer{}, fmt.Errorf("this card does not know how to answer %q", asks)
	}
	switch asks {
	case AsksDryRun:
		answer = c.answerDryRun(edits)
	case AsksFlush:
		answer = func(ctx context.Context) (Answer, error) {
			cut, err := c.Flush(ctx)
			return Answer{Flushed: cut}, err
		}
	}
	return func(ctx context.Context) []byte {
		a, err := answer(ctx)
		if err != nil {
			a.Error = err.Error()
		}
		text, err := json.Marshal(a)
		if err != nil {
			panic(err) // counts and strings are always JSON
		}
		return text
	}
}

// answerDryRun compiles what edits would make of the configuration.
func (c *Card) answerDryRun(edits []vpc.Edit) func(context.Context) (Answer, error) {
	policy, before, err := c.compile(func(r *vpc.Region) (*vpc.Region, error) { return r.Change(edits...) })
	return func(ctx context.Context) (a Answer, _ error) {
		if err == nil {
			a.Foreseen, err = c.foresee(ctx, before, policy)
		}
		return a, err
	}
}
