package nic

import (
	"cmp"
	"slices"
	"strconv"

	"nitrocard/nic/vpc"
)

// Decider is what lets packets pass or fall.
type Decider struct {
	Kind string `json:"kind"` // SecurityGroups, NetworkAcls or RouteTables
	ID   string `json:"id"`   // of the object
	What string `json:"what"` // the rule, the entry's number or the route
}

// unmetOf are the entries of network ACLs and the routes of a policy that decided about no packet, sorted.
func unmetOf(policy *vpc.Policy) []Decider {
	all := []Decider{}
	for e := range policy.UnmetEntries() {
		all = append(all, Decider{"NetworkAcls", e.ACL, e.Dir.Bound() + " " + entryName(e.Number)})
	}
	for table, r := range policy.UnmetRoutes() {
		all = append(all, Decider{"RouteTables", table, r.String()})
	}
	slices.SortFunc(all, func(a, b Decider) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID), cmp.Compare(a.What, b.What))
	})
	return all
}

// deciderOf is what let packets pass or fall, for people: a rule, or of the object of an ID an entry or a
// route. All are "" if none of them decided.
func deciderOf(rule vpc.Rule, object string, entry uint16, route *vpc.Route) (kind, id, what string) {
	switch {
	case rule != (vpc.Rule{}):
		return "SecurityGroups", rule.Group, rule.Text
	case entry != 0:
		return "NetworkAcls", object, entryName(entry)
	case route != nil:
		return "RouteTables", object, route.String()
	}
	return "", "", ""
}

// entryName names an entry of a network ACL; "*" is the one that ends each ACL.
func entryName(number uint16) string {
	if number >= vpc.FinalDeny {
		return "entry *"
	}
	return "entry " + strconv.Itoa(int(number))
}
