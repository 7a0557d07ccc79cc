package vpc

import (
	"slices"
	"strings"
)

// Diff names the objects that a change put or removed, sorted, as
// "SecurityGroups sg-1". What has no ID goes by its list: "Placement".
type Diff struct {
	Added   []string `json:"added"`
	Changed []string `json:"changed"`
	Removed []string `json:"removed"`
}

// Diff names what the region's last change changed. Of a first region that is all
// it has, which is named only when somebody asks.
func (r *Region) Diff() Diff {
	if r.changes != nil {
		return *r.changes
	}
	d := Diff{Added: []string{}, Changed: []string{}, Removed: []string{}}
	for _, kind := range kinds {
		r.objects[kind].Scan(func(id string, _ *object) bool {
			d.Added = append(d.Added, kind+" "+id)
			return true
		})
	}
	for section := range r.rest.sections() {
		d.Added = append(d.Added, section)
	}
	if r.placed() {
		d.Added = append(d.Added, "Placement")
	}
	slices.Sort(d.Added)
	return d
}

// changed notes the name of what an edit touched.
func (c *compiler) changed(kind, id string) {
	if !c.first {
		c.edited[subject{kind, id}] = true
	}
}

// diff names what is not as it was; nil: everything is new.
func (c *compiler) diff() *Diff {
	if c.first {
		return nil
	}
	d := &Diff{Added: []string{}, Changed: []string{}, Removed: []string{}}
	for s := range c.edited {
		name := strings.TrimSpace(s.kind + " " + s.id)
		was, is := c.prev.has(s.kind, s.id), c.next.has(s.kind, s.id)
		switch {
		case !was && is:
			d.Added = append(d.Added, name)
		case was && !is:
			d.Removed = append(d.Removed, name)
		case was && is:
			d.Changed = append(d.Changed, name)
		}
	}
	slices.Sort(d.Added)
	slices.Sort(d.Changed)
	slices.Sort(d.Removed)
	return d
}
