package vpc

import (
	"maps"
	"reflect"
	"slices"
)

// Diff names the objects in which two configurations differ, sorted, as
// "SecurityGroups sg-1". What has no ID goes by its list: "Placement".
type Diff struct {
	Added   []string `json:"added"`
	Changed []string `json:"changed"`
	Removed []string `json:"removed"`
}

// Diff tells what has changed in c since prev; nil: everything is new. It is
// cheap where the two share lists, as after Put and Remove.
func (c *Config) Diff(prev *Config) Diff {
	if prev == nil {
		prev = &Config{}
	}
	before, after := prev.objects(), c.objects()
	d := Diff{Added: []string{}, Changed: []string{}, Removed: []string{}}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		switch was, there := before[name]; {
		case !there:
			d.Added = append(d.Added, name)
		case !reflect.DeepEqual(was, after[name]):
			d.Changed = append(d.Changed, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, there := after[name]; !there {
			d.Removed = append(d.Removed, name)
		}
	}
	return d
}
