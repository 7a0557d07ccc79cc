package vpc

import "slices"

// withoutNotes are an ACL's lists without the places of their notes.
func withoutNotes(lists [2][families]aclList) [2][families]aclList {
	for d := range lists {
		for f := range lists[d] {
			l := &lists[d][f]
			l.entries = slices.Clone(l.entries)
			for i := range l.entries {
				l.entries[i].hit = nil
			}
		}
	}
	return lists
}
