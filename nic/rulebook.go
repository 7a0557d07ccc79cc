package nic

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
)

// rulebook gives each rule that allowed a connection a number as long as there
// is such a connection, so that it can tell which rule that was when the rule
// is gone and its policy too.
type rulebook struct {
	rules   []vpc.Rule // by number; 0 is no rule
	numbers map[vpc.Rule]uint32
	ids     map[vpc.RuleID]uint32 // of the policy in force
	free    []uint32              // numbers to give again
	full    int                   // rules in use from which on a sweep is worth its while
}

// rulebookRoom is how many rules are kept without a look at who uses them.
const rulebookRoom = 1024

// turn begins a new policy, whose rule IDs mean other rules.
func (b *rulebook) turn() {
	if b.numbers == nil {
		b.rules, b.numbers, b.full = make([]vpc.Rule, 1), map[vpc.Rule]uint32{}, rulebookRoom
	}
	b.ids = map[vpc.RuleID]uint32{}
}

// sweep forgets the rules that no connection names any more, when there are
// twice as many as after the last sweep: rules come and go for as long as the
// card runs. A million connections take it a few milliseconds.
func (b *rulebook) sweep(flows *flow.Table) {
	if len(b.numbers) < b.full {
		return
	}
	used := make([]bool, len(b.rules))
	flows.Walk(0, flows.Cap(), func(at uint32, _ *flow.Key, _ *flow.Conn) { used[flows.Detail(at).Rule] = true })
	for rule, n := range b.numbers {
		if !used[n] {
			delete(b.numbers, rule)
			b.rules[n] = vpc.Rule{}
			b.free = append(b.free, n)
		}
	}
	b.full = max(rulebookRoom, 2*len(b.numbers))
	clear(b.ids)
}

// number is the number of a rule of policy p.
func (b *rulebook) number(p *vpc.Policy, id vpc.RuleID) uint32 {
	if n, ok := b.ids[id]; ok || id == 0 {
		return n
	}
	rule := p.Rule(id)
	n, ok := b.numbers[rule]
	if !ok {
		n = b.add(rule)
	}
	b.ids[id] = n
	return n
}

func (b *rulebook) add(rule vpc.Rule) (n uint32) {
	if last := len(b.free) - 1; last >= 0 {
		n, b.free = b.free[last], b.free[:last]
		b.rules[n] = rule
	} else {
		n = uint32(len(b.rules))
		b.rules = append(b.rules, rule)
	}
	b.numbers[rule] = n
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
