package nic

import (
	"slices"

	"nitrocard/nic/vpc"
)

// rulesInForce tells which rules of connections a policy has. The rules of a group are read once.
type rulesInForce struct {
	policy *vpc.Policy
	texts  map[string]map[string]bool // of the rules of the groups that were asked about, by group
}

func newRulesInForce(policy *vpc.Policy) *rulesInForce {
	return &rulesInForce{policy, map[string]map[string]bool{}}
}

// has tells whether a rule is of one of an ENI's groups, wherever the rule stands in the group.
func (f *rulesInForce) has(e *vpc.OwnENI, rule *vpc.Rule) bool {
	return slices.ContainsFunc(e.Groups, func(g *vpc.Group) bool { return g.ID == rule.Group }) && f.of(rule.Group)[rule.Text]
}

// of are the texts of a group's rules.
func (f *rulesInForce) of(group string) map[string]bool {
	texts, known := f.texts[group]
	if !known {
		texts = map[string]bool{}
		for r := range f.policy.Region.RulesOf(group) {
			texts[r.Text] = true
		}
		f.texts[group] = texts
	}
	return texts
}
