package nic

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/bits"
	"reflect"
	"slices"
	"strings"

	"nitrocard/nic/printable"
	"nitrocard/nic/vpc/ec2"
)

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
	if a.Foreseen == nil {
		return a, nil
	}
	a.Foreseen.Cards = nil // a controller's
	for i := range a.Foreseen.Fates {
		if f := &a.Foreseen.Fates[i]; !slices.Contains(fateOrder, f.Outcome) {
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

// Asked is a card that a controller asked, or would have asked.
type Asked struct {
	Card        string  `json:"card"`
	Connections uint64  `json:"connections"` // that the card looked at for a dry run
	Cut         uint64  `json:"cut"`         // of them, that the change would cut, or that a flush cut
	Seconds     float64 `json:"seconds,omitzero"`
	Error       string  `json:"error,omitempty"` // why nothing is known of the card's connections
}

// Gathering adds up what cards foresee.
type Gathering struct {
	all    Foreseen
	fates  map[fateKey]*Fate
	access map[accessKey]int // index in all.Access
	unused unusedOnes
}

// fateKey is by what fates of several cards are one.
type fateKey struct {
	outcome, direction, reason, kind, id, what string

	others bool
}

// Add adds what a card foresees.
func (g *Gathering) Add(card string, f *Foreseen) {
	if g.fates == nil {
		g.fates, g.access, g.unused = map[fateKey]*Fate{}, map[accessKey]int{}, unusedOnes{}
	}
	plus(&g.all.Connections, f.Connections)
	for o := range outcomeNames {
		plus(outcome(o).of(&g.all.Outcomes), *outcome(o).of(&f.Outcomes))
	}
	for i := range f.Fates {
		g.fate(&f.Fates[i]).add(card, &f.Fates[i])
	}
	g.addAccess(f)
	g.unused.add(card, f.Unused)
	g.all.Cards = append(g.all.Cards, Asked{Card: card, Connections: f.Connections, Cut: f.Outcomes.Cut, Seconds: f.Seconds})
}

// Flushed adds a card that has cut some connections.
func (g *Gathering) Flushed(card string, cut uint64) {
	plus(&g.all.Outcomes.Cut, cut)
	g.all.Cards = append(g.all.Cards, Asked{Card: card, Cut: cut})
}

// Lacks adds a card that foresees nothing, and why.
func (g *Gathering) Lacks(card, why string) {
	g.all.Cards = append(g.all.Cards, Asked{Card: card, Error: why})
}

// fate is where a card's fate is added. Beyond MostReasons fates are told apart by their outcome alone.
func (g *Gathering) fate(f *Fate) *Fate {
	k := fateKey{f.Outcome, f.Direction, f.Reason, f.Kind, f.ID, f.What, f.Others}
	if g.fates[k] == nil && len(g.fates) >= MostReasons {
		k = fateKey{outcome: f.Outcome, others: true}
	}
	if g.fates[k] == nil {
		g.fates[k] = &Fate{Outcome: k.outcome, Others: k.others, Direction: k.direction, Reason: k.reason, Kind: k.kind, ID: k.id, What: k.what, Examples: []FlowView{}}
	}
	return g.fates[k]
}

// add adds a card's fate, of which the examples say which card they are on.
func (f *Fate) add(card string, more *Fate) {
	plus(&f.Connections, more.Connections)
	plus(&f.Packets, more.Packets)
	plus(&f.Bytes, more.Bytes)
	for _, e := range more.Examples[:min(len(more.Examples), mostExamples)] {
		e.Card = card
		f.Examples = append(f.Examples, e)
	}
	slices.SortStableFunc(f.Examples, func(a, b FlowView) int { return cmp.Compare(a.Idle, b.Idle) })
	f.Examples = f.Examples[:min(len(f.Examples), mostExamples)]
}

// plus adds to a count, which stays at most math.MaxInt64.
func plus(count *uint64, more uint64) {
	sum, over := bits.Add64(*count, more, 0)
	if over != 0 || sum > math.MaxInt64 {
		sum = math.MaxInt64
	}
	*count = sum
}

// Foreseen is what all cards foresee, those that foresee nothing first.
func (g *Gathering) Foreseen() *Foreseen {
	f := g.all
	f.Fates, f.Unused = []Fate{}, []Decider{}
	f.Access = append([]Access{}, f.Access...)
	sortAccess(f.Access)
	for _, fate := range g.fates {
		f.Fates = append(f.Fates, *fate)
	}
	sortFates(f.Fates)
	slices.SortFunc(f.Cards, func(a, b Asked) int {
		return cmp.Or(-cmp.Compare(min(len(a.Error), 1), min(len(b.Error), 1)), strings.Compare(a.Card, b.Card))
	})
	return &f
}
