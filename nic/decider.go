package nic

import (
	"cmp"
	"slices"

	"nitrocard/nic/vpc"
)

// Decider is what lets packets pass or fall.
type Decider struct {
	Kind string `json:"kind"` // SecurityGroups, NetworkAcls or RouteTables
	ID   string `json:"id"`   // of the object
	What string `json:"what"` // the rule, the entry's number or the route
}

// mostUnused is how many unused rules, entries and routes are named, of each of the three.
const mostUnused = 1000

// unusedKinds is the order in which what is unused is told.
var unusedKinds = []string{"SecurityGroups", "NetworkAcls", "RouteTables"}

// unused are the rules of a policy that let no connection begin, and the entries of network ACLs and the routes
// that decided about no packet, since the card's start or their own if later; count is how many there are.
func (c *Card) unused(policy *vpc.Policy) (all []Decider, count int) {
	all = []Decider{}
	for _, r := range c.crew.UnusedRules(policy) {
		all = append(all, Decider{"SecurityGroups", r.Group, r.Text})
	}
	for e := range policy.UnusedEntries() {
		all = append(all, Decider{"NetworkAcls", e.ACL, e.Dir.Bound() + " entry " + vpc.EntryName(e.Number)})
	}
	for table, r := range policy.UnusedRoutes() {
		all = append(all, Decider{"RouteTables", table, r.String()})
	}
	return mostOfEach(all), len(all)
}

// mostOfEach sorts what is unused and keeps the first mostUnused of each kind, so that many of one kind hide none of another.
func mostOfEach(all []Decider) []Decider {
	slices.SortFunc(all, func(a, b Decider) int {
		return cmp.Or(cmp.Compare(slices.Index(unusedKinds, a.Kind), slices.Index(unusedKinds, b.Kind)), cmp.Compare(a.ID, b.ID), cmp.Compare(a.What, b.What))
	})
	kept := map[string]int{}
	return slices.DeleteFunc(all, func(d Decider) bool {
		kept[d.Kind]++
		return kept[d.Kind] > mostUnused
	})
}

// deciderOf is what let packets pass or fall, for people: a rule, or of the object of an ID an entry or a
// route. All are "" if none of them decided.
func deciderOf(rule vpc.Rule, object string, entry uint16, route *vpc.Route) (kind, id, what string) {
	switch {
	case rule != (vpc.Rule{}):
		return "SecurityGroups", rule.Group, rule.Text
	case entry != 0:
		return "NetworkAcls", object, "entry " + vpc.EntryName(entry)
	case route != nil:
		return "RouteTables", object, route.String()
	}
	return "", "", ""
}
