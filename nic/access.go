package nic

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"nitrocard/nic/vpc"
)

// Access is what a rule or an entry newly allows, or newly denies, whatever connections live (vpc.Access).
type Access struct {
	Outcome   string   `json:"outcome"`   // allowed or denied
	Direction string   `json:"direction"` // inbound or outbound
	Decider            // SecurityGroups or NetworkAcls
	Parts     []string `json:"parts,omitempty"` // what of the rule, the first mostParts; absent: all of it
	MoreParts int      `json:"more_parts,omitempty"`
	ENIs      int      `json:"enis"`
	Examples  []string `json:"examples"` // IDs of the first mostExamples ENIs
}

const (
	mostAccess = 1000 // that a dry run tells
	mostParts  = 8    // of each
)

// accessAfter is what is newly allowed and newly denied at ENIs that a card has under both policies, at most ENIs
// first; more is how many there are beyond, -1 if not all was compared.
func accessAfter(before, then *vpc.Policy) (all []Access, more int) {
	all = []Access{}
	found, whole := before.AccessAfter(then)
	for i := range found[:min(len(found), mostAccess)] {
		all = append(all, accessOf(&found[i]))
	}
	if more = len(found) - len(all); !whole {
		more = -1
	}
	return all, more
}

// accessOf is a vpc.Access for people.
func accessOf(a *vpc.Access) Access {
	outcome := "denied"
	if a.Allowed {
		outcome = "allowed"
	}
	parts, examples := min(len(a.Parts), mostParts), min(len(a.ENIs), mostExamples)
	return Access{outcome, a.Dir.Bound(), Decider{a.Kind, a.ID, a.What}, a.Parts[:parts], len(a.Parts) - parts, len(a.ENIs), a.ENIs[:examples]}
}

// sortAccess puts what is newly allowed or denied at most ENIs first.
func sortAccess(all []Access) {
	slices.SortStableFunc(all, func(a, b Access) int {
		return cmp.Or(cmp.Compare(b.ENIs, a.ENIs), cmp.Compare(a.ID, b.ID), cmp.Compare(a.What, b.What), cmp.Compare(a.Outcome, b.Outcome))
	})
}

// accessKey is by what the Access of several cards is one.
type accessKey struct{ outcome, direction, kind, id, what, parts string }

// addAccess adds what is newly allowed and newly denied at a card's ENIs. An attacker may have taken the card over,
// so nothing in its answer is believed.
func (g *Gathering) addAccess(f *Effect) {
	for _, a := range f.Access {
		k := accessKey{a.Outcome, a.Direction, a.Kind, a.ID, a.What, strings.Join(a.Parts, ",")}
		at, known := g.access[k]
		a.ENIs, a.Examples = min(max(a.ENIs, 1), math.MaxInt32), a.Examples[:min(len(a.Examples), mostExamples)]
		switch {
		case a.Outcome != "allowed" && a.Outcome != "denied":
		case known:
			sum := &g.all.Access[at]
			sum.ENIs = min(sum.ENIs+a.ENIs, math.MaxInt32)
			sum.Examples = append(slices.Clip(sum.Examples), a.Examples[:min(len(a.Examples), mostExamples-len(sum.Examples))]...)
		case len(g.all.Access) == mostAccess:
			g.moreAccess(1)
		default:
			g.access[k] = len(g.all.Access)
			g.all.Access = append(g.all.Access, a)
		}
	}
	g.moreAccess(f.MoreAccess)
}

// moreAccess adds to how much there is beyond what is told; below 0: nobody knows.
func (g *Gathering) moreAccess(n int) {
	if n < 0 || g.all.MoreAccess < 0 {
		g.all.MoreAccess = -1
		return
	}
	g.all.MoreAccess = min(g.all.MoreAccess+min(n, math.MaxInt32), math.MaxInt32)
}
