package vpc

import (
	"slices"
	"strings"
)

// Diff names the objects that a change put or removed, sorted, as "SecurityGroups sg-1". A
// section without IDs goes by its name, such as "Placement".
type Diff struct {
	Added   []string `json:"added"`
	Changed []string `json:"changed"`
	Removed []string `json:"removed"`
}

// Diff names what the region's last change changed. In a first region everything is added;
// Diff collects those names only when it is called.
func (r *Region) Diff() Diff {
	if r.changes != nil {
		return r.changes.and(r.came)
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

// and is d with ENIs that came.
func (d Diff) and(came []*object) Diff {
	if len(came) == 0 {
		return d
	}
	d.Added = slices.Clone(d.Added)
	for _, o := range came {
		d.Added = append(d.Added, o.kind+" "+o.id())
	}
	slices.Sort(d.Added)
	return d
}

// changed notes that an edit touched an object, or a section if id is "".
func (c *compiler) changed(kind, id string) {
	if !c.first {
		c.edited[subject{kind, id}] = true
	}
}

// changedRegionPlacement notes that an edit touched Placement beside the places of ENIs.
func (c *compiler) changedRegionPlacement() {
	c.changed("Placement", "")
	c.changed(KindRegionPlacement, "")
}

// diff names what the change changed; nil in a first region.
func (c *compiler) diff() *Diff {
	if c.first {
		return nil
	}
	d := &Diff{Added: []string{}, Changed: []string{}, Removed: []string{}}
	for s := range c.edited {
		if s.kind == KindENIPlacement || s.kind == KindRegionPlacement { // parts of Placement
			continue
		}
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
