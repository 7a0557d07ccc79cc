package nic

import (
	"errors"
	"slices"

	"nitrocard/nic/vpc"
)

// change is a configuration on its way into force.
//
// Most changes are in force at once. One that brings a port waits until the port's
// device is open, which may take for ever, and others pass it. What is in force in
// the end is as if all had been made in the order in which they were called:
//
//   - What a change makes is computed from what is in force when its ports are
//     open, so it undoes nothing that passed it.
//   - A change that was passed by one of the same objects would undo that one. It
//     is refused as overtaken: nothing of it is in force, and its ports are closed.
//     A whole configuration is of all objects: it is overtaken by any change, and
//     overtakes any.
type change struct {
	step      func(*vpc.Region) (*vpc.Region, error)
	edits     []vpc.Edit // nil: of the whole configuration
	overtaken bool
}

// errOvertaken refuses a change that waited for a device too long.
var errOvertaken = errors.New("nothing was changed: while a port was being opened for this change, a later one of the same objects was put in force; look at what is in force, and try again")

// wait makes ch one that others may pass.
func (c *Card) wait(ch *change) {
	if !slices.Contains(c.waiting, ch) {
		c.waiting = append(c.waiting, ch)
	}
}

// forget ends wait.
func (c *Card) forget(ch *change) {
	if i := slices.Index(c.waiting, ch); i >= 0 {
		c.waiting = slices.Delete(c.waiting, i, i+1)
	}
}

// overtake says that ch is in force, to all that were called before ch and wait.
func (c *Card) overtake(ch *change) {
	for _, earlier := range c.waiting {
		if earlier == ch {
			return
		}
		earlier.overtaken = earlier.overtaken || ch.meets(earlier)
	}
}

// meets tells whether two changes are of the same objects.
func (ch *change) meets(other *change) bool {
	if ch.edits == nil || other.edits == nil {
		return true
	}
	for i := range ch.edits {
		for j := range other.edits {
			if sameObject(&ch.edits[i], &other.edits[j]) {
				return true
			}
		}
	}
	return false
}

// sameObject tells whether two edits are of one object. Placement says of each ENI
// where it is.
func sameObject(a, b *vpc.Edit) bool {
	return a.Kind == b.Kind && a.ID == b.ID || placing(a) && placing(b) && (a.Kind == "Placement" || b.Kind == "Placement")
}

// placing tells whether an edit is of Placement, or of what it says of one ENI.
func placing(e *vpc.Edit) bool { return e.Kind == "Placement" || e.Kind == vpc.KindENIPlacement }
