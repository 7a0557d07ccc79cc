package nic

import (
	"slices"

	"nitrocard/pmd"
)

// bind tells drivers that want to know (pmd.ThreadBound) that this thread polls their
// ports, and tells the drivers of ports that went that the thread polls them no more. The
// loop calls bind on its own thread before each turn; bind does something only after a
// new setup or a change of ports. If a driver refuses, its port works all the same, but
// slower.
func (t *thread) bind() {
	s, change := t.Setup(), t.card.bays.Changes()
	if t.boundSetup == s && t.boundChange == change {
		return
	}
	var bound []pmd.ThreadBound
	for q := range s.Queues(t.number) {
		p, ok := q.Port().(pmd.ThreadBound)
		if ok && (slices.Contains(t.bound, p) || p.BindThread() == nil) {
			bound = append(bound, p)
		}
	}
	for _, p := range t.bound {
		if !slices.Contains(bound, p) {
			p.UnbindThread()
		}
	}
	t.bound, t.boundSetup, t.boundChange = bound, s, change
}

// unbind tells all drivers that bind told that the thread polls no more. Call unbind on
// the same thread.
func (t *thread) unbind() {
	for _, p := range t.bound {
		p.UnbindThread()
	}
	t.bound, t.boundSetup = nil, nil
}
