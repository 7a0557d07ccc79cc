package controller

import (
	"bytes"
	"maps"
	"slices"

	"nitrocard/nic/vpc"
)

// candidate is what a change would make of the region, which stays what it is. The zero candidate changes
// nothing.
type candidate struct {
	region *vpc.Region
	edits  []told              // which lead to it
	wider  map[string][]string // by card: the VPCs that it needs in the candidate alone
}

// candidate is what a draft makes of the region now, and which cards it concerns. The lock is held.
func (c *Controller) candidate(d *draft) (about candidate, concerned []string) {
	var edits []vpc.Edit
	for _, k := range d.order {
		edits = append(edits, d.edits[k])
	}
	edited := c.edited(edits, c.region, d.region)
	about = candidate{region: d.region}
	touched := map[string]bool{}
	for _, k := range slices.SortedFunc(maps.Keys(edited), inOrder) {
		t := toldOf(k, c.region, d.region)
		if slices.Equal(t.was, t.is) && bytes.Equal(t.line, encoded(c.region.Edit(k.kind, k.id))) {
			continue // such as Placement, whose numbers a configuration leaves out
		}
		about.edits = append(about.edits, t)
		for _, id := range slices.Concat(t.was, t.is) {
			touched[id] = true
		}
	}
	about.wider = c.widens(edited, d.region)
	for _, card := range c.region.Cards() {
		if len(about.wider[card.Name]) > 0 || anyIn(slices.Collect(maps.Keys(c.scopes.of(card.Name))), touched) {
			concerned = append(concerned, card.Name)
		}
	}
	return about, concerned
}

// widens are the VPCs that cards need in the next region and not now. The scopes are taken there and back,
// for they know which cards a change shifts. The lock is held.
func (c *Controller) widens(edited map[key]bool, next *vpc.Region) map[string][]string {
	wider := map[string][]string{}
	for card := range c.scopes.follow(edited, c.region, next) {
		wider[card] = slices.Collect(maps.Keys(c.scopes.of(card)))
	}
	c.scopes.follow(edited, next, c.region)
	for card, needs := range wider {
		now := c.scopes.of(card)
		wider[card] = slices.DeleteFunc(needs, func(id string) bool { return now[id] })
	}
	return wider
}

// to is what a card of a scope would be told of the candidate: edits, and ENIs of VPCs that it would need
// besides. The controller's lock is held.
func (a *candidate) to(card string, scope map[string]bool, s *scopes) (edits []byte, enis []string) {
	scope = maps.Clone(scope)
	for _, id := range a.wider[card] {
		scope[id] = true
		for k := range s.objects[id] {
			switch k.kind {
			case "NetworkInterfaces":
				enis = append(enis, k.id)
			case vpc.KindENIPlacement:
			default:
				edits = append(edits, encoded(a.region.Edit(k.kind, k.id))...)
			}
		}
	}
	for i := range a.edits {
		edits = append(edits, a.edits[i].to(scope)...)
	}
	return edits, enis
}
