package nic

import "nitrocard/nic/vpc"

// rulebook gives each rule that ever allowed a connection a number for life,
// so that a connection can tell which rule that was when the rule is gone and
// its policy too. It grows by rules that were used, never by packets.
type rulebook struct {
	rules   []vpc.Rule // by number; 0 is no rule
	numbers map[vpc.Rule]uint32
	ids     map[vpc.RuleID]uint32 // of the policy in force
}

// turn begins a new policy, whose rule IDs mean other rules.
func (b *rulebook) turn() {
	if b.numbers == nil {
		b.rules, b.numbers = make([]vpc.Rule, 1), map[vpc.Rule]uint32{}
	}
	b.ids = map[vpc.RuleID]uint32{}
}

// number is the number of a rule of policy p.
func (b *rulebook) number(p *vpc.Policy, id vpc.RuleID) uint32 {
	if n, ok := b.ids[id]; ok || id == 0 {
		return n
	}
	rule := p.Rule(id)
	n, ok := b.numbers[rule]
	if !ok {
		n = uint32(len(b.rules))
		b.rules = append(b.rules, rule)
		b.numbers[rule] = n
	}
	b.ids[id] = n
	return n
}

// rule is the rule of a number, nil for 0.
func (b *rulebook) rule(n uint32) *vpc.Rule {
	if n == 0 || int(n) >= len(b.rules) {
		return nil
	}
	r := b.rules[n]
	return &r
}
