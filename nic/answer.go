package nic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"

	"nitrocard/nic/printable"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// What a controller may ask of a card.
const (
	AsksDryRun = "dry-run" // what edits would do to the connections that live
	AsksFlush  = "flush"   // to cut what the rules in force would not let begin, and how many that were
)

// Answer is what a card answers to a question of its controller's.
type Answer struct {
	Effect  *Effect `json:"effect,omitempty"` // to a dry run
	Flushed uint64  `json:"flushed,omitzero"` // connections that Card.Flush cut
	Error   string  `json:"error,omitempty"`  // why there is neither
}

// BeginAnswer begins to answer a question, as follow.Target says. What a dry run's edits make of the
// configuration is compiled at once, beside the one that is in force; the answer looks at the connections.
func (c *Card) BeginAnswer(asks string, edits []vpc.Edit) func(context.Context) []byte {
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
			a.Effect, err = c.effect(ctx, before, policy)
		}
		return a, err
	}
}

// MostAnswer is how many bytes an Answer has at most. The bound is ours.
const MostAnswer = 4 << 20

// mostListed is how many items all lists of an answer have at most, those of lists in lists too. A card lists some
// 18,000. The bound is ours.
const mostListed = 1 << 15

// errListed is the error of an answer whose lists are too long.
var errListed = fmt.Errorf("its lists have more than %d items", mostListed)

// mostWords is how many bytes of a text in an answer are kept.
const mostWords = 256

// ReadAnswer reads what a card answers. An attacker may have taken the card over, so nothing in the answer is
// believed: texts are cut to a length and fit for a terminal, and what no card answers is an error. An item of a
// list may take a hundred times the bytes that it has in the text: so items are counted first.
func ReadAnswer(text []byte) (Answer, error) {
	var a Answer
	err := countListed(text)
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	if err != nil {
		return Answer{}, fmt.Errorf("it is no answer: %w", err)
	}
	tidy(reflect.ValueOf(&a).Elem())
	if a.Effect == nil {
		return a, nil
	}
	a.Effect.Cards = nil // a controller's
	for i := range a.Effect.Fates {
		if f := &a.Effect.Fates[i]; !slices.Contains(fateOrder, f.Outcome) {
			return Answer{}, fmt.Errorf("it is no answer: there is no outcome %q", f.Outcome)
		}
	}
	return a, nil
}

// countListed is an error of a text with more than mostListed items in its lists, and of what is no JSON up to there.
func countListed(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // whatever its size
	var open []json.Delim
	for listed := 0; listed <= mostListed; {
		token, err := d.Token()
		if err != nil {
			return notEnd(err)
		}
		delim, _ := token.(json.Delim)
		if delim == ']' || delim == '}' {
			open = open[:len(open)-1]
			continue
		}
		if len(open) > 0 && open[len(open)-1] == '[' {
			listed++
		}
		if delim != 0 {
			open = append(open, delim)
		}
	}
	return errListed
}

// notEnd is an error other than a text's end.
func notEnd(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// tidy makes all texts of a value lines of a bounded length, and its times such as can pass.
func tidy(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			tidy(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			tidy(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			tidy(v.Index(i))
		}
	case reflect.String:
		v.SetString(printable.Line(ec2.Cut(v.String(), mostWords)))
	case reflect.Float64:
		v.SetFloat(min(max(v.Float(), 0), math.MaxInt32))
	}
}
