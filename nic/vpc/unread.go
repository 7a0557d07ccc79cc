package vpc

import (
	"regexp"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// After mistakes in reading, the compiler still checks the objects that were read well, so
// that people get all mistakes in one round. The compiler leaves out a mistake that only
// follows from a mistake in reading: a value that is missing because it could not be read,
// or a reference to an object that could not be read.

// unread is what could not be read. The zero value: everything was read.
type unread struct {
	objects []unreadObject
	lists   map[string]bool // that may lack objects
	all     bool            // any list may lack objects: a file could not be read, or a list's name is unknown
}

// unreadObject is an object, at any depth, that has a mistake.
type unreadObject struct {
	file  string
	steps []string // "Vpcs[0]", "CidrBlockAssociationSet[1]"
}

// unreadOf is what may be missing after these mistakes in reading.
func unreadOf(problems []ec2.Problem) unread {
	u := unread{lists: map[string]bool{}}
	for _, p := range problems {
		at := steps(p.Path)
		if len(at) == 0 {
			u.all = true
			continue
		}
		list, _, _ := strings.Cut(at[0], "[")
		u.lists[list] = true
		if _, ours := section(list); !ours { // a collector's name of any list
			u.all = true
		}
		if list == "PrefixLists" { // EC2's name of both kinds of prefix lists
			u.lists["ManagedPrefixLists"] = true
		}
		for len(at) > 1 && !strings.HasSuffix(at[len(at)-1], "]") { // a field of the object
			at = at[:len(at)-1]
		}
		u.objects = append(u.objects, unreadObject{p.File, at})
	}
	return u
}

var step = regexp.MustCompile(`^\w+\[\d+\]`)

// steps are the parts of a path, without the IDs behind indices.
func steps(path string) []string {
	if path == "" {
		return nil
	}
	all := strings.Split(path, ": ")
	for i, s := range all {
		if indexed := step.FindString(s); indexed != "" {
			all[i] = indexed
		}
	}
	return all
}

// concerns tells whether a mistake at a path may follow from a mistake in reading: one in
// the object at the path, in a part of that object, or in the object around the field.
func (u *unread) concerns(path string) bool {
	return slices.ContainsFunc(u.objects, func(o unreadObject) bool {
		rest, here := path, true
		if o.file != "" && o.steps[0] != "Placement" {
			rest, here = strings.CutPrefix(path, o.file+": ")
		}
		return here && o.concerns(steps(rest))
	})
}

// concerns is unread.concerns for one object and a path in steps.
func (o unreadObject) concerns(at []string) bool {
	for i, s := range at {
		switch {
		case i >= len(o.steps):
			return !slices.ContainsFunc(at[i:], func(s string) bool { return strings.HasSuffix(s, "]") })
		case s != o.steps[i]:
			return false
		}
	}
	return true
}

// mayHave tells whether a list may lack an object that could not be read.
func (u *unread) mayHave(list string) bool { return u.all || u.lists[list] }

// mistakes are the mistakes of reading and those that the compiler finds beside them.
func (c *Config) mistakes(found ec2.Problems) error {
	if found.Full() {
		return found.Err() // there is room for no mistake of the compiler's
	}
	all := ec2.ProblemsIn(found.Err())
	compiler := newCompiler(EmptyRegion())
	found.File = ""
	compiler.Problems, compiler.unread = found, unreadOf(all)
	compiler.rewrite(c)
	compiler.check()
	return compiler.Err()
}
