package vpc

import (
	"maps"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// allow makes the allowances those of m, by instance.
func (c *compiler) allow(m map[string]Allowance) {
	now := c.next.place.allowances
	for _, id := range now.Keys() {
		if _, stays := m[id]; !stays {
			now.Delete(id)
			c.changedRegionPlacement()
		}
	}
	for id, a := range m {
		if had, there := now.Get(id); there && had == a {
			continue
		}
		now.Set(id, a)
		c.allowed[id] = true
		c.changedRegionPlacement()
	}
}

// dropAllowance ends the allowance of an instance that loses its last ENI.
func (c *compiler) dropAllowance(lost *identity) {
	if _, bounded := c.next.place.allowances.Get(lost.Instance); !bounded || c.next.place.given.Part {
		return
	}
	other := false
	c.next.objects["NetworkInterfaces"].Scan(func(id string, o *object) bool {
		other = o.config.(*identity).Instance == lost.Instance && id != lost.ID
		return !other
	})
	if !other {
		c.next.place.allowances.Delete(lost.Instance)
		c.changedRegionPlacement()
	}
}

// allowances notes allowances that cannot be meant, and those of instances that have no ENI.
func (c *compiler) allowances() {
	all := c.next.place.allowances
	if c.whole || c.retyped {
		for _, id := range all.Keys() {
			c.allowed[id] = true
		}
	}
	for id := range c.allowed {
		if _, there := all.Get(id); !there {
			delete(c.allowed, id)
		}
	}
	if len(c.allowed) == 0 {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(c.allowed)) {
		if a, _ := all.Get(id); c.next.wrong(a) != "" {
			c.Add("Placement: Allowances: "+ec2.Shorten(id), "%s", c.next.wrong(a))
		}
	}
	seen := map[string]bool{}
	for e := range c.next.all() {
		if c.allowed[e.Instance] {
			seen[e.Instance] = true
		}
		if len(seen) == len(c.allowed) {
			break
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.allowed)) {
		if (id == "" || !seen[id]) && !c.mayHaveENIs() {
			c.Add("Placement: Allowances", "no ENI is attached to an instance %q", ec2.Shorten(id))
		}
	}
}
