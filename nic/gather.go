package nic

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// CardResult is what became of a question to a card that a controller asked, or would have asked.
type CardResult struct {
	Card        string  `json:"card"`
	Connections uint64  `json:"connections"` // that the card looked at for a dry run
	Cut         uint64  `json:"cut"`         // of them, that the change would cut, or that a flush cut
	Seconds     float64 `json:"seconds,omitzero"`
	Error       string  `json:"error,omitempty"` // why nothing is known of the card's connections
}

// Gathering adds up what cards answer.
type Gathering struct {
	all    Effect
	fates  map[fateKey]*Fate
	access map[accessKey]int // index in all.Access
	unused unusedOnes
}

// fateKey is by what fates of several cards are one.
type fateKey struct {
	outcome, direction, reason, kind, id, what string

	others bool
}

// Add adds the effect of a change on a card.
func (g *Gathering) Add(card string, f *Effect) {
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
	g.all.UnusedCut = g.all.UnusedCut || f.UnusedCount > len(f.Unused)
	g.all.Cards = append(g.all.Cards, CardResult{Card: card, Connections: f.Connections, Cut: f.Outcomes.Cut, Seconds: f.Seconds})
}

// Flushed adds a card that has cut some connections.
func (g *Gathering) Flushed(card string, cut uint64) {
	plus(&g.all.Outcomes.Cut, cut)
	g.all.Cards = append(g.all.Cards, CardResult{Card: card, Cut: cut})
}

// Lacks adds a card that tells nothing, and why.
func (g *Gathering) Lacks(card, why string) {
	g.all.Cards = append(g.all.Cards, CardResult{Card: card, Error: why})
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

// Effect is the effect of a change on all cards, those that told nothing first.
func (g *Gathering) Effect() *Effect {
	f := g.all
	f.Fates, f.Unused = []Fate{}, []Decider{}
	f.Access = append([]Access{}, f.Access...)
	sortAccess(f.Access)
	for _, fate := range g.fates {
		f.Fates = append(f.Fates, *fate)
	}
	sortFates(f.Fates)
	slices.SortFunc(f.Cards, func(a, b CardResult) int {
		return cmp.Or(-cmp.Compare(min(len(a.Error), 1), min(len(b.Error), 1)), strings.Compare(a.Card, b.Card))
	})
	return &f
}
