package pipeline

import (
	"iter"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
)

// rulebook numbers the rules that allowed connections. A connection keeps the number,
// and a rule stays in the book while a connection has its number, so a listing can show
// the rule even after the rule and its policy are gone. The rulebook is under the
// connection table's lock.
type rulebook struct {
	rules   []vpc.Rule // by number; 0 is no rule
	numbers map[vpc.Rule]uint32
	ids     map[vpc.RuleID]uint32 // numbers by ID, of rules of the policy in force
	free    []uint32              // numbers to give again
	full    int                   // the number of rules from which on Sweep works
	used    []bool                // by number, during a sweep: a connection has the number
	kept    map[ruleText]bool     // during a sweep: the policy in force has the rule
}

// ruleText is a rule wherever it stands in its group.
type ruleText struct{ group, text string }

func textOf(r *vpc.Rule) ruleText { return ruleText{r.Group, r.Text} }

// Chunk is how many indexes of the connection table a worker looks at for another thread,
// between two bursts and while it holds the lock: a few microseconds' work.
const Chunk = 64

// rulebookRoom is how many rules a rulebook keeps without a sweep.
const rulebookRoom = 1024

// newRulebook is empty.
func newRulebook() *rulebook {
	return &rulebook{rules: make([]vpc.Rule, 1), numbers: map[vpc.Rule]uint32{}, full: rulebookRoom}
}

// Sweep forgets the rules that no connection has any more and that the policy has not, once there are twice as many
// rules as after the last sweep; without Sweep the rulebook would grow for as long as the
// card runs. A sweep over a million connections takes a few milliseconds, and holds the
// lock for one Chunk at a time.
func (c *Crew) Sweep() {
	b := c.rules
	ids := map[vpc.RuleID]uint32{}
	var n int
	var needed bool
	c.Locked(func() { n, needed = len(b.rules), len(b.numbers) >= b.full })
	if !needed {
		return
	}
	used, kept := make([]bool, n), map[ruleText]bool{}
	for r := range rulesOf(c.Setup().Policy) {
		kept[textOf(&r)] = true
	}
	c.inChunks(func() bool {
		b.used, b.kept = used, kept
		b.ids = ids // the old ids may name numbers that the sweep forgets
		return false
	})
	from := uint32(0)
	c.inChunks(func() (more bool) {
		from, more = c.Flows.Walk(from, Chunk, func(at uint32, _ *flow.Key, _ *flow.Conn) { b.use(c.Flows.Rule(at)) })
		return more
	})
	number := 1
	c.inChunks(func() bool {
		for end := min(number+Chunk, len(used)); number < end; number++ {
			b.forget(uint32(number))
		}
		return number < len(used)
	})
	c.inChunks(func() bool {
		b.used, b.kept, b.full = nil, nil, max(rulebookRoom, 2*len(b.numbers))
		return false
	})
}

// inChunks has workers call f with the connection table's lock held, again and again, until
// f has no more to do.
func (c *Crew) inChunks(f func() (more bool)) {
	for more := true; more; {
		c.Locked(func() { more = f() })
	}
}

// use keeps a rule from being forgotten by a sweep that is under way.
func (b *rulebook) use(n uint32) {
	if int(n) < len(b.used) {
		b.used[n] = true
	}
}

// forget frees the number n, unless a connection has the number or the policy the rule.
func (b *rulebook) forget(n uint32) {
	if rule := b.rules[n]; !b.used[n] && rule != (vpc.Rule{}) && !b.kept[textOf(&rule)] {
		delete(b.numbers, rule)
		b.rules[n] = vpc.Rule{}
		b.free = append(b.free, n)
	}
}

// number is the number of a rule of policy p.
func (b *rulebook) number(p *vpc.Policy, id vpc.RuleID) uint32 {
	n, ok := b.ids[id]
	if !ok && id != 0 {
		rule := p.Region.Rule(id)
		if n, ok = b.numbers[rule]; !ok {
			n = b.add(rule)
		}
		b.ids[id] = n
	}
	b.use(n)
	return n
}

// add gives a rule a number.
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

// Rule is the rule that allowed the connection at an index of Flows, the zero Rule if
// none did. The lock of Flows is held.
func (c *Crew) Rule(at uint32) vpc.Rule { return c.rules.rules[c.Flows.Rule(at)] }

// freshIDs is an empty rulebook.ids for a new policy, whose IDs mean other rules. The map
// has room for as many rules as the policy before used, so that workers seldom grow it.
func (c *Crew) freshIDs() map[vpc.RuleID]uint32 {
	var n int
	c.Locked(func() { n = len(c.rules.ids) })
	return make(map[vpc.RuleID]uint32, n)
}

// rulesOf are the rules of the groups that a card's ENIs have, each group once.
func rulesOf(policy *vpc.Policy) iter.Seq[vpc.Rule] {
	return func(yield func(vpc.Rule) bool) {
		seen := map[string]bool{}
		for e := range policy.All() {
			for _, g := range e.Groups {
				if seen[g.ID] {
					continue
				}
				seen[g.ID] = true
				for r := range policy.Region.RulesOf(g.ID) {
					if !yield(r) {
						return
					}
				}
			}
		}
	}
}

// UnusedRules are the rules of a policy that allowed no connection since they came, or since the card's start:
// the rulebook has the others.
func (c *Crew) UnusedRules(policy *vpc.Policy) (unused []vpc.Rule) {
	used, number := map[ruleText]bool{}, 1
	copied := make([]vpc.Rule, 0, Chunk)
	for more := true; more; {
		c.inChunk(func() {
			end := min(number+Chunk, len(c.rules.rules))
			copied = append(copied[:0], c.rules.rules[min(number, end):end]...)
			number, more = end, end < len(c.rules.rules)
		})
		for i := range copied {
			used[textOf(&copied[i])] = true
		}
	}
	for r := range rulesOf(policy) {
		if !used[textOf(&r)] {
			unused = append(unused, r)
		}
	}
	return unused
}
