package nic

import (
	"errors"
	"slices"

	"nitrocard/nic/vpc"
)

// change is a change of the configuration on its way into force.
//
// Most changes are in force at once. A change that brings a port waits until the port's
// device is open, which may take for ever, and later changes pass it. The configuration in
// the end is as if all changes had been made in the order in which they were called:
//
//   - The result of a change is computed when its ports are open, from the configuration
//     in force by then, so a change undoes no change that passed it.
//   - If a later change of the same objects has passed a waiting change, the waiting one
//     would undo the later one. So the waiting change is refused as overtaken: nothing of
//     it is in force, and its ports are closed. A whole configuration touches all objects:
//     every change overtakes a whole configuration, and a whole configuration overtakes
//     every change.
type change struct {
	step      func(*vpc.Region) (*vpc.Region, error)
	edits     []vpc.Edit // nil: a whole configuration
	overtaken bool
}

// errOvertaken is the error of a change that a later change of the same objects passed.
var errOvertaken = errors.New("nothing was changed: while a port was being opened for this change, a later one of the same objects was put in force; look at what is in force, and try again")

// wait lets other changes pass ch.
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

// overtake marks as overtaken every change of the same objects that was called before ch
// and still waits. ch goes into force now.
func (c *Card) overtake(ch *change) {
	for _, earlier := range c.waiting {
		if earlier == ch {
			return
		}
		earlier.overtaken = earlier.overtaken || ch.overlaps(earlier)
	}
}

// overlaps tells whether two changes touch the same object.
func (ch *change) overlaps(other *change) bool {
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

// sameObject tells whether two edits touch one object. Placement says where each ENI is,
// so an edit of Placement and one of an ENI's placement touch the same.
func sameObject(a, b *vpc.Edit) bool {
	if a.Kind == vpc.KindMappings || b.Kind == vpc.KindMappings {
		return mapping(a) && mapping(b)
	}
	return a.Kind == b.Kind && a.ID == b.ID || placing(a) && placing(b) && (a.Kind == "Placement" || b.Kind == "Placement")
}

// mapping tells whether an edit may touch one of the ENIs of Mappings, or its place.
func mapping(e *vpc.Edit) bool {
	return e.Kind == vpc.KindMappings || e.Kind == "NetworkInterfaces" || placing(e)
}

// placing tells whether an edit touches Placement or one ENI's placement.
func placing(e *vpc.Edit) bool { return e.Kind == "Placement" || e.Kind == vpc.KindENIPlacement }
