package nic

import (
	"slices"

	"nitrocard/pmd"
)

// bind tells the drivers that care which thread polls their ports, and those
// whose ports went that it does no more. The loop calls it on its own thread,
// once for each view and each change of ports. Where it fails the port is
// slower and works.
func (w *worker) bind() {
	var bound []pmd.ThreadBound
	for _, s := range w.view.slots {
		p, ok := s.queues[w.number].port.(pmd.ThreadBound)
		if ok && (slices.Contains(w.bound, p) || p.BindThread() == nil) {
			bound = append(bound, p)
		}
	}
	for _, p := range w.bound {
		if !slices.Contains(bound, p) {
			p.UnbindThread()
		}
	}
	w.bound, w.boundFor = bound, w.view
}

// rebind calls f, which changes what ports there are, while the workers stand.
// Each calls bind before it uses one of them.
func (c *Card) rebind(f func()) {
	c.gate.do(func() {
		f()
		for _, w := range c.workers {
			w.boundFor = nil
		}
	})
}

// unbind takes bind back, on the same thread.
func (w *worker) unbind() {
	for _, p := range w.bound {
		p.UnbindThread()
	}
	w.bound, w.boundFor = nil, nil
}
