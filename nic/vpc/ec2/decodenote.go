package ec2

import (
	"fmt"
	"reflect"
)

// frame is one step from the top to the value at hand.
type frame struct {
	name   string
	index  int           // in a list; -1: no list
	object reflect.Value // what the step leads to, once it is known
}

// pending is a mistake in an object whose ID may not be read yet, and which the
// mistake's path should name.
type pending struct {
	stack  []frame
	reason string
	note   func(path, reason string)
}

// wrong notes a mistake at the value at hand.
func (d *decoder) wrong(format string, args ...any) {
	d.note(func(path, reason string) { d.problems.Add(path, "%s", reason) }, format, args...)
}

// note keeps a note about the value at hand until settle. Of too many, the place is
// lost.
func (d *decoder) note(to func(path, reason string), format string, args ...any) {
	if len(d.pending) < 4*maxProblems {
		d.pending = append(d.pending, pending{append([]frame{}, d.stack...), fmt.Sprintf(format, args...), to})
		return
	}
	to("", fmt.Sprintf(format, args...))
}

// settle hands over the pending mistakes: their objects are read, and have their
// IDs.
func (d *decoder) settle() {
	for _, p := range d.pending {
		p.note(pathOf(p.stack), p.reason)
	}
	d.pending = d.pending[:0]
}

// pathOf is the path of a value, with the IDs of the objects around it.
func pathOf(stack []frame) (path string) {
	for _, f := range stack {
		if f.index < 0 {
			path = In(path, f.name)
			continue
		}
		path += At("", f.index, label(f.object))
	}
	return path
}

// label is the ID or name of an object.
func label(object reflect.Value) string {
	if !object.IsValid() || object.Kind() != reflect.Struct {
		return ""
	}
	if s := shapeOf(object.Type()); s.label >= 0 {
		return object.Field(s.label).String()
	}
	return ""
}

func (d *decoder) push(f frame) { d.stack = append(d.stack, f) }
func (d *decoder) pop()         { d.stack = d.stack[:len(d.stack)-1] }
