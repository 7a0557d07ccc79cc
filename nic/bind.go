package nic

import (
	"slices"

	"nitrocard/pmd"
)

// bind tells the drivers that care which thread polls their ports, and those
// whose ports went that it does no more. The loop calls it on its own thread, and
// it does something once for each view and each change of ports. Where a driver
// refuses, the port is slower and works.
func (t *thread) bind() {
	v, change := t.Setup(), t.card.bays.Changes()
	if t.boundSetup == v && t.boundChange == change {
		return
	}
	var bound []pmd.ThreadBound
	for q := range v.Queues(t.number) {
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
	t.bound, t.boundSetup, t.boundChange = bound, v, change
}

// unbind takes bind back, on the same thread.
func (t *thread) unbind() {
	for _, p := range t.bound {
		p.UnbindThread()
	}
	t.bound, t.boundSetup = nil, nil
}
