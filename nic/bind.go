package nic

import (
	"slices"

	"nitrocard/pmd"
)

// bind tells the drivers that care which thread polls their ports. The loop
// calls it on its own thread, for each view once. Where it fails the port is
// slower and works.
func (w *worker) bind() {
	w.boundFor = w.view
	for _, s := range w.view.slots {
		p, ok := s.queues[w.number].port.(pmd.ThreadBound)
		if ok && !slices.Contains(w.bound, p) && p.BindThread() == nil {
			w.bound = append(w.bound, p)
		}
	}
}

// unbind takes bind back, on the same thread.
func (w *worker) unbind() {
	for _, p := range w.bound {
		p.UnbindThread()
	}
	w.bound, w.boundFor = nil, nil
}
