package pipeline

import (
	"runtime"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
)

// rulebook gives each rule that allowed a connection a number as long as there
// is such a connection, so that it can tell which rule that was when the rule
// is gone and its policy too. It is under the connection table's lock.
type rulebook struct {
	rules   []vpc.Rule // by number; 0 is no rule
	numbers map[vpc.Rule]uint32
	ids     map[vpc.RuleID]uint32 // of the policy in force
	free    []uint32              // numbers to give again
	full    int                   // rules in use from which on a sweep is worth its while
	used    []bool                // by number, while a sweep is under way: some connection names it
}

// Chunk is how many places of the connection table somebody looks at while he has
// the lock: a few microseconds' worth.
const Chunk = 64

// rulebookRoom is how many rules are kept without a look at who uses them.
const rulebookRoom = 1024

// newRulebook is empty.
func newRulebook() *rulebook {
	return &rulebook{rules: make([]vpc.Rule, 1), numbers: map[vpc.Rule]uint32{}, full: rulebookRoom}
}

// Sweep forgets the rules that no connection names any more, when there are
// twice as many as after the last sweep: rules come and go for as long as the
// card runs. A million connections take it a few milliseconds, during which
// the lock is held for a burst of them at a time.
func (c *Crew) Sweep() {
	b := c.rules
	ids := map[vpc.RuleID]uint32{}
	c.Flows.Lock()
	n, needed := len(b.rules), len(b.numbers) >= b.full
	c.Flows.Unlock()
	if !needed {
		return
	}
	used := make([]bool, n)
	c.inChunks(func() bool {
		b.used = used
		b.ids = ids // the numbers in it may be forgotten
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
		b.used, b.full = nil, max(rulebookRoom, 2*len(b.numbers))
		return false
	})
}

// inChunks calls f with the connection table's lock held until there is no
// more to do. Others get the lock in between.
func (c *Crew) inChunks(f func() (more bool)) {
	for more := true; more; {
		c.Flows.Lock()
		more = f()
		c.Flows.Unlock()
		runtime.Gosched() // or it would be locked again before a worker sees it free
	}
}

// use keeps a rule from being forgotten by a sweep that is under way.
func (b *rulebook) use(n uint32) {
	if int(n) < len(b.used) {
		b.used[n] = true
	}
}

// forget makes a number that no connection names free.
func (b *rulebook) forget(n uint32) {
	if rule := b.rules[n]; !b.used[n] && rule != (vpc.Rule{}) {
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

// Rule is the rule that allowed the connection at a place of Flows, whose lock is
// held: the zero Rule if none did.
func (c *Crew) Rule(at uint32) vpc.Rule { return c.rules.rules[c.Flows.Rule(at)] }

// freshIDs is for the rules of a new policy, whose IDs mean other rules. There
// is room for as many as the last one's, so that workers need not make it.
func (c *Crew) freshIDs() map[vpc.RuleID]uint32 {
	c.Flows.Lock()
	n := len(c.rules.ids)
	c.Flows.Unlock()
	return make(map[vpc.RuleID]uint32, n)
}
