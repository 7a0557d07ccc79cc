package nic

import "nitrocard/nic/vpc"

// mostCounted is how many rules, entries and routes a Gathering counts the cards of. The bound is ours.
const mostCounted = 1 << 15

// unusedOn is on how many cards something is unused.
type unusedOn struct {
	cards int
	last  string // the card that was counted last
}

// unusedOnes are what cards name as unused.
type unusedOnes map[Decider]unusedOn

// add counts a card once for each of what it names. An attacker may have taken the card over: of more than a card names,
// add takes the first, so that one card leaves room for what others name.
func (m unusedOnes) add(card string, named []Decider) {
	for _, d := range named[:min(len(named), len(unusedKinds)*mostUnused)] {
		if on, known := m[d]; on.last != card && (known || len(m) < mostCounted) {
			m[d] = unusedOn{on.cards + 1, card}
		}
	}
}

// EffectIn is Effect, and tells which rules, entries and routes of the region in force are unused on each card that
// has them. A card that did not answer, or was not asked, may use them; and each card names mostUnused of each kind.
func (g *Gathering) EffectIn(region *vpc.Region) *Effect {
	f := g.Effect()
	if len(g.unused) == 0 {
		return f
	}
	have := holders(region)
	for d, on := range g.unused {
		if on.cards == have[[2]string{d.Kind, d.ID}] {
			f.Unused = append(f.Unused, d)
		}
	}
	f.UnusedCount = len(f.Unused)
	f.Unused = mostOfEach(f.Unused)
	return f
}

// holders is how many cards of a region have each object that decides about packets of their ENIs, by kind and ID.
func holders(region *vpc.Region) map[[2]string]int {
	have := map[[2]string]int{}
	for i := range region.Cards() {
		for kind, id := range region.DecidersOf(i) {
			have[[2]string{kind, id}]++
		}
	}
	return have
}
